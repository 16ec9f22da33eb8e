# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the passphrase comes from."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import passphrase
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError

NONE = {"passphrase": None, "passphrase_path": None, "passphrase_environment": None}


def read(**options):
    """Read a passphrase of which there is nothing to warn."""
    return passphrase.read({**NONE, **options}, pytest.fail)


def test_without_an_option_there_is_none():
    assert read() is None


def test_it_is_a_value():
    assert read(passphrase="grüße alle") == "grüße alle".encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"long horse\n", b"long horse"), (b"long horse\r\n", b"long horse"), (b" long horse ", b" long horse ")],
)
def test_it_is_in_a_file_without_its_line_end(tmp_path, content, expected):
    path = tmp_path / "passphrase"
    path.write_bytes(content)
    path.chmod(0o600)
    assert read(passphrase_path=str(path)) == expected


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o666], ids=oct)
def test_a_file_that_others_may_read_is_warned_of(tmp_path, mode):
    path = tmp_path / "passphrase"
    path.write_bytes(b"long horse")
    path.chmod(mode)
    warnings = []
    assert passphrase.read({**NONE, "passphrase_path": str(path)}, warnings.append) == b"long horse"
    assert warnings == [f"The passphrase file {path} is open to others (mode 0{mode:o}): let only its owner read it."]


def test_it_is_in_the_environment(monkeypatch):
    monkeypatch.setenv("CA_PASSPHRASE", "long horse")
    assert read(passphrase_environment="CA_PASSPHRASE") == b"long horse"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"passphrase": ""}, "The option passphrase is missing or has fewer than 8 characters"),
        ({"passphrase": "abcdefg"}, "The option passphrase is missing or has fewer than 8 characters"),
        ({"passphrase_path": "/nonexistent"}, "/nonexistent cannot be read: No such file or directory"),
        ({"passphrase_path": "/dev/null"}, "The passphrase file /dev/null is missing or has fewer"),
        ({"passphrase_environment": "NOT_SET"}, "The environment variable NOT_SET for the passphrase is missing"),
    ],
)
def test_an_option_that_leads_nowhere_is_one_sentence(monkeypatch, options, sentence):
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(AuthorityError, match=sentence) as caught:
        read(**options)
    assert "abcdefg" not in str(caught.value)
