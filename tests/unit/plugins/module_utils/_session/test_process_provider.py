# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile's program is run without a shell, and nothing of its stdout shows when it fails."""

from __future__ import annotations

import json
import shlex
import sys

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.process_provider import (
    run_credential_process,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import iso_time

GOOD = {
    "Version": 1,
    "AccessKeyId": "ASIA1",
    "SecretAccessKey": "SENTINEL-KEY",
    "SessionToken": "SENTINEL-TOKEN",
    "Expiration": "2026-11-20T08:26:56Z",
}


def line(program):
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}"


def test_credentials_and_their_end_are_read():
    credentials, expiration = run_credential_process(line(f"print({json.dumps(GOOD)!r})"))
    assert credentials == ("ASIA1", "SENTINEL-KEY", "SENTINEL-TOKEN")
    assert iso_time(expiration) == GOOD["Expiration"]


def test_long_lived_credentials_are_read():
    least = {name: GOOD[name] for name in ("Version", "AccessKeyId", "SecretAccessKey")}
    credentials, expiration = run_credential_process(line(f"print({json.dumps(least)!r})"))
    assert (credentials.session_token, expiration) == ("", None)


def test_no_shell_reads_the_line(tmp_path):
    victim = tmp_path / "victim"
    command = f"{line('import sys; sys.exit(repr(sys.argv))')} $HOME `touch {victim}` ; touch {victim} # x"
    with pytest.raises(SessionError, match=r"\$HOME") as caught:
        run_credential_process(command)
    assert "'#', 'x'" in str(caught.value)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "cannot be started: it is empty"),
        ("/nowhere/helper x", "cannot be started: .*No such file"),
        ("'unclosed", "cannot be started: No closing quotation"),
        (line("import sys; print('SENTINEL'); sys.exit(3)"), "exit status 3: it gave no reason"),
        (line("import sys; print('SENTINEL'); sys.exit('one\\ntwo\\n')"), "exit status 1: two$"),
        (line("print('SENTINEL')"), "printed no credentials"),
        (line("print('[]')"), "printed no credentials"),
        *(
            (line(f"print({json.dumps({**GOOD, **change})!r})"), "printed no credentials")
            for change in (
                {"Version": 2},
                {"AccessKeyId": ""},
                {"SecretAccessKey": None},
                {"SessionToken": "SENTINEL\r\nX-Evil: 1"},
                {"Expiration": "SENTINEL"},
            )
        ),
    ],
)
def test_a_failure_is_one_sentence_without_secrets(command, reason):
    with pytest.raises(SessionError, match=reason) as caught:
        run_credential_process(command)
    assert "SENTINEL" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_program_that_does_not_end_is_stopped():
    with pytest.raises(SessionError, match=r"no answer within 0\.2 seconds"):
        run_credential_process(line("import time; time.sleep(60)"), 0.2)
