# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ca_backup, and the drill: the ledger is lost and restored."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from cryptography import x509

from .ca_host import CaHost


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a path for the backup."""
    return tmp_path / "backup.sqlite"


def serials(crl: str) -> set[str]:
    """Read the serial numbers of a CRL."""
    return {f"{entry.serial_number:032x}" for entry in x509.load_pem_x509_crl(crl.encode())}


def test_four_steps(host: CaHost, copy: Path) -> None:
    host.issue(host.request("web1"))
    foretold, done, _checked, again = host.four_steps("ca_backup", path=str(copy))
    assert foretold["diff"] == done["diff"]
    assert done["diff"]["before"] == {"path": None, "certificates": None}
    assert (done["path"], done["bytes"], done["certificates"]) == (str(copy), copy.stat().st_size, 1)
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name, "ca"]


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_it_is_the_owners_alone_whatever_the_umask(host: CaHost, copy: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        host.do("ca_backup", path=str(copy))
    finally:
        os.umask(before)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_it_has_what_is_still_in_the_log(host: CaHost, copy: Path) -> None:
    ledger = host.directory / "ledger.sqlite"
    reader = sqlite3.connect(ledger)  # keeps SQLite from putting the log away
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM certificates").fetchone()
    host.issue(host.request("web1"))
    assert ledger.with_name("ledger.sqlite-wal").stat().st_size > 0
    assert host.do("ca_backup", path=str(copy))["certificates"] == 1
    reader.close()


def test_the_drill(host: CaHost, copy: Path) -> None:
    first = host.issue(host.request("web1"), host.request("web2"))["certificates"]
    numbers = {name: first[name]["default"]["serial"] for name in first}
    host.do("ca_backup", path=str(copy))
    host.do("ca_revoke", host="web1")
    published = host.do("ca_crl")

    ledger = host.directory / "ledger.sqlite"
    for path in host.directory.glob("ledger.sqlite*"):
        path.unlink()
    assert "has lost its ledger: restore ledger.sqlite from a backup" in host.fail("ca_issue", nonce="n", requests=[])
    ledger.write_bytes(copy.read_bytes())
    ledger.chmod(0o600)

    info = host.do("ca_info")
    assert any("was the ledger restored from an old backup?" in warning for warning in host.warnings(info))
    refreshed = host.do(
        "ca_crl", refresh_before=45, next_update=46
    )  # due at once: what was revoked since the backup stays so
    assert (serials(refreshed["crl"]), refreshed["carried_on"]) == ({numbers["web1"]}, [numbers["web1"]])
    assert refreshed["number"] > published["number"]
    host.do("ca_revoke", host="web1")
    assert host.do("ca_crl")["carried_on"] == []
    assert host.issue(host.request("web3"))["issued"] == 1
    assert host.do("ca_info")["counts"]["issued"] == 3
    assert sqlite3.connect(ledger).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_ledger_leaves_the_backup_before(host: CaHost, copy: Path) -> None:
    host.do("ca_backup", path=str(copy))
    before = copy.read_bytes()
    ledger = host.directory / "ledger.sqlite"
    ledger.write_bytes(before[:4096] + b"\xff" * (len(before) - 4096))
    assert "is damaged" in host.fail("ca_backup", path=str(copy))
    assert copy.read_bytes() == before
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name, "ca"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("ca", "is a folder or the ledger itself: give the path of a file for the backup."),
        ("ca/ledger.sqlite", "is a folder or the ledger itself: give the path of a file for the backup."),
        ("missing/backup.sqlite", "cannot be written: No such file or directory."),
    ],
)
def test_where_no_backup_can_be(host: CaHost, tmp_path: Path, path: str, sentence: str) -> None:
    assert sentence in host.fail("ca_backup", path=str(tmp_path / path))


def test_a_ledger_that_was_moved_has_backups_of_its_own(host: CaHost, copy: Path) -> None:
    (host.directory / "ledger.sqlite").rename(host.directory / "ledger.dynamodb")
    assert "lies in DynamoDB, and ca_backup works with the file only." in host.fail("ca_backup", path=str(copy))
    assert not copy.exists()
