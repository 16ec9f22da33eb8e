# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: every certificate issued and revoked, the hosts that are blocked, the CRLs made.

SQLite in WAL mode. A batch is one transaction that holds the write lock from its first look to its commit, so
parallel runs see each other's certificates, and a run killed at any moment leaves all of its batch or nothing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from . import file_systems, ledger_schema
from .errors import AuthorityError
from .private_files import FILE_MODE

# A large batch of another run may hold the write lock for seconds.
BUSY_TIMEOUT = 60.0  # seconds
RETIRED = 1 << 30  # as a schema version
# Who has issued and revoked, and for which workload, before a CA was taken over; no workload can have such a name.
TAKEN_OVER = "openssl ca"
# Within this, clocks of machines that take turns at one ledger may differ.
CLOCK_TOLERANCE = timedelta(minutes=10)


class IssuedCertificate(NamedTuple):
    """A row of the ledger; the fields are the columns of the table.

    *in_use_since* is when the ledger was told that the workload uses it; None for those that it does not use.
    What a CA has issued before it was taken over belongs to no workload: its *name* is TAKEN_OVER. What the old program
    has not kept is empty.
    """

    serial: str
    host: str
    name: str
    common_name: str
    subject: str
    not_before: str
    not_after: str
    fingerprint: str
    public_key_fingerprint: str
    pem: str
    issued_at: str
    issued_by: str
    revoked_at: str | None = None
    reason: str | None = None
    revoked_by: str | None = None
    in_use_since: str | None = None


class Intent(NamedTuple):
    """What a run asks a CA for over a wire; it stands in the ledger from before the question to the recorded answer.

    *wishes* is the order as JSON, *run* the run that has it to itself until *claimed_until*, *reference* the CA's own
    name for what it is making, where it has told one.
    """

    token: str
    host: str
    name: str
    common_name: str
    public_key_fingerprint: str
    not_before: str
    not_after: str
    wishes: str
    asked_at: str
    asked_by: str
    run: str
    claimed_until: str
    reference: str = ""


class BlockedHost(NamedTuple):
    """A host that gets no certificate until somebody unblocks it."""

    host: str
    since: str
    blocked_by: str
    reason: str


class MadeRevocationList(NamedTuple):
    """A CRL that was made."""

    number: int
    this_update: str
    next_update: str
    entries: int
    made_by: str


class PublishingLease(NamedTuple):
    """Which run may publish CRLs, and until when."""

    holder: str
    until: str


