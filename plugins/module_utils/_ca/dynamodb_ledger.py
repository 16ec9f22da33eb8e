# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in DynamoDB, for several controllers that share a CA.

A batch holds the table's lease and works on an SQLite database in memory, into which comes what it looks at. So both
kinds of ledger answer alike, and a batch that fails, or that is a dry run, has written nothing. At its end the rows
that differ are written, certificates before anybody gets them. A run that is killed between two of those writes leaves
certificates that nobody has, which the next run gives to the hosts that ask again.

Calls of a batch with n orders: 3 queries for each, 16 at a time, 1 read for each 100 certificates found, and 1
transaction for each 24 issued. A CRL: 1 query for all revoked and 1 read for each 100 of them.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Tuple, TypeVar

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import dynamodb_items as items
from . import ledger, ledger_schema
from .dynamodb_table import LARGEST_TRANSACTION, ConditionFailed, Table
from .errors import AuthorityError
from .ledger import (
    BlockedHost,
    Intent,
    IssuedCertificate,
    Ledger,
    MadeRevocationList,
    PublishingLease,
    check_time,
)
from .ledger_reading import LedgerReader

if TYPE_CHECKING:
    from cryptography import x509

QUERIES_AT_A_TIME = 16

Lookup = Tuple[str, str, str]
Result = TypeVar("Result")


