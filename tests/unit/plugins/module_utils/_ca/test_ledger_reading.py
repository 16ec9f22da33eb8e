# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking into the ledger leaves nothing behind, waits for nobody, and costs little however large the ledger is."""

from __future__ import annotations

import os
import sqlite3

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger, ledger_reading, ledger_schema
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import BlockedHost, IssuedCertificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger_reading import Search

NOW = "2026-11-20T10:00:00Z"
MANY = 100_000


def row(serial, host="web1", name="default", not_after="2026-12-20T10:00:00Z", key=None, revoked_at=None):
    return IssuedCertificate(
        *(serial, host, name, host, f"CN={host}", "2026-11-20T09:55:00Z", not_after, f"fingerprint of {serial}"),
        *(key or f"key of {serial}", "PEM", "2026-11-20T10:00:00Z", "tester"),
        *((revoked_at, "superseded", "anna") if revoked_at else (None, None, None)),
    )


ROWS = [
    row("01", not_after="2026-11-01T10:00:00Z"),
    row("02", not_after="2026-11-19T10:00:00Z", revoked_at="2026-11-01T10:00:00Z", key="twice"),
    row("03", not_after="2026-11-25T10:00:00Z", key="one host"),
    row("04", key="one host"),
    row("05", name="backup", not_after="2026-11-26T10:00:00Z", key="two workloads"),
    row("06", name="mail", key="two workloads"),
    row("07", "web2", not_after="2026-11-25T10:00:00Z", key="twice"),
    row("08", "web2", revoked_at="2026-11-20T10:00:00Z"),
    row("09", "web3", not_after=NOW),
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger.create(path)
    with ledger.opened(path) as book, book.batch():
        book.add(ROWS)
        book.block(BlockedHost("web2", NOW, "anna", "superseded"))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return the ledger of ten thousand hosts, each with ten certificates, of which one is revoked."""
    path = tmp_path_factory.mktemp("large") / "ledger.sqlite"
    ledger.create(path)
    with ledger.opened(path) as book, book.batch():
        book.add(
            row(
                f"{number:08x}",
                f"web{number // 10}",
                not_after=f"202{number % 10}-12-20T10:00:00Z",
                revoked_at="2026-11-01T10:00:00Z" if number % 10_000 == 0 else None,
            )
            for number in range(MANY)
        )
    return path


@pytest.mark.parametrize(
    ("search", "serials"),
    [
        (Search(), ["01", "02", "09", "03", "07", "05", "04", "06", "08"]),
        (Search(host="web2"), ["07", "08"]),
        (Search(host="WEB2"), []),
        (Search(name="mail"), ["06"]),
        (Search(host="web2", name="mail"), []),
        (Search(serial="05"), ["05"]),
        (Search(serial="05", host="web2"), []),
        (Search(revoked=True), ["02", "08"]),
        (Search(revoked=False, host="web2"), ["07"]),
        (Search(ends_after=NOW), ["03", "07", "05", "04", "06", "08"]),
        (Search(ends_after=NOW, ends_by="2026-11-25T10:00:00Z"), ["03", "07"]),
        (Search(ends_after=NOW, ends_by="2026-11-25T10:00:00Z", host="web1"), ["03"]),
        (Search(ends_after=NOW, ends_by="2026-11-26T10:00:00Z", newest=True), ["07", "05"]),
        (Search(newest=True), ["09", "07", "05", "04", "06"]),
        (Search(newest=True, revoked=True), []),
        (Search(host="x' OR '1'='1"), []),
    ],
)
def test_what_a_search_finds_in_which_order(path, search, serials):
    def look(book):
        return [found.serial for found in book.find(search, 100)], book.count(search)

    assert ledger_reading.read(path, look) == (serials, len(serials))


def test_of_two_that_end_together_the_later_issued_is_the_newest(path):
    with ledger.opened(path) as book, book.batch():
        book.add([row("10", "web4"), row("11", "web4")])
    search = Search(host="web4", newest=True)
    assert [found.serial for found in ledger_reading.read(path, lambda book: book.find(search, 9))] == ["11"]


@pytest.mark.parametrize(("limit", "serials"), [(0, []), (2, ["01", "02"])])
def test_the_limit_cuts_the_list_and_not_the_count(path, limit, serials):
    def look(book):
        return [found.serial for found in book.find(Search(), limit)], book.count(Search())

    assert ledger_reading.read(path, look) == (serials, len(ROWS))


def test_a_row_is_whole(path):
    assert ledger_reading.read(path, lambda book: book.find(Search(serial="02"), 1)) == [ROWS[1]]


def test_counts(path):
    assert ledger_reading.read(path, lambda book: book.counts(NOW)) == ledger_reading.Counts(9, 6, 5, 2, 1)


def test_keys_are_shared_by_hosts_or_by_workloads(path):
    assert sorted(ledger_reading.read(path, lambda book: book.shared_keys())) == ["twice", "two workloads"]


def test_what_is_revoked(path):
    def look(book):
        return list(book.revoked_unexpired(NOW)), [book.is_revoked(serial) for serial in ("02", "03", "ff")]

    assert ledger_reading.read(path, look) == (["08"], [True, False, False])


@pytest.mark.parametrize(
    ("search", "matching", "index"),
    [
        (Search(host="web77"), 10, "SEARCH certificates USING INDEX certificates_of_host (host=?)"),
        (Search(host="web77", name="default", newest=True), 1, "USING INDEX certificates_of_host (host=?)"),
        (Search(host="web77", ends_after="2027"), 3, "certificates_of_host (host=? AND not_after>?)"),
        (Search(serial="00000007"), 1, "(serial=?)"),
        (Search(revoked=True), 10, "USING INDEX certificates_by_revocation"),
    ],
)
def test_a_hundred_thousand_rows_are_not_gone_through(large, search, matching, index):
    def look(book):
        plan, ticks = [], []
        book._connection.set_trace_callback(plan.append)
        book._connection.set_progress_handler(lambda: ticks.append(1), 100)
        found = book.find(search, 1000)
        assert book.count(search) == len(found)
        book._connection.set_progress_handler(None, 0)
        book._connection.set_trace_callback(None)
        explained = book._connection.execute(f"EXPLAIN QUERY PLAN {plan[0]}").fetchall()
        return found, 100 * len(ticks), [step[3] for step in explained]

    found, instructions, steps = ledger_reading.read(large, look)
    assert len(found) == matching
    assert instructions < MANY / 10
    assert any(index in step for step in steps), steps
    assert not any(step.startswith("SCAN") for step in steps), steps


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda book: book.count(Search(ends_after="2028", ends_by="2029")), MANY // 10),
        (lambda book: len(book.find(Search(ends_after="2028", ends_by="2029", revoked=False), 5)), 5),
        (lambda book: book.counts(NOW).unexpired, MANY * 4 // 10),
        (lambda book: len(book.shared_keys()), 0),
    ],
    ids=["expiring", "expiring and not revoked", "counts", "shared keys"],
)
def test_what_goes_through_all_rows_goes_through_an_index_only(large, look, expected):
    def watch(book):
        queries = []
        book._connection.set_trace_callback(queries.append)
        assert look(book) == expected
        book._connection.set_trace_callback(None)
        plans = [book._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in queries]
        return [step[3] for plan in plans for step in plan]

    scans = [step for step in ledger_reading.read(large, watch) if step.startswith("SCAN")]
    assert scans
    assert all("USING COVERING INDEX" in step for step in scans), scans


def state(folder):
    return {file.name: (file.stat().st_mtime_ns, file.stat().st_size, file.stat().st_uid) for file in folder.iterdir()}


def test_nothing_is_made_beside_a_ledger_at_rest(path):
    before = state(path.parent)
    assert ledger_reading.read(path, lambda book: (book.count(Search()), state(path.parent))) == (len(ROWS), before)
    assert state(path.parent) == before
    assert list(before) == ["ledger.sqlite"]


def test_nothing_can_be_written(path):
    with pytest.raises(AuthorityError, match="readonly"):
        ledger_reading.read(path, lambda book: book.add([row("10")]))


def test_what_another_run_has_committed_is_seen_and_nobody_waits(path, monkeypatch):
    monkeypatch.setattr(ledger, "BUSY_TIMEOUT", 0.0)
    with ledger.opened(path) as writer:
        with writer.batch():
            writer.add([row("10")])
        with writer.batch():
            writer.add([row("11")])
            before = state(path.parent)
            assert ledger_reading.read(path, lambda book: book.count(Search())) == len(ROWS) + 1
            after = state(path.parent)
    for files in (before, after):
        files.pop("ledger.sqlite-shm")  # where readers of a log leave word of how far they read
    assert after == before


def test_a_look_sees_one_moment(path):
    with ledger.opened(path) as writer:
        with writer.batch():
            writer.add([row("10")])

        def look(book):
            first = book.count(Search())
            with writer.batch():
                writer.add([row("11")])
            return first, book.count(Search())

        assert ledger_reading.read(path, look) == (len(ROWS) + 1, len(ROWS) + 1)


def write(path, serial):
    with ledger.opened(path) as writer, writer.batch():
        writer.add([row(serial)])


def test_a_ledger_that_was_written_meanwhile_is_read_again(path):
    looks = []

    def look(book):
        looks.append(book.count(Search()))
        if len(looks) == 1:
            write(path, "10")
        return looks[-1]

    assert ledger_reading.read(path, look) == len(ROWS) + 1
    assert len(looks) == 2


def test_an_error_counts_only_when_nobody_has_written_meanwhile(path):
    looks = []

    def look(book):
        looks.append(1)
        if len(looks) == 1:
            write(path, "10")
            raise sqlite3.DatabaseError("database disk image is malformed")
        return book.count(Search())

    assert ledger_reading.read(path, look) == len(ROWS) + 1

    def fail(book):
        raise sqlite3.DatabaseError("database disk image is malformed")

    with pytest.raises(AuthorityError, match=r"is damaged \(.*\): restore it from a backup"):
        ledger_reading.read(path, fail)


def test_a_ledger_that_never_rests_is_one_sentence(path):
    serials = iter(range(10, 99))
    with pytest.raises(AuthorityError, match="was written while it was read, 5 times: try again"):
        ledger_reading.read(path, lambda book: write(path, str(next(serials))))


def test_a_log_that_a_killed_run_has_left_is_read(path):
    child = os.fork()
    if child == 0:
        with ledger.opened(path) as writer:
            with writer.batch():
                writer.add([row("10")])
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    before = sorted(state(path.parent))
    assert ledger_reading.read(path, lambda book: book.count(Search())) == len(ROWS) + 1
    assert sorted(state(path.parent)) == before == ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"]


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (0, f"schema version 0 where {ledger_schema.VERSION} is known"),
        (
            ledger_schema.VERSION + 1,
            f"schema version {ledger_schema.VERSION + 1} where {ledger_schema.VERSION} is known",
        ),
        (1, "is of an older version of the collection: run ca_crl once, which brings it up to date"),
    ],
)
def test_another_schema_version_is_refused(path, version, sentence):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(AuthorityError, match=sentence):
        ledger_reading.read(path, lambda book: None)


def test_a_file_that_one_may_not_read_is_one_sentence(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda looked_at, mode: looked_at != path)
    with pytest.raises(
        AuthorityError, match=r"ledger\.sqlite cannot be read: Permission denied; run this as the owner"
    ):
        ledger_reading.read(path, lambda book: None)


def test_reading_never_makes_a_ledger(tmp_path):
    with pytest.raises(AuthorityError, match="cannot be read"):
        ledger_reading.read(tmp_path / "ledger.sqlite", lambda book: None)
    assert list(tmp_path.iterdir()) == []
