# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look into the ledger and leave nothing behind: no row, no lock that lasts, no file beside it.

A ledger can have a million rows, so what is asked for is found by an index and comes a limited number at a time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple, TypeVar

from . import ledger_schema
from .errors import AuthorityError
from .ledger import IssuedCertificate, Ledger, connected
from .private_files import explained

ATTEMPTS = 5
ALL = -1  # as a limit, to SQLite

# SQLite leaves its -wal and -shm behind when the first to open a ledger may only read, so nobody but a writer shall
# make them. Without a log the file alone is the ledger, which is what `immutable` reads, without a lock.
_WITH_LOG = "mode=ro"
_WITHOUT_LOG = "mode=ro&immutable=1"

_IS_NEWEST = (
    "certificates.revoked_at IS NULL AND NOT EXISTS (SELECT 1 FROM certificates AS newer"
    " WHERE newer.host = certificates.host AND newer.name = certificates.name AND newer.revoked_at IS NULL"
    " AND (newer.not_after, newer.rowid) > (certificates.not_after, certificates.rowid))"
)

Result = TypeVar("Result")


class Search(NamedTuple):
    """Which certificates are wanted: those that meet all that is given here.

    *ends_after* and *ends_by* are times as the ledger writes them; *newest* wants of each workload the certificate that
    ends last, of those that are not revoked.
    """

    host: str | None = None
    name: str | None = None
    serial: str | None = None
    ends_after: str | None = None
    ends_by: str | None = None
    revoked: bool | None = None
    newest: bool = False


class Counts(NamedTuple):
    """How many certificates were issued, have not expired, are good besides, were revoked; how many hosts blocked."""

    issued: int
    unexpired: int
    valid: int
    revoked: int
    blocked_hosts: int


class LedgerReader(Ledger):
    """An open ledger that is only looked at; see :func:`read`."""

    def counts(self, now: str) -> Counts:
        """Count what there is."""
        unexpired = self._count("certificates WHERE not_after > ?", now)
        revoked_unexpired = self._count("certificates WHERE revoked_at IS NOT NULL AND not_after > ?", now)
        return Counts(
            self._count("certificates"),
            unexpired,
            unexpired - revoked_unexpired,
            self._count("certificates WHERE revoked_at IS NOT NULL"),
            self._count("blocked_hosts"),
        )

    def count(self, search: Search) -> int:
        """Count the certificates that a search finds."""
        condition, values = condition_of(search)
        return self._count(f"certificates WHERE {condition}", *values)

    def find(self, search: Search, limit: int) -> list[IssuedCertificate]:
        """Find at most *limit* certificates; those that end first are the first."""
        condition, values = condition_of(search)
        return self._certificates(f"{condition} ORDER BY not_after, rowid LIMIT {limit:d}", *values)

    def hosts(self) -> list[str]:
        """The names of all hosts that have or had a certificate, in their order."""
        return [host for (host,) in self._connection.execute("SELECT DISTINCT host FROM certificates ORDER BY host")]

    def of_host_ending_after(self, host: str, time: str) -> list[IssuedCertificate]:
        """The certificates of a host that end after a time, as they were issued."""
        return self._certificates("host = ? AND not_after > ? ORDER BY issued_at, rowid", host, time)

    def last_of_host(self, host: str) -> IssuedCertificate | None:
        """The certificate of a host that ends last, or None."""
        found = self._certificates("host = ? ORDER BY not_after DESC, rowid DESC LIMIT 1", host)
        return found[0] if found else None

    def revoked_unexpired(self, now: str) -> Iterator[str]:
        """Go through the serial numbers of the revoked certificates that have not expired, as they were revoked."""
        query = "SELECT serial FROM certificates WHERE revoked_at IS NOT NULL AND not_after > ? ORDER BY revoked_at"
        for (serial,) in self._connection.execute(query, (now,)):
            yield serial

    def is_revoked(self, serial: str) -> bool:
        """Say whether the ledger knows a serial number, and as revoked."""
        query = "SELECT 1 FROM certificates WHERE serial = ? AND revoked_at IS NOT NULL"
        return self._connection.execute(query, (serial,)).fetchone() is not None

    def shared_keys(self) -> list[str]:
        """The fingerprints of the public keys that more than one host or more than one workload has or had."""
        # A certificate that was taken over without its PEM has no fingerprint.
        repeated = (
            "SELECT public_key_fingerprint FROM certificates WHERE public_key_fingerprint <> ''"
            " GROUP BY public_key_fingerprint HAVING count(*) > 1"
        )
        query = (
            f"SELECT public_key_fingerprint FROM certificates WHERE public_key_fingerprint IN ({repeated})"  # noqa: S608 - own words
            " GROUP BY public_key_fingerprint HAVING min(host) <> max(host) OR min(name) <> max(name)"
        )
        return [fingerprint for (fingerprint,) in self._connection.execute(query)]

    def _count(self, of_what: str, *values: str) -> int:
        query = f"SELECT count(*) FROM {of_what}"  # noqa: S608 - conditions are this file's own words
        return int(self._connection.execute(query, values).fetchone()[0])


def condition_of(search: Search) -> tuple[str, list[str]]:
    """Write a search as SQL's condition, with the values for its marks."""
    conditions, values = ["TRUE"], []
    for column, value in (("host", search.host), ("name", search.name), ("serial", search.serial)):
        if value is not None:
            conditions.append(f"certificates.{column} = ?")
            values.append(value)
    ends = [("not_after > ?", search.ends_after), ("not_after <= ?", search.ends_by)]
    given = [(condition, value) for condition, value in ends if value is not None]
    if given:
        end = " AND ".join(condition for condition, _value in given)
        if search.host is None and search.serial is None:
            # No index begins with the end. The smallest one that has it is gone through instead of the table.
            end = f"certificates.rowid IN (SELECT rowid FROM certificates WHERE {end})"  # noqa: S608 - own words
        conditions.append(end)
        values.extend(value for _condition, value in given)
    if search.revoked is not None:
        conditions.append(f"certificates.revoked_at IS {'NOT NULL' if search.revoked else 'NULL'}")
    if search.newest:
        conditions.append(_IS_NEWEST)
    return " AND ".join(conditions), values


def read(path: Path, look: Callable[[LedgerReader], Result]) -> Result:
    """Return what *look* finds in a ledger, all of it as at one moment.

    It is called again when another run has written meanwhile.

    :raises AuthorityError: the ledger cannot be read, or other runs write without a pause.
    """
    with explained("read", path):
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    for _attempt in range(ATTEMPTS):
        before = _state(path)
        try:
            with connected(path, _WITHOUT_LOG if before else _WITH_LOG) as connection:
                connection.execute("BEGIN")
                ledger_schema.check_current(path, connection)
                result = look(LedgerReader(connection))
        except AuthorityError:  # perhaps a page of before and one of after
            if before is None or _state(path) == before:
                raise
            continue
        if before is None or _state(path) == before:
            return result
    raise AuthorityError(f"The ledger {path} was written while it was read, {ATTEMPTS} times: try again.")


def _state(path: Path) -> tuple[int, int, int] | None:
    """Tell what changes when the file does, or None when there is a log beside it."""
    with explained("read", path):
        if path.with_name(f"{path.name}-wal").exists():
            return None
        state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns
