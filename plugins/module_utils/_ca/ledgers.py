# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the ledger that the options name: the file beside the CA, or a DynamoDB table that several controllers share.

What talks to AWS is imported where it is needed: that takes its time, and most CAs have a file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

from . import actor, file, ledger, ledger_reading, private_files, revocation_list
from .errors import AuthorityError
from .layout import Layout
from .ledger import Ledger
from .ledger_reading import LedgerReader

if TYPE_CHECKING:
    from cryptography import x509

    from .dynamodb_table import Table

Result = TypeVar("Result")


class Reading(Protocol):
    """A ledger that is only looked at."""

    def read(self, look: Callable[[LedgerReader], Result]) -> Result:
        """Return what *look* finds, all of it as at one moment as far as the ledger can."""

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """The last CRL of an issuing CA in DER that other controllers have made, or None."""


def opened(parameters: Mapping[str, Any], layout: Layout) -> AbstractContextManager[Ledger]:
    """Open the ledger for writing.

    :raises AuthorityError: it is not where the options say, or cannot be used.
    """
    _check(parameters, layout)
    if parameters["ledger"] == "sqlite":
        return ledger.opened(layout.ledger)
    return _opened_table(parameters, layout)


def reading(parameters: Mapping[str, Any], layout: Layout) -> Reading:
    """Open the ledger for looking at it.

    :raises AuthorityError: it is not where the options say, or cannot be used.
    """
    _check(parameters, layout)
    if parameters["ledger"] == "sqlite":
        return FileReading(layout)
    return TableReading(_table(parameters), authority_of(layout))


def share(parameters: Mapping[str, Any], layout: Layout, *, dry_run: bool) -> bool:
    """Move the ledger from its file into the table, with the CRLs, unless that is done; return whether it was not.

    :raises AuthorityError: the table holds another CA's ledger, or knows less than the file, or cannot be used.
    """
    if parameters["ledger"] == "sqlite":
        _check(parameters, layout)
        return False
    table = _table(parameters)
    if not private_files.is_there(layout.ledger):
        if not private_files.is_there(layout.issuing.certificate):
            return True  # check mode would make the CA, and its ledger with it
        _check(parameters, layout)
        issuer = file.load_certificate(layout.issuing)
        with _opened_table(parameters, layout) as book:
            revocation_list.last(layout.issuing, issuer, book, keep=not dry_run)
        return False
    if dry_run:
        return True
    from . import dynamodb_ledger

    if not ledger.is_retired(layout.ledger):
        with ledger.opened(layout.ledger) as book, book.batch():
            dynamodb_ledger.move(table, authority_of(layout), book, _crls(layout), actor.current())
            private_files.write(layout.shared_ledger, f"{table.name}\n".encode())
            book.retire()
    with private_files.explained("removed", layout.ledger):
        for suffix in ("-wal", "-shm", ""):
            layout.ledger.with_name(f"{layout.ledger.name}{suffix}").unlink(missing_ok=True)
        private_files.sync_directory(layout.directory)
    return True


def authority_of(layout: Layout) -> str:
    """Return what a shared ledger knows its CA by: the fingerprint of the root, or of the only certificate there is."""
    files = layout.root if private_files.is_there(layout.root.certificate) else layout.issuing
    return certificates.fingerprint(file.load_certificate(files))


class FileReading:
    """The file beside the CA."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.ledger

    def read(self, look: Callable[[LedgerReader], Result]) -> Result:
        """Return what *look* finds, all of it as at one moment."""
        return ledger_reading.read(self._path, look)

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """Nothing: the CRL is a file."""


class TableReading:
    """A table that several controllers share."""

    def __init__(self, table: Table, authority: str) -> None:
        self._table = table
        self._authority = authority

    def read(self, look: Callable[[LedgerReader], Result]) -> Result:
        """Return what *look* finds; what is written while the table is read may be among it or not."""
        from . import dynamodb_ledger

        return dynamodb_ledger.read(self._table, self._authority, look)

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """The last CRL of an issuing CA in DER, or None."""
        from . import dynamodb_ledger

        return dynamodb_ledger.shared_revocation_list(self._table, issuer_fingerprint)


@contextlib.contextmanager
def _opened_table(parameters: Mapping[str, Any], layout: Layout) -> Iterator[Ledger]:
    from . import dynamodb_ledger

    table = _table(parameters)
    dynamodb_ledger.check(table, authority_of(layout))
    yield dynamodb_ledger.DynamoLedger(table, actor.current())


def _table(parameters: Mapping[str, Any]) -> Table:
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.connections import connect

    from .dynamodb_table import Table

    options = parameters["dynamodb"]
    try:
        return Table(connect("dynamodb", options), options["table"])
    except RolesAnywhereError as error:
        raise AuthorityError(str(error)) from None


def _check(parameters: Mapping[str, Any], layout: Layout) -> None:
    """Check that the ledger is where the options say."""
    in_file = private_files.is_there(layout.ledger)
    if parameters["ledger"] == "dynamodb" and in_file:
        raise AuthorityError(
            f"The ledger is still the file {layout.ledger}: run the module ca with ledger: dynamodb, which moves it."
        )
    if parameters["ledger"] == "sqlite" and parameters["dynamodb"]:
        raise AuthorityError("dynamodb would not count: say ledger: dynamodb, or leave it out.")
    if parameters["ledger"] == "sqlite" and not in_file and private_files.is_there(layout.shared_ledger):
        table = layout.shared_ledger.read_text(encoding="utf-8").strip()
        raise AuthorityError(f"The ledger was moved into the DynamoDB table {table}: say ledger: dynamodb.")


def _crls(layout: Layout) -> dict[str, x509.CertificateRevocationList]:
    found = {}
    for files in layout.issuing_ever():
        issuer = file.load_certificate(files)
        crl = revocation_list.in_place(files, issuer)
        if crl is not None:
            found[certificates.fingerprint(issuer)] = crl
    return found