class Ledger:
    """An open ledger; see :func:`opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextlib.contextmanager
    def batch(self, *, dry_run: bool = False) -> Iterator[None]:
        """Do all within in one transaction; that of a dry run is undone."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # SQLite has rolled back by itself when the disk is full
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("ROLLBACK" if dry_run else "COMMIT")

    def check_clock(self, now: datetime) -> None:
        """Refuse to work with a clock that runs behind: it would sign for the past and let CRL entries go too late.

        :raises AuthorityError: the newest row is more than ten minutes ahead of *now*.
        """
        row = self._connection.execute(
            "SELECT max((SELECT coalesce(max(issued_at), '') FROM certificates),"
            " (SELECT coalesce(max(revoked_at), '') FROM certificates WHERE revoked_at IS NOT NULL),"
            " (SELECT coalesce(max(since), '') FROM blocked_hosts),"
            " (SELECT coalesce(max(this_update), '') FROM revocation_lists))"
        ).fetchone()
        check_time(row[0], now)

    def expect(
        self, public_key_fingerprints: Iterable[str], common_names: Iterable[str], hosts: Iterable[str], now: str
    ) -> None:
        """Hear what a batch will ask for, of names and hosts what is unexpired; one far away reads it in advance."""

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """The last CRL of an issuing CA in DER, where several controllers share the ledger; else it is only a file."""

    def share_revocation_list(self, issuer_fingerprint: str, number: int, der: bytes) -> None:
        """Keep the last CRL for other controllers, where they share the ledger."""

    def add(self, issued: Iterable[IssuedCertificate]) -> None:
        """Enter certificates that were issued."""
        marks = ", ".join("?" * len(IssuedCertificate._fields))
        self._connection.executemany(f"INSERT INTO certificates VALUES ({marks})", issued)  # noqa: S608 - only marks

    def with_public_key(self, public_key_fingerprint: str) -> list[IssuedCertificate]:
        """All certificates ever issued for a key, the newest first."""
        return self._certificates("public_key_fingerprint = ? ORDER BY rowid DESC", public_key_fingerprint)

    def unexpired_with_common_name(self, common_name: str, now: str) -> list[IssuedCertificate]:
        """The certificates of a common name, whatever its case, that have not expired."""
        return self._certificates("common_name = ? AND not_after > ?", common_name, now)

    def of_host(self, host: str) -> list[IssuedCertificate]:
        """All certificates ever issued to a host, the oldest first."""
        return self._certificates("host = ? ORDER BY rowid", host)

    def unexpired_of_workload(self, host: str, name: str, now: str) -> list[IssuedCertificate]:
        """The unexpired, unrevoked certificates of a host's workload, the oldest first."""
        condition = "host = ? AND not_after > ? AND name = ? AND revoked_at IS NULL ORDER BY issued_at, rowid"
        return self._certificates(condition, host, now, name)

    def with_serial(self, serial: str) -> IssuedCertificate | None:
        """The certificate of a serial number, or None."""
        found = self._certificates("serial = ?", serial)
        return found[0] if found else None

    def revoked_since(self, not_after: datetime) -> list[IssuedCertificate]:
        """The revoked certificates that expire after a time, in the order of their revocation."""
        condition = "revoked_at IS NOT NULL AND not_after > ? ORDER BY revoked_at, serial"
        return self._certificates(condition, iso(not_after))

    def revoked_until(self, not_after: datetime) -> list[str]:
        """The serial numbers of the revoked certificates that had expired by a time, in the order of revocation."""
        # In the order of the serial numbers SQLite would go through all certificates.
        query = (
            "SELECT serial FROM certificates WHERE revoked_at IS NOT NULL AND not_after <= ?"
            " ORDER BY revoked_at, serial"
        )
        return [serial for (serial,) in self._connection.execute(query, [iso(not_after)])]

    def revoke(self, serials: Iterable[str], now: datetime, reason: str, revoked_by: str) -> None:
        """Mark certificates as revoked; what is revoked already stays as it is."""
        self._connection.executemany(
            "UPDATE certificates SET revoked_at = ?, reason = ?, revoked_by = ?"
            " WHERE serial = ? AND revoked_at IS NULL",
            [(iso(now), reason, revoked_by, serial) for serial in serials],
        )

    def use(self, host: str, name: str, serial: str, now: datetime) -> bool | None:
        """Note which certificate a workload uses; return whether that is new, None when it has no such certificate."""
        row = self.with_serial(serial)
        if row is None or (row.host, row.name) != (host, name):
            return None
        if row.in_use_since:
            return False
        self._connection.execute(
            "UPDATE certificates SET in_use_since = NULL WHERE host = ? AND name = ? AND in_use_since IS NOT NULL",
            (host, name),
        )
        self._connection.execute("UPDATE certificates SET in_use_since = ? WHERE serial = ?", (iso(now), serial))
        return True

    def blocked_hosts(self) -> dict[str, BlockedHost]:
        """All blocks, by host."""
        rows = self._connection.execute("SELECT * FROM blocked_hosts")
        return {block.host: block for block in (BlockedHost(*row) for row in rows)}

    def blocked(self, host: str) -> BlockedHost | None:
        """The block of a host, or None."""
        row = self._connection.execute("SELECT * FROM blocked_hosts WHERE host = ?", (host,)).fetchone()
        return BlockedHost(*row) if row else None

    def block(self, block: BlockedHost) -> None:
        """Block a host; an older block stays as it is."""
        self._connection.execute("INSERT INTO blocked_hosts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", block)

    def unblock(self, host: str) -> None:
        """Let a host have certificates again."""
        self._connection.execute("DELETE FROM blocked_hosts WHERE host = ?", (host,))

    def intents(self) -> list[Intent]:
        """All that a CA was asked for without an answer that stands in the ledger, the oldest first."""
        return [Intent(*row) for row in self._connection.execute("SELECT * FROM intents ORDER BY asked_at, rowid")]

    def add_intents(self, intents: Iterable[Intent]) -> None:
        """Enter what a CA is about to be asked for; it must be committed before the first question."""
        marks = ", ".join("?" * len(Intent._fields))
        self._connection.executemany(f"INSERT INTO intents VALUES ({marks})", intents)  # noqa: S608 - only marks

    def take_over_intents(self, run: str, now: datetime, until: datetime) -> list[Intent]:
        """Give a run all intents that no other run has to itself any more."""
        self._connection.execute(
            "UPDATE intents SET run = ?, claimed_until = ? WHERE claimed_until <= ?", (run, iso(until), iso(now))
        )
        return [intent for intent in self.intents() if intent.run == run]

    def claim_intents(self, run: str, until: datetime) -> None:
        """Leave a run what it has asked for to itself until a time; one that is over leaves it to the next run."""
        self._connection.execute("UPDATE intents SET claimed_until = ? WHERE run = ?", (iso(until), run))

    def refer_intent(self, token: str, reference: str) -> None:
        """Note how the CA names what it is making for an intent."""
        self._connection.execute("UPDATE intents SET reference = ? WHERE token = ?", (reference, token))

    def close_intent(self, token: str) -> None:
        """Forget an intent: its answer stands in the ledger, or it is known that there is none."""
        self._connection.execute("DELETE FROM intents WHERE token = ?", (token,))

    def untold_revocations(self, now: datetime) -> list[IssuedCertificate]:
        """The unexpired certificates that were revoked without a word from their CA that it knows, in their order."""
        condition = (
            "revoked_at IS NOT NULL AND not_after > ? AND serial NOT IN (SELECT serial FROM told_revocations)"
            " ORDER BY revoked_at, serial"
        )
        return self._certificates(condition, iso(now))

    def add_told_revocation(self, serial: str) -> None:
        """Enter that the CA knows that a certificate is revoked."""
        self._connection.execute("INSERT INTO told_revocations VALUES (?) ON CONFLICT DO NOTHING", (serial,))

    def last_revocation_list_number(self) -> int:
        """The highest CRL number that the ledger knows, 0 when there is none."""
        row = self._connection.execute("SELECT coalesce(max(number), 0) FROM revocation_lists").fetchone()
        return int(row[0])

    def add_revocation_list(self, made: MadeRevocationList) -> None:
        """Enter a CRL that was made."""
        self._connection.execute("INSERT INTO revocation_lists VALUES (?, ?, ?, ?, ?)", made)

    def publishing_lease(self) -> PublishingLease | None:
        """Who may publish CRLs, or None when nobody does."""
        row = self._connection.execute("SELECT holder, until FROM publishing_lease").fetchone()
        return PublishingLease(*row) if row else None

    def set_publishing_lease(self, lease: PublishingLease | None) -> None:
        """Enter who may publish CRLs; there is never more than one."""
        self._connection.execute("DELETE FROM publishing_lease")
        if lease is not None:
            self._connection.execute("INSERT INTO publishing_lease VALUES (?, ?)", lease)

    def has_entries(self) -> bool:
        """Say whether anything was issued, revoked or blocked since the CA is one of ours: it must not be lost."""
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM certificates WHERE issued_by <> ? OR revoked_by <> ?)"
            " OR EXISTS (SELECT 1 FROM blocked_hosts)",
            (TAKEN_OVER, TAKEN_OVER),
        ).fetchone()
        return bool(row[0])

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Go through all rows of a table, without the columns that have no value, in the order of their entry."""
        yield from rows_of(self._connection, table)

    def retire(self) -> None:
        """Make the file of no use to anybody, those included who have opened it already and wait for this batch."""
        self._connection.execute("ALTER TABLE certificates RENAME TO retired_certificates")
        self._connection.execute(f"PRAGMA user_version = {RETIRED}")

    def _certificates(self, condition: str, *values: str) -> list[IssuedCertificate]:
        query = f"SELECT * FROM certificates WHERE {condition}"  # noqa: S608 - conditions are this file's own words
        return [IssuedCertificate(*row) for row in self._connection.execute(query, values)]


def rows_of(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Go through all rows of a table, without the columns that have no value, in the order of their entry."""
    rows = connection.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 - own words
    names = [column[0] for column in rows.description]
    for row in rows:
        yield {name: value for name, value in zip(names, row) if value is not None}


