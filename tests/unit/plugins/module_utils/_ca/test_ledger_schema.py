# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger of any older version becomes one of this version, with all that it knew, and once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger, ledger_schema
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError

ISSUED = (
    *("4001", "web1", "default", "web1", "CN=web1", "2026-11-20T09:55:00Z", "2026-12-20T10:00:00Z", "aa", "bb", "PEM"),
    *("2026-11-20T10:00:00Z", "tester", None, None, None),
)


def tables(connection):
    return sorted(connection.execute("SELECT type, name, sql FROM sqlite_schema"))


@pytest.fixture
def new(tmp_path):
    """Return the tables of a new ledger."""
    ledger.create(tmp_path / "new.sqlite")
    with ledger.connected(tmp_path / "new.sqlite") as connection:
        return tables(connection)


def make_old(path, version):
    """Make a ledger of an older version that knows one certificate."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for step in ledger_schema._STEPS[:version]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")
    columns = len(connection.execute("PRAGMA table_info(certificates)").fetchall())
    values = (*ISSUED, *(None for _added in range(columns - len(ISSUED))))
    connection.execute(f"INSERT INTO certificates VALUES ({', '.join('?' * columns)})", values)
    connection.close()


@pytest.mark.parametrize("version", range(1, ledger_schema.VERSION + 1))
def test_every_version_becomes_this_one(tmp_path, new, version):
    path = tmp_path / "ledger.sqlite"
    make_old(path, version)
    for _time in range(2):
        with ledger.opened(path) as book:
            assert tables(book._connection) == new
            (row,) = book.of_host("web1")
            assert row[: len(ISSUED)] == ISSUED


def test_eight_runs_at_once_bring_it_up_to_date_once(tmp_path, new):
    path = tmp_path / "ledger.sqlite"
    make_old(path, 1)

    def run(_number):
        with ledger.opened(path) as book:
            return tables(book._connection)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(8))) == [new] * 8


def test_a_step_that_fails_leaves_the_old_version(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    make_old(path, 1)
    with sqlite3.connect(path) as connection:
        before = tables(connection)
    broken = (*ledger_schema._STEPS[:1], (*ledger_schema._STEPS[1], "CREATE TABLE certificates (serial)"))
    monkeypatch.setattr(ledger_schema, "_STEPS", broken)
    with pytest.raises(AuthorityError, match="already exists"), ledger.opened(path):
        pass
    with sqlite3.connect(path) as connection:
        assert tables(connection) == before
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