class DynamoLedger(Ledger):
    """An open ledger in DynamoDB; see :func:`opened`."""

    def __init__(self, table: Table, person: str) -> None:
        self._table = table
        self._person = person
        self._begin()

    @contextlib.contextmanager
    def batch(self, *, dry_run: bool = False) -> Iterator[None]:
        """Do all within while nobody else writes; a dry run writes nothing and keeps nobody from writing."""
        with contextlib.nullcontext() if dry_run else self._table.leased(self._person):
            self._begin()
            try:
                yield
                if not dry_run:
                    self._write()
            finally:
                self._begin()

    def check_clock(self, now: datetime) -> None:
        """Refuse to work with a clock that runs behind.

        :raises AuthorityError: the newest row is more than ten minutes ahead of *now*.
        """
        check_time(self._head()["newest"]["S"], now)

    def expect(
        self, public_key_fingerprints: Iterable[str], common_names: Iterable[str], hosts: Iterable[str], now: str
    ) -> None:
        """Read in advance, and side by side, what a batch will ask for one by one."""
        self._look_up(
            *(("public_key", fingerprint, "") for fingerprint in public_key_fingerprints),
            *(("common_name", common_name, now) for common_name in common_names),
            *(("host", host, now) for host in hosts),
        )

    def add(self, issued: Iterable[IssuedCertificate]) -> None:
        """Enter certificates that were issued."""
        for row in issued:
            self._entered += 1
            self._insert(row, self._last_row() + self._entered)

    def with_public_key(self, public_key_fingerprint: str) -> list[IssuedCertificate]:
        """All certificates ever issued for a key, the newest first."""
        self._look_up(("public_key", public_key_fingerprint, ""))
        return super().with_public_key(public_key_fingerprint)

    def unexpired_with_common_name(self, common_name: str, now: str) -> list[IssuedCertificate]:
        """The certificates of a common name, whatever its case, that have not expired."""
        self._look_up(("common_name", common_name, now))
        return super().unexpired_with_common_name(common_name, now)

    def of_host(self, host: str) -> list[IssuedCertificate]:
        """All certificates ever issued to a host, the oldest first."""
        self._look_up(("host", host, ""))
        return super().of_host(host)

    def unexpired_of_workload(self, host: str, name: str, now: str) -> list[IssuedCertificate]:
        """The unexpired, unrevoked certificates of a host's workload, the oldest first."""
        self._look_up(("host", host, now))
        return super().unexpired_of_workload(host, name, now)

    def with_serial(self, serial: str) -> IssuedCertificate | None:
        """The certificate of a serial number, or None."""
        self._load([serial])
        return super().with_serial(serial)

    def revoked_since(self, not_after: datetime) -> list[IssuedCertificate]:
        """The revoked certificates that expire after a time, in the order of their revocation."""
        self._load(serial for serial, end in self._revoked() if end > iso(not_after))
        return super().revoked_since(not_after)

    def revoked_until(self, not_after: datetime) -> list[str]:
        """The serial numbers of the revoked certificates that had expired by a time, in the order of revocation.

        Those that this batch revokes are not among them: it would have to revoke what has expired.
        """
        return [serial for serial, end in self._revoked() if end <= iso(not_after)]

    def revoke(self, serials: Iterable[str], now: datetime, reason: str, revoked_by: str) -> None:
        """Mark certificates as revoked; what is revoked already stays as it is."""
        serials = list(serials)
        self._load(serials)
        super().revoke(serials, now, reason, revoked_by)

    def use(self, host: str, name: str, serial: str, now: datetime) -> bool | None:
        """Note which certificate a workload uses; return whether that is new, None when it has no such certificate."""
        self._look_up(("host", host, ""))
        return super().use(host, name, serial, now)

    def blocked_hosts(self) -> dict[str, BlockedHost]:
        """All blocks, by host."""
        self._load_small("blocked_hosts")
        return super().blocked_hosts()

    def blocked(self, host: str) -> BlockedHost | None:
        """The block of a host, or None."""
        self._load_small("blocked_hosts")
        return super().blocked(host)

    def block(self, block: BlockedHost) -> None:
        """Block a host; an older block stays as it is."""
        self._load_small("blocked_hosts")
        super().block(block)

    def unblock(self, host: str) -> None:
        """Let a host have certificates again."""
        self._load_small("blocked_hosts")
        super().unblock(host)

    def intents(self) -> list[Intent]:
        """All that a CA was asked for without an answer that stands in the ledger, the oldest first."""
        self._load_small("intents")
        return super().intents()

    def add_intents(self, intents: Iterable[Intent]) -> None:
        """Enter what a CA is about to be asked for; it must be committed before the first question."""
        self._load_small("intents")
        super().add_intents(intents)

    def take_over_intents(self, run: str, now: datetime, until: datetime) -> list[Intent]:
        """Give a run all intents that no other run has to itself any more."""
        self._load_small("intents")
        return super().take_over_intents(run, now, until)

    def claim_intents(self, run: str, until: datetime) -> None:
        """Leave a run what it has asked for to itself until a time; one that is over leaves it to the next run."""
        self._load_small("intents")
        super().claim_intents(run, until)

    def refer_intent(self, token: str, reference: str) -> None:
        """Note how the CA names what it is making for an intent."""
        self._load_small("intents")
        super().refer_intent(token, reference)

    def close_intent(self, token: str) -> None:
        """Forget an intent: its answer stands in the ledger, or it is known that there is none."""
        self._load_small("intents")
        super().close_intent(token)

    def untold_revocations(self, now: datetime) -> list[IssuedCertificate]:
        """The unexpired certificates that were revoked without a word from their CA that it knows, in their order."""
        self._load_small("told_revocations")
        self._load(serial for serial, end in self._revoked() if end > iso(now))
        return super().untold_revocations(now)

    def add_told_revocation(self, serial: str) -> None:
        """Enter that the CA knows that a certificate is revoked."""
        self._load_small("told_revocations")
        super().add_told_revocation(serial)

    def publishing_lease(self) -> PublishingLease | None:
        """Who may publish CRLs, or None when nobody does."""
        self._load_small("publishing_lease")
        return super().publishing_lease()

    def set_publishing_lease(self, lease: PublishingLease | None) -> None:
        """Say who may publish CRLs, or that nobody does."""
        self._load_small("publishing_lease")
        super().set_publishing_lease(lease)

    def last_revocation_list_number(self) -> int:
        """The highest CRL number that the ledger knows, 0 when there is none."""
        self._load_last_revocation_list()
        return super().last_revocation_list_number()

    def add_revocation_list(self, made: MadeRevocationList) -> None:
        """Enter a CRL that was made."""
        self._load_last_revocation_list()
        super().add_revocation_list(made)

    def has_entries(self) -> bool:
        """Say whether anything was issued, revoked or blocked."""
        return self._last_row() > 0 or bool(self.blocked_hosts())

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """The last CRL of an issuing CA in DER, or None."""
        return shared_revocation_list(self._table, issuer_fingerprint)

    def share_revocation_list(self, issuer_fingerprint: str, number: int, der: bytes) -> None:
        """Keep the last CRL for other controllers; it is written with the row that tells of it."""
        self._shared[issuer_fingerprint] = {
            **items.revocation_list_key(issuer_fingerprint),
            "number": {"N": str(number)},
            "der": {"B": der},
        }

    def copy(self, book: Ledger, crls: Mapping[str, x509.CertificateRevocationList]) -> None:
        """Copy another ledger and the last CRLs into the table, over what a killed run has left of it."""
        with self._table.leased(self._person):
            self._begin()
            for table in ("certificates", "revocation_lists", *items.SMALL_TABLES):
                for row in book.rows(table):
                    insert(self._connection, table, row)
            self._small_read.update((table, {}) for table in items.SMALL_TABLES)
            self._entered = int(self._connection.execute("SELECT count(*) FROM certificates").fetchone()[0])
            for fingerprint, crl in crls.items():
                der = revocation_lists.to_der(crl)
                self.share_revocation_list(fingerprint, revocation_lists.number(crl), der)
            self._write(over=True)
            self._table.write([self._table.put({**self._following_head(), "complete": {"BOOL": True}})])
            self._begin()

    def check_holds(self, book: Ledger) -> None:
        """Check that the table knows all certificates and revocations that another ledger knows.

        :raises AuthorityError: it does not.
        """
        rows = [IssuedCertificate(**row) for row in book.rows("certificates")]
        self._load(row.serial for row in rows)
        for row in rows:
            known = self._certificates_read.get(row.serial)
            if known is None or (row.revoked_at and not known.revoked_at):
                raise AuthorityError(
                    f"The ledger's file knows more of {row.serial} than the DynamoDB table {self._table.name}: it was "
                    "used after the move, revoke that certificate in the table and remove the file."
                )
        self._begin()

    # ---- the database in memory ----

    def _begin(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        ledger_schema.bring_up_to_date(self._connection)
        self._looked_up: set[Lookup] = set()
        self._certificates_read: dict[str, IssuedCertificate] = {}
        self._small_read: dict[str, dict[str, items.Columns]] = {}
        self._revocation_lists_read: set[int] | None = None
        self._shared: dict[str, items.Item] = {}
        self._revoked_read: list[tuple[str, str]] | None = None
        self._head_read: items.Item | None = None
        self._entered = 0

    def _head(self) -> items.Item:
        if self._head_read is None:
            self._head_read = self._table.get(items.LEDGER)
        if self._head_read is None:
            raise AuthorityError(f"There is no ledger in the DynamoDB table {self._table.name}: was it emptied?")
        return self._head_read

    def _last_row(self) -> int:
        return int(self._head()["row"]["N"])

    def _look_up(self, *lookups: Lookup) -> None:
        """Load what the pointers of hosts, common names and public keys lead to, after a time each."""
        wanted = [
            lookup
            for lookup in dict.fromkeys(lookups)
            if lookup not in self._looked_up and (*lookup[:2], "") not in self._looked_up
        ]
        if len(wanted) > 1:
            with ThreadPoolExecutor(QUERIES_AT_A_TIME) as pool:
                found = list(pool.map(self._serials, wanted))
        else:
            found = [self._serials(lookup) for lookup in wanted]
        self._looked_up.update(wanted)
        self._load(serial for serials in found for serial in serials)

    def _serials(self, lookup: Lookup) -> list[str]:
        kind, value, after = lookup
        return [items.serial_of(item) for item in self._table.query(items.partition(kind, value), after)]

    def _load(self, serials: Iterable[str]) -> None:
        unknown = [serial for serial in dict.fromkeys(serials) if serial not in self._certificates_read]
        for item in self._table.get_all(items.certificate_key(serial) for serial in unknown):
            row = IssuedCertificate(**items.columns_of(item))
            self._insert(row, int(item["row"]["N"]))
            self._certificates_read[row.serial] = row

    def _insert(self, row: IssuedCertificate, number: int) -> None:
        insert(self._connection, "certificates", {"rowid": number, **row._asdict()})

    def _revoked(self) -> list[tuple[str, str]]:
        """Read serial number and end of all that is revoked, in the order of revocation."""
        if self._revoked_read is None:
            found = self._table.query(items.REVOKED)
            self._revoked_read = [(items.serial_of(item), item["not_after"]["S"]) for item in found]
        return self._revoked_read

    def _load_small(self, table: str) -> None:
        if table not in self._small_read:
            rows = [items.columns_of(item) for item in self._table.query(table)]
            self._small_read[table] = {row[items.SMALL_TABLES[table]]: row for row in rows}
            for row in rows:
                insert(self._connection, table, row)

    def _load_last_revocation_list(self) -> None:
        if self._revocation_lists_read is None:
            last = self._table.last(items.REVOCATION_LIST)
            self._revocation_lists_read = set()
            if last:
                made = items.columns_of(last)
                self._revocation_lists_read.add(made["number"])
                insert(self._connection, "revocation_lists", made)

    # ---- what differs at the end of a batch ----

    def _write(self, *, over: bool = False) -> None:
        """Write it in groups that belong together: a block before the revocations that it stands for.

        :param over: what is there may be written over.
        """
        groups = [*self._changed_small(), *self._changed_certificates(over), *self._new_revocation_lists(over)]
        if not groups:
            return
        # First, so that no number is given twice after a run that was killed half-way.
        self._table.write([self._table.put(self._following_head())])
        for transaction in packed(groups, LARGEST_TRANSACTION - 1):
            self._table.write(transaction)

    def _following_head(self) -> items.Item:
        row = self._connection.execute(
            "SELECT max((SELECT coalesce(max(issued_at), '') FROM certificates),"
            " (SELECT coalesce(max(revoked_at), '') FROM certificates),"
            " (SELECT coalesce(max(since), '') FROM blocked_hosts),"
            " (SELECT coalesce(max(this_update), '') FROM revocation_lists))"
        ).fetchone()
        newest = max(self._head()["newest"]["S"], row[0])
        return {**self._head(), "row": {"N": str(self._last_row() + self._entered)}, "newest": {"S": newest}}

    def _changed_certificates(self, over: bool) -> Iterator[list[dict[str, Any]]]:
        for number, *columns in self._connection.execute("SELECT rowid, * FROM certificates ORDER BY rowid"):
            row = IssuedCertificate(*columns)
            before = self._certificates_read.get(row.serial)
            if before == row:
                continue
            condition = None if over else "attribute_exists(pk)" if before else "attribute_not_exists(pk)"
            written = [self._table.put(items.certificate(row, number), condition)]
            if before is None:
                written += [self._table.put(pointer) for pointer in items.pointers(row)]
            if row.revoked_at and (before is None or not before.revoked_at):
                written.append(self._table.put(items.revoked_pointer(row)))
            yield written

    def _changed_small(self) -> Iterator[list[dict[str, Any]]]:
        for table, before in self._small_read.items():
            after = {row[items.SMALL_TABLES[table]]: row for row in ledger.rows_of(self._connection, table)}
            for name, row in after.items():
                if row != before.get(name):
                    yield [self._table.put(items.of_small_table(table, row))]
            for name in before.keys() - after.keys():
                yield [self._table.delete(items.key(table, name))]

    def _new_revocation_lists(self, over: bool) -> Iterator[list[dict[str, Any]]]:
        condition = None if over else "attribute_not_exists(pk)"
        new = [
            self._table.put(items.revocation_list(made), condition)
            for made in (MadeRevocationList(**row) for row in ledger.rows_of(self._connection, "revocation_lists"))
            if made.number not in (self._revocation_lists_read or ())
        ]
        # A CRL of 300,000 bytes is a group of its own: a transaction takes 4 MB.
        yield from ([write] for write in new)
        yield from ([self._table.put(item)] for item in self._shared.values())


def packed(groups: Iterable[list[dict[str, Any]]], limit: int) -> Iterator[list[dict[str, Any]]]:
    """Put groups of writes together into transactions of at most *limit* writes, none of them torn."""
    transaction: list[dict[str, Any]] = []
    for group in groups:
        if len(transaction) + len(group) > limit:
            yield transaction
            transaction = []
        transaction += group
    if transaction:
        yield transaction


def move(
    table: Table,
    authority: str,
    book: Ledger,
    crls: Mapping[str, x509.CertificateRevocationList],
    person: str,
) -> None:
    """Make the table unless it is there, and copy a ledger into it with the last CRLs of its issuing CAs.

    A run that was killed is done again. When the table is complete already, because the file was left behind, it must
    know all that the file knows.

    :param authority: the fingerprint by which the ledger knows its CA.
    :raises AuthorityError: the table holds another CA's ledger or knows less, or DynamoDB refuses.
    """
    if not table.is_there():
        table.create()
    with contextlib.suppress(ConditionFailed):
        table.call("PutItem", Item=items.head(authority), ConditionExpression="attribute_not_exists(pk)")
    head = table.get(items.LEDGER)
    check_head(table, head, authority)
    copied = DynamoLedger(table, person)
    if head and head["complete"]["BOOL"]:
        copied.check_holds(book)
    else:
        copied.copy(book, crls)


def check(table: Table, authority: str) -> None:
    """Check that a table holds the complete ledger of a CA.

    :raises AuthorityError: it does not, or DynamoDB refuses.
    """
    head = table.get(items.LEDGER) if table.is_there() else None
    check_head(table, head, authority)
    if head and not head["complete"]["BOOL"]:
        raise AuthorityError(
            f"The move into the DynamoDB table {table.name} stopped half-way: run the module ca again."
        )


def check_head(table: Table, head: items.Item | None, authority: str) -> None:
    """Check that the ledger in a table is this CA's and of a version that is known.

    :raises AuthorityError: it is not, or there is none.
    """
    if head is None:
        raise AuthorityError(f"There is no ledger in the DynamoDB table {table.name}: make it with the module ca.")
    if int(head["version"]["N"]) != items.VERSION:
        raise AuthorityError(
            f"The ledger {table.name} has version {head['version']['N']} where {items.VERSION} is known: "
            "use the collection's version that wrote it, or a newer one."
        )
    if head["authority"]["S"] != authority:
        raise AuthorityError(f"The DynamoDB table {table.name} holds the ledger of another CA: give another table.")


def read(table: Table, authority: str, look: Callable[[LedgerReader], Result]) -> Result:
    """Return what *look* finds in a ledger, which is read as a whole, a mebibyte with each call.

    :raises AuthorityError: it is not this CA's, or DynamoDB refuses.
    """
    check(table, authority)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        ledger_schema.bring_up_to_date(connection)
        for item in table.scan():
            name = items.table_of(item)
            if name:
                number = {"rowid": int(item["row"]["N"])} if "row" in item else {}
                insert(connection, name, {**number, **items.columns_of(item)})
        return look(LedgerReader(connection))


def shared_revocation_list(table: Table, issuer_fingerprint: str) -> bytes | None:
    """Read the last CRL of an issuing CA in DER, or None.

    :raises AuthorityError: DynamoDB refuses.
    """
    found = table.get(items.revocation_list_key(issuer_fingerprint))
    return found["der"]["B"] if found else None


def insert(connection: sqlite3.Connection, table: str, row: items.Columns) -> None:
    """Put a row of the table's items into the database in memory."""
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))  # noqa: S608 - own words