def check_time(newest: str, now: datetime) -> None:
    """Compare the clock with the time of the newest entry, which is empty when there is none.

    :raises AuthorityError: the newest entry is more than ten minutes ahead of *now*.
    """
    if newest and from_iso(newest) - now > CLOCK_TOLERANCE:
        raise AuthorityError(
            f"This machine's clock says {iso(now)}, but the ledger's newest entry is of {newest}: set the clock right."
        )


def is_retired(path: Path) -> bool:
    """Say whether a ledger's file is of no use any more.

    :raises AuthorityError: it cannot be read.
    """
    with connected(path) as connection:
        return bool(connection.execute("PRAGMA user_version").fetchone()[0] == RETIRED)


def create(path: Path) -> None:
    """Make an empty ledger of mode 0600 where no file is yet.

    :raises AuthorityError: it cannot be written, or would be on a network file system.
    """
    file_systems.check_local(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    os.close(descriptor)
    with connected(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        ledger_schema.bring_up_to_date(connection)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """Open a ledger that exists; one of an older version of the collection is brought up to date.

    :raises AuthorityError: it is on a network file system; whatever SQLite objects to while it is open, said in one
        sentence.
    """
    file_systems.check_local(path.parent)
    if not path.exists() and path.with_suffix(".dynamodb").exists():
        raise AuthorityError(f"The ledger {path} was moved into DynamoDB, where this module cannot use it.")
    with connected(path) as connection:
        ledger_schema.check_known(path, connection)
        ledger_schema.bring_up_to_date(connection)
        yield Ledger(connection)


@contextlib.contextmanager
def connected(path: Path, access: str = "mode=rw") -> Iterator[sqlite3.Connection]:
    """Open a ledger's file; *access* is SQLite's word for how, and never makes a file where the ledger is missing.

    :raises AuthorityError: whatever SQLite objects to while it is open, said in one sentence.
    """
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?{access}", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
    except sqlite3.Error as error:
        raise AuthorityError(f"The ledger {path} {_explanation(error)}.") from None


def _explanation(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return f"was in use by another run for {BUSY_TIMEOUT:.0f} seconds: try again when that has ended"
    if "full" in text or "disk I/O error" in text:  # a file of SQLite's beside the ledger fails with the latter
        return f"cannot be written ({text}): make room if the disk is full and run again, nothing was issued or changed"
    if "not a database" in text or "malformed" in text:
        return f"is damaged ({text}): restore it from a backup"
    return f"cannot be used: {text}"
