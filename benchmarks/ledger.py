# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ledger of a million certificates costs, beside one that is nearly empty.

The large one stands for a fleet of ten thousand hosts that has renewed its certificates every twenty days for years.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    file,
    generations,
    info,
    ledger,
    ledger_reading,
    revocation_list,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import issue

FLEET = 10_000
REVOKED = 5_000
BATCH = 100

# The newest certificate of each host has twenty days left, and each one before ended twenty days earlier.
_FILL = """
WITH RECURSIVE numbers (number) AS (
    SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :count
)
INSERT INTO certificates (
    serial, host, name, common_name, subject, not_before, not_after, fingerprint, public_key_fingerprint, pem,
    issued_at, issued_by
)
SELECT
    '4' || substr(lower(hex(randomblob(16))), 2),
    'old' || number % :fleet, 'default', 'old' || number % :fleet, 'CN=old' || number % :fleet || ',OU=web',
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', (-20 * age - 10) || ' days', '-5 minutes'),
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', (-20 * age + 20) || ' days'),
    lower(hex(randomblob(32))), lower(hex(randomblob(32))), hex(randomblob(430)),
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', (-20 * age - 10) || ' days'), 'benchmark'
FROM (SELECT number, (:count - 1 - number) / :fleet AS age FROM numbers)
"""
_REVOKE = """
UPDATE certificates
SET revoked_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day'), reason = 'superseded', revoked_by = 'benchmark'
WHERE rowid > :count - :revoked
"""


class FilledLedger:
    """A CA whose ledger holds *count* certificates, of which the last 5,000 are revoked and have not expired."""

    def __init__(self, directory: Path, count: int) -> None:
        directory.mkdir()
        self._place = issue.Authority(directory / "ca").renew()
        with closing(sqlite3.connect(self._place.ledger, isolation_level=None)) as connection:
            _fill(connection, count)

    def time_issuing(self, requests: list[tuple[str, str]]) -> float:
        """Return the seconds of a ca_issue call for hosts that the ledger does not know."""
        return issue.time_issuing(self._place, requests)

    def time_crl(self) -> float:
        """Return the seconds of a ca_crl call that finds no CRL in place and makes one."""
        self._place.crl.unlink(missing_ok=True)
        begin = time.perf_counter()
        signer = file.load_signer(self._place.issuing, None)
        schedule = revocation_list.Schedule(timedelta(days=45), timedelta(days=30))
        every = generations.read(self._place)
        with ledger.opened(self._place.ledger) as book:
            refreshed = revocation_list.refresh(
                self._place.issuing, every, signer, book, schedule, _now(), "benchmark", dry_run=False
            )
        elapsed = time.perf_counter() - begin
        if len(refreshed.revoked) + len(refreshed.left_out) != REVOKED:
            sys.exit(f"The benchmark's CRL has {len(refreshed.revoked)} entries.")
        return elapsed

    def time_info(self) -> float:
        """Return the seconds of a ca_info call that asks for what ends within a week."""
        now = _now()
        search = ledger_reading.Search(ends_after=iso(now), ends_by=iso(now + timedelta(days=7)))
        question = info.Question(search, 1000, timedelta(days=30), timedelta(days=30))
        begin = time.perf_counter()
        info.look(self._place, question, now)
        return time.perf_counter() - begin


def _fill(connection: sqlite3.Connection, count: int) -> None:
    """Enter certificates; the indexes are made afterwards, in a tenth of the time."""
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''").fetchall()
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    for name, _statement in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")
    connection.execute(_FILL, {"count": count, "fleet": FLEET})
    connection.execute(_REVOKE, {"count": count, "revoked": REVOKED})
    connection.execute("COMMIT")
    for _name, statement in indexes:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode = WAL")


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)
