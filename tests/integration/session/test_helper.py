# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packed helper as AWS SDKs start it, against the emulator."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.emulator.server import EmulatorServer

from .account import Account

SERIAL = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8


def run(helper: Path, flags: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the helper with nothing in its environment."""
    return subprocess.run([helper, *flags], env={}, capture_output=True, text=True, check=False)


def access_key(finished: subprocess.CompletedProcess[str]) -> str:
    """Return the access key of a helper that did well."""
    assert (finished.returncode, finished.stderr) == (0, "")
    document: dict[str, Any] = json.loads(finished.stdout)
    assert document["Version"] == 1
    return str(document["AccessKeyId"])


def test_botocore_takes_the_role_through_a_profile(
    helper: Path, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = shlex.join([str(helper), *account.helper_flags(account.pair())])
    config = tmp_path / "config"
    config.write_text(f"[profile web]\nregion = eu-central-1\ncredential_process = {command}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    sts = botocore.session.Session(profile="web").create_client("sts", endpoint_url=account.url)
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/web/{SERIAL:032x}")


def test_fifty_at_once_make_one_session(helper: Path, account: Account) -> None:
    flags = account.helper_flags(account.pair())
    running = [
        subprocess.Popen([helper, *flags], env={}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _number in range(50)
    ]
    keys = set()
    for process in running:
        output, errors = process.communicate(timeout=120)
        keys.add(access_key(subprocess.CompletedProcess([], process.returncode, output, errors)))
    assert len(keys) == 1


def test_a_kept_session_needs_no_service(helper: Path, account: Account, emulator: EmulatorServer) -> None:
    flags = account.helper_flags(account.pair())
    first = access_key(run(helper, flags))
    emulator.switches.set({"data_plane_faults": ["internal_error"] * 3})
    assert access_key(run(helper, flags)) == first
    assert len(emulator.switches.data_plane_faults) == 3


@pytest.mark.usefixtures("stale_crl_accepted")
def test_revocation_is_told_in_one_line(helper: Path, account: Account) -> None:
    flags = account.helper_flags(account.pair())
    account.revoke(SERIAL)
    finished = run(helper, flags)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.count("\n") == 1
    assert "AccessDeniedException: Certificate revoked" in finished.stderr


def test_no_call_fails_while_the_pair_is_renewed_all_the_time(helper: Path, account: Account) -> None:
    current = account.pair("ECDSA-P256", serial=0x41)
    account.pair("RSA-2048", serial=0x42)
    versions = [
        os.path.realpath(account.directory / "default" / "versions" / f"{serial:032x}") for serial in (0x41, 0x42)
    ]
    stop = threading.Event()

    def switch() -> None:
        turn = 0
        while not stop.wait(0.001):
            turn += 1
            temporary = current.with_name("temporary")
            temporary.symlink_to(versions[turn % 2])
            temporary.rename(current)

    switching = threading.Thread(target=switch)
    switching.start()
    try:
        for _attempt in range(10):
            access_key(run(helper, [*account.helper_flags(current), "--no-cache"]))
    finally:
        stop.set()
        switching.join()
