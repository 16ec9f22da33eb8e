# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every statement of the ledger finds its rows by an index, so that a million of them cost no more than ten."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import (
    BlockedHost,
    Intent,
    IssuedCertificate,
    Ledger,
    MadeRevocationList,
    PublishingLease,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
TIME = "2026-11-20T10:00:00Z"
ROW = IssuedCertificate(
    *("4000", "web1", "default", "web1", "CN=web1", TIME, TIME, "fingerprint", "key", "PEM", TIME, "tester")
)
INTENT = Intent("token", "web1", "default", "web1", "key", TIME, TIME, "{}", TIME, "tester", "run", TIME)

CALLS = {
    "add": lambda book: book.add([ROW]),
    "add_intents": lambda book: book.add_intents([INTENT]),
    "add_told_revocation": lambda book: book.add_told_revocation("4000"),
    "add_revocation_list": lambda book: book.add_revocation_list(MadeRevocationList(1, TIME, TIME, 0, "tester")),
    "block": lambda book: book.block(BlockedHost("web1", TIME, "tester", "superseded")),
    "blocked": lambda book: book.blocked("web1"),
    "blocked_hosts": lambda book: book.blocked_hosts(),
    "check_clock": lambda book: book.check_clock(NOW),
    "claim_intents": lambda book: book.claim_intents("run", NOW),
    "close_intent": lambda book: book.close_intent("token"),
    "has_entries": lambda book: book.has_entries(),
    "intents": lambda book: book.intents(),
    "last_revocation_list_number": lambda book: book.last_revocation_list_number(),
    "of_host": lambda book: book.of_host("web1"),
    "publishing_lease": lambda book: book.publishing_lease(),
    "refer_intent": lambda book: book.refer_intent("token", "reference"),
    "revoke": lambda book: book.revoke(["4000"], NOW, "superseded", "tester"),
    "revoked_since": lambda book: book.revoked_since(NOW),
    "revoked_until": lambda book: book.revoked_until(NOW),
    "set_publishing_lease": lambda book: book.set_publishing_lease(PublishingLease("run", TIME)),
    "take_over_intents": lambda book: book.take_over_intents("run", NOW, NOW),
    "unblock": lambda book: book.unblock("web1"),
    "unexpired_of_workload": lambda book: book.unexpired_of_workload("web1", "default", TIME),
    "unexpired_with_common_name": lambda book: book.unexpired_with_common_name("web1", TIME),
    "untold_revocations": lambda book: book.untold_revocations(NOW),
    "use": lambda book: book.use("web1", "default", "4000", NOW),
    "with_public_key": lambda book: book.with_public_key("key"),
    "with_serial": lambda book: book.with_serial("4000"),
}
# What goes through a whole table or index, and why it may.
SCANS = {
    "publishing_lease": ["SCAN publishing_lease"],  # has one row at most
    "claim_intents": ["SCAN intents"],  # are few: what is asked for and not answered yet
    "has_entries": [  # ends with the first row that is not taken over
        "SCAN certificates",
        "SCAN blocked_hosts USING COVERING INDEX sqlite_autoindex_blocked_hosts_1",
    ],
    "intents": ["SCAN intents"],
    "take_over_intents": ["SCAN intents", "SCAN intents"],
    "blocked_hosts": ["SCAN blocked_hosts"],  # all are wanted, and blocked hosts are few
}

# Do nothing here, or move a whole ledger elsewhere, once.
ELSEWHERE = {"batch", "expect", "retire", "rows", "share_revocation_list", "shared_revocation_list"}


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger.create(path)
    with ledger.opened(path) as opened:
        yield opened


def plan(connection, statement):
    """Return the lines of SQLite's plan; the last column is for people to read."""
    return [line[-1] for line in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def test_every_method_is_looked_at():
    methods = {name for name, member in vars(Ledger).items() if callable(member) and not name.startswith("_")}
    assert methods - ELSEWHERE == set(CALLS)


@pytest.mark.parametrize("method", CALLS)
def test_no_statement_goes_through_a_table(book, method):
    if method == "use":
        book.add([ROW])
    connection, statements = book._connection, []
    connection.set_trace_callback(statements.append)
    CALLS[method](book)
    connection.set_trace_callback(None)
    assert statements
    lines = [line for statement in statements for line in plan(connection, statement)]
    assert [line for line in lines if line.startswith("SCAN") and line != "SCAN CONSTANT ROW"] == SCANS.get(method, [])
