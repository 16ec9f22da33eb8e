# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in DynamoDB answers as the file does, and survives kills and parallel writers."""

from __future__ import annotations

import inspect
import itertools
import sqlite3
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    dynamodb_items,
    dynamodb_ledger,
    dynamodb_table,
    ledger,
    ledger_reading,
    ledgers,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import BlockedHost

# What reads nothing by itself, or only what other methods have loaded.
INHERITED = {"rows", "retire"}


@pytest.fixture
def shared(authority, dynamodb):
    """Return the options of a ledger that was moved into DynamoDB."""
    ledgers.share(dynamodb, authority, dry_run=False)
    return dynamodb


@pytest.fixture
def open_book(authority, shared):
    """Return a function that opens the ledger as one more controller would."""

    def run():
        with ledgers.opened(shared, authority) as book:
            return book

    return run


def public_methods(kind):
    return {name for name, _function in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_method_knows_what_it_has_to_load():
    own = {name for name in vars(dynamodb_ledger.DynamoLedger) if not name.startswith("_")}
    assert public_methods(ledger.Ledger) - own == INHERITED


def test_a_row_comes_back_as_it_was(workshop, signer, open_book):
    (outcome,) = workshop.issue(open_book(), signer, workshop.order("web1"))
    row = outcome.certificate
    assert open_book().with_serial(row.serial) == row
    item = dynamodb_items.certificate(row, 7)
    assert item["row"] == {"N": "7"}
    assert ledger.IssuedCertificate(**dynamodb_items.columns_of(item)) == row


@pytest.mark.parametrize("limit", [3, 4, 5])
def test_writes_that_belong_together_are_not_torn(limit):
    groups = [[1, 2], [3], [4, 5], [6, 7, 8]]
    transactions = list(dynamodb_ledger.packed(groups, limit))
    assert list(itertools.chain(*transactions)) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(0 < len(transaction) <= limit for transaction in transactions)
    assert all(any(set(group) <= set(transaction) for transaction in transactions) for group in groups)


def test_a_large_batch_takes_several_transactions_and_is_whole(workshop, signer, open_book, shared):
    orders = [workshop.order(f"web{number}") for number in range(60)]
    outcomes = workshop.issue(open_book(), signer, *orders)
    again = workshop.issue(open_book(), signer, *orders)
    assert [outcome.certificate for outcome in again] == [outcome.certificate for outcome in outcomes]
    assert all(outcome.reused for outcome in again)


def test_two_controllers_see_each_others_names(workshop, signer, open_book):
    first, second = open_book(), open_book()
    workshop.issue(first, signer, workshop.order("web1", common_name="web"))
    (refused,) = workshop.issue(second, signer, workshop.order("web2", common_name="WEB"))
    assert "belongs to the host web1" in refused.refused


def test_a_run_killed_between_two_writes_is_gone_on_with(workshop, signer, open_book, monkeypatch):
    orders = [workshop.order(f"web{number}") for number in range(60)]
    genuine, count = dynamodb_table.Table.write, iter(range(100))

    def killed(table, group):
        if next(count) == 2:
            raise KeyboardInterrupt
        genuine(table, group)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(dynamodb_table.Table, "write", killed)
        workshop.issue(open_book(), signer, *orders)
    outcomes = workshop.issue(open_book(), signer, *orders)
    assert {outcome.reused for outcome in outcomes} == {True, False}
    book = open_book()
    for outcome in outcomes:
        assert book.of_host(outcome.order.host) == [outcome.certificate]


def test_a_batch_that_fails_has_written_nothing(workshop, open_book):
    def fail_in_the_middle():
        book = open_book()
        with book.batch():
            book.block(BlockedHost("web1", "2026-11-20T10:00:00Z", "anna", "superseded"))
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail_in_the_middle()
    assert open_book().blocked("web1") is None


def test_blocks_come_and_go(open_book):
    block = BlockedHost("web1", "2026-11-20T10:00:00Z", "anna", "superseded")
    for act, expected in ((lambda book: book.block(block), block), (lambda book: book.unblock("web1"), None)):
        book = open_book()
        with book.batch(dry_run=True):
            act(book)
            assert book.blocked("web1") == expected
        assert open_book().blocked("web1") != expected
        with book.batch():
            act(book)
        assert open_book().blocked("web1") == expected


def test_a_second_writer_waits_and_then_says_for_whom(open_book, monkeypatch):
    monkeypatch.setattr(dynamodb_table, "LONGEST_WAIT", 0.1)
    first, second = open_book(), open_book()

    def write():
        with second.batch():
            pass

    with first.batch(), pytest.raises(AuthorityError, match=r"has been in use by .*@.* for 0 seconds: try again when"):
        write()
    write()


def test_the_lease_of_a_killed_run_ends(workshop, signer, open_book, monkeypatch):
    monkeypatch.setattr(dynamodb_table, "PATIENCE", 0.2)
    killed = open_book()
    killed._table._holder = "killed"
    killed._table._take("a run that was killed")
    (outcome,) = workshop.issue(open_book(), signer, workshop.order("web1"))
    assert outcome.certificate


def test_a_run_that_has_lost_its_lease_writes_nothing(workshop, open_book, monkeypatch):
    paused = open_book()

    def lose_the_lease():
        with paused.batch():
            paused.block(BlockedHost("web1", "2026-11-20T10:00:00Z", "anna", "superseded"))
            paused._table.call("DeleteItem", Key=dynamodb_items.LEASE)
            with open_book().batch():
                pass

    with pytest.raises(
        AuthorityError, match="Another run has changed the ledger fleet meanwhile: nothing was given out"
    ):
        lose_the_lease()
    assert open_book().blocked("web1") is None


def test_a_lease_that_beats_is_not_taken(open_book, monkeypatch):
    monkeypatch.setattr(dynamodb_table, "BEAT", 0.02)
    monkeypatch.setattr(dynamodb_table, "PATIENCE", 0.5)
    monkeypatch.setattr(dynamodb_table, "LONGEST_WAIT", 1.0)
    first, second = open_book(), open_book()

    def write():
        with second.batch():
            pass

    with first.batch(), pytest.raises(AuthorityError, match="has been in use by"):
        write()


@pytest.fixture
def used(workshop, authority, signer):
    """Return the serial numbers of three certificates in the file, of which the first is revoked."""
    with ledger.opened(authority.ledger) as book:
        return use(workshop, signer, book)


def use(workshop, signer, book):
    orders = [workshop.order(name) for name in ("web1", "web2", "web3")]
    serials = [outcome.certificate.serial for outcome in workshop.issue(book, signer, *orders)]
    with book.batch():
        book.revoke(serials[:1], workshop.now, "superseded", "anna")
        book.block(BlockedHost("web1", "2026-11-20T10:00:00Z", "anna", "superseded"))
    return serials


def everything(book):
    tables = ("certificates", "revocation_lists", *dynamodb_items.SMALL_TABLES)
    return {table: list(book.rows(table)) for table in tables}


@pytest.mark.parametrize("killed_at", [None, 0, 1, 2])
def test_a_move_is_complete_or_done_again(authority, dynamodb, used, monkeypatch, killed_at):
    before = ledger_reading.read(authority.ledger, everything)
    if killed_at is not None:
        genuine, count = dynamodb_table.Table.write, iter(range(100))

        def killed(table, group):
            if next(count) == killed_at:
                raise KeyboardInterrupt
            genuine(table, group)

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(dynamodb_table.Table, "write", killed)
            ledgers.share(dynamodb, authority, dry_run=False)
        with pytest.raises(AuthorityError, match="The ledger is still the file"):
            ledgers.opened(dynamodb, authority)
    assert ledgers.share(dynamodb, authority, dry_run=False)
    assert not ledgers.share(dynamodb, authority, dry_run=False)
    assert ledgers.reading(dynamodb, authority).read(everything) == before
    assert not authority.ledger.exists()
    assert authority.shared_ledger.read_text() == "fleet\n"


def test_a_file_that_was_left_behind_may_go_when_the_table_knows_it_all(
    workshop, authority, dynamodb, used, signer, tmp_path
):
    copy = authority.ledger.read_bytes()
    ledgers.share(dynamodb, authority, dry_run=False)
    authority.ledger.write_bytes(copy)
    assert ledgers.share(dynamodb, authority, dry_run=False)
    authority.ledger.write_bytes(copy)
    with ledger.opened(authority.ledger) as book, book.batch():
        book.revoke(used[1:2], workshop.now, "superseded", "anna")
    with pytest.raises(
        AuthorityError, match=f"The ledger's file knows more of {used[1]} than the DynamoDB table fleet"
    ):
        ledgers.share(dynamodb, authority, dry_run=False)
    assert authority.ledger.exists()


def test_who_waits_for_the_file_does_not_write_after_the_move(authority, dynamodb, used):
    waiting = sqlite3.connect(authority.ledger, isolation_level=None)
    assert waiting.execute("SELECT count(*) FROM certificates").fetchone() == (3,)
    ledgers.share(dynamodb, authority, dry_run=False)
    book = ledger.Ledger(waiting)
    with pytest.raises(sqlite3.OperationalError, match=r"no such table: certificates|disk I/O error"), book.batch():
        book.with_serial(used[0])
    waiting.close()


def test_a_run_killed_before_the_file_is_removed_is_gone_on_with(authority, dynamodb, used, monkeypatch):
    def killed(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", killed)
        ledgers.share(dynamodb, authority, dry_run=False)
    assert authority.ledger.exists()
    with pytest.raises(AuthorityError, match="has schema version"), ledger.opened(authority.ledger):
        pass
    assert ledgers.share(dynamodb, authority, dry_run=False)
    assert not authority.ledger.exists()
    with ledgers.opened(dynamodb, authority) as book:
        assert book.with_serial(used[0]).reason == "superseded"


def test_the_table_of_another_ca_is_refused(workshop, shared, tmp_path):
    other, _ensured = workshop.make_authority(tmp_path / "other")
    with pytest.raises(AuthorityError, match="The DynamoDB table fleet holds the ledger of another CA"):
        ledgers.share(shared, other, dry_run=False)
    assert other.ledger.exists()


def test_the_options_have_to_say_where_the_ledger_is(authority, shared, dynamodb):
    file = {"ledger": "sqlite", "dynamodb": None}
    with pytest.raises(AuthorityError, match="was moved into the DynamoDB table fleet: say ledger: dynamodb"):
        ledgers.opened(file, authority)
    with pytest.raises(AuthorityError, match="dynamodb would not count: say ledger: dynamodb, or leave it out"):
        ledgers.opened({**shared, "ledger": "sqlite"}, authority)
    missing = {**shared, "dynamodb": {**shared["dynamodb"], "table": "missing"}}
    with (
        pytest.raises(AuthorityError, match="There is no ledger in the DynamoDB table missing"),
        ledgers.opened(missing, authority),
    ):
        pass


def test_the_table_is_guarded(shared):
    table = ledgers._table(shared)
    description = table.call("DescribeTable")["Table"]
    assert description["DeletionProtectionEnabled"] is True
    assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    backups = table.call("DescribeContinuousBackups")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
