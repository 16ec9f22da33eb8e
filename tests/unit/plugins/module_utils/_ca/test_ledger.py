# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger survives kills, parallel writers, a full disk and damage."""

from __future__ import annotations

import os
import sqlite3
import stat
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger, ledger_schema
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import (
    BlockedHost,
    IssuedCertificate,
    MadeRevocationList,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

NOW = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)


def row(serial="4000", host="web1", **columns):
    right = {
        "serial": serial,
        "host": host,
        "name": "default",
        "common_name": host,
        "subject": f"CN={host}",
        "not_before": "2026-11-20T09:55:00Z",
        "not_after": "2026-12-20T10:00:00Z",
        "fingerprint": f"fingerprint of {serial}",
        "public_key_fingerprint": f"key of {serial}",
        "pem": "PEM",
        "issued_at": "2026-11-20T10:00:00Z",
        "issued_by": "tester",
    }
    return IssuedCertificate(**{**right, **columns})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger.create(path)
    return path


def test_the_columns_are_the_fields_in_their_order(path):
    connection = sqlite3.connect(path)
    columns = [column[1] for column in connection.execute("PRAGMA table_info(certificates)")]
    assert columns == list(IssuedCertificate._fields)


def test_it_is_durable_and_has_a_schema_version(path):
    with ledger.opened(path) as book:
        pragmas = [
            book._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "user_version")
        ]
    assert pragmas == ["wal", 2, ledger_schema.VERSION]  # 2 is FULL


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_its_files_are_the_owners_alone_whatever_the_umask(tmp_path, umask):
    path = tmp_path / "ledger.sqlite"
    before = os.umask(umask)
    try:
        ledger.create(path)
        with ledger.opened(path) as book, book.batch():
            book.add([row()])
            files = sorted(tmp_path.iterdir())
            modes = [stat.S_IMODE(file.stat().st_mode) for file in files]
    finally:
        os.umask(before)
    assert [file.name for file in files] == ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"]
    assert modes == [0o600] * 3


def test_opening_never_makes_a_ledger(tmp_path):
    with pytest.raises(AuthorityError, match="cannot be used"), ledger.opened(tmp_path / "ledger.sqlite"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_one_sentence(path):
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(AuthorityError, match=r"is damaged \(.*\): restore it from a backup"), ledger.opened(path):
        pass


@pytest.mark.parametrize("version", [0, ledger_schema.VERSION + 1])
def test_an_unknown_schema_version_is_refused(path, version):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    sentence = f"schema version {version} where {ledger_schema.VERSION} is known"
    with pytest.raises(AuthorityError, match=sentence), ledger.opened(path):
        pass


def test_a_file_that_lost_all_is_not_taken_for_a_new_ledger(path):
    path.write_bytes(b"")
    with pytest.raises(AuthorityError, match="schema version 0"), ledger.opened(path):
        pass
    assert path.read_bytes() == b""


def test_a_batch_is_whole_or_nothing(path):
    def fail_in_the_middle():
        with ledger.opened(path) as book, book.batch():
            book.add([row()])
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail_in_the_middle()
    with ledger.opened(path) as book:
        assert not book.has_entries()


def test_a_process_killed_in_a_batch_leaves_nothing_of_it(path):
    with ledger.opened(path) as book, book.batch():
        book.add([row("4001")])
    child = os.fork()
    if child == 0:
        with ledger.opened(path) as book, book.batch():
            book.add([row("4002", "web2")])
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with ledger.opened(path) as book:
        assert book.with_serial("4001")
        assert book.with_serial("4002") is None
        assert book._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_second_writer_waits_and_then_says_so(path, monkeypatch):
    monkeypatch.setattr(ledger, "BUSY_TIMEOUT", 0.1)

    def write():
        with ledger.opened(path) as second, second.batch():
            pass

    with ledger.opened(path) as first, first.batch(), pytest.raises(AuthorityError, match="in use by another run"):
        write()
    write()


def test_one_serial_number_is_entered_once(path):
    with pytest.raises(AuthorityError, match="UNIQUE"), ledger.opened(path) as book, book.batch():
        book.add([row(), row()])


def test_lookups(path):
    with ledger.opened(path) as book:
        with book.batch():
            book.add([row("4001"), row("4002", "web2", common_name="WEB1"), row("4003", name="other")])
        assert [found.serial for found in book.of_host("web1")] == ["4001", "4003"]
        assert [found.serial for found in book.with_public_key("key of 4002")] == ["4002"]
        names = book.unexpired_with_common_name("Web1", "2026-12-20T09:59:59Z")
        assert {found.serial for found in names} == {"4001", "4002", "4003"}
        assert book.unexpired_with_common_name("web1", "2026-12-20T10:00:00Z") == []


def test_the_first_revocation_and_the_first_block_stand(path, workshop):
    with ledger.opened(path) as book, book.batch():
        book.add([row()])
        for days, reason, person in ((0, "key_compromise", "anna"), (1, "superseded", "bert")):
            book.revoke(["4000"], workshop.days(days), reason, person)
            book.block(BlockedHost("web1", f"day {days}", person, reason))
        revoked = book.with_serial("4000")
        assert (revoked.revoked_at, revoked.reason, revoked.revoked_by) == (
            "2026-11-20T10:00:00Z",
            "key_compromise",
            "anna",
        )
        assert book.blocked("web1") == BlockedHost("web1", "day 0", "anna", "key_compromise")


@pytest.mark.parametrize(
    "enter",
    [
        lambda book, now: book.add([row(issued_at=now)]),
        lambda book, now: book.add([row(revoked_at=now, reason="superseded", revoked_by="tester")]),
        lambda book, now: book.block(BlockedHost("web1", now, "tester", "superseded")),
        lambda book, now: book.add_revocation_list(MadeRevocationList(1, now, now, 0, "tester")),
    ],
    ids=["issued", "revoked", "blocked", "CRL"],
)
def test_every_kind_of_row_guards_the_clock(path, workshop, enter):
    with ledger.opened(path) as book:
        book.check_clock(workshop.now)
        with book.batch():
            enter(book, "2026-11-21T10:00:00Z")
        book.check_clock(workshop.days(1) - timedelta(minutes=10))
        with pytest.raises(AuthorityError, match="newest entry is of 2026-11-21T10:00:00Z: set the clock right"):
            book.check_clock(workshop.days(1) - timedelta(minutes=10, seconds=1))


def test_a_workload_uses_one_certificate(path):
    def used(book):
        return {found.serial: found.in_use_since for found in book.of_host("web1") + book.of_host("web2")}

    later = NOW + timedelta(hours=1)
    with ledger.opened(path) as book, book.batch():
        book.add([row("01"), row("02"), row("03", name="backup"), row("04", "web2")])
        assert book.use("web1", "default", "01", NOW) is True
        assert book.use("web1", "backup", "03", NOW) is True
        assert book.use("web1", "default", "01", later) is False
        assert used(book) == {"01": iso(NOW), "02": None, "03": iso(NOW), "04": None}
        assert book.use("web1", "default", "02", later) is True
        assert used(book) == {"01": None, "02": iso(later), "03": iso(NOW), "04": None}


@pytest.mark.parametrize(
    ("host", "name", "serial"), [("web1", "default", "99"), ("web2", "default", "01"), ("web1", "backup", "01")]
)
def test_no_workload_uses_what_the_ledger_gave_to_another(path, host, name, serial):
    with ledger.opened(path) as book, book.batch():
        book.add([row("01")])
        assert book.use(host, name, serial, NOW) is None
        assert book.with_serial("01").in_use_since is None
