# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the CRL from the ledger and from the CRL in place. It is never older or poorer than that one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from . import private_files, revocation_list_room
from .errors import AuthorityError
from .generations import Generations
from .layout import AuthorityFiles
from .ledger import IssuedCertificate, Ledger, MadeRevocationList
from .signer import Signer

if TYPE_CHECKING:
    from cryptography import x509


class SharedRevocationLists(Protocol):
    """Where controllers that share a ledger share the CRLs, too."""

    def shared_revocation_list(self, issuer_fingerprint: str) -> bytes | None:
        """The last CRL of an issuing CA in DER, or None where it is only a file."""


class Schedule(NamedTuple):
    """How long a CRL is good for, and how long before its end the next one is made."""

    next_update: timedelta
    refresh_before: timedelta


class Refreshed(NamedTuple):
    """The CRL before and after; in a dry run there is none after when one would be made.

    *carried_on* are the serials that only the CRL in place knows as revoked, *expired* those that it may leave out,
    *left_out* those that are revoked and for which there is no room.
    """

    changed: bool
    published: Mapping[int, Revocation]
    revoked: Mapping[int, Revocation]
    carried_on: list[str]
    expired: list[str]
    left_out: list[str]
    crl: x509.CertificateRevocationList | None


def refresh(
    files: AuthorityFiles,
    generations: Generations,
    signer: Signer,
    ledger: Ledger,
    schedule: Schedule,
    now: datetime,
    made_by: str,
    *,
    dry_run: bool,
) -> Refreshed:
    """Make a new CRL of one issuing CA when its revocations have changed or the one in place nears its end.

    The signer is open before it is known to be needed: a passphrase that is missing shall show on a quiet day, not when
    a revocation waits for its CRL.

    The ledger's write lock is held from the look at the file to its replacement: of two parallel runs the second sees
    the first one's CRL.

    :raises AuthorityError: the CA may not sign CRLs, the CRL in place cannot be read, or the clock runs behind the
        ledger. The CRL in place is untouched then.
    """
    if schedule.refresh_before >= schedule.next_update:
        raise AuthorityError("refresh_before must be less than next_update, or every run would make a new CRL.")
    if not revocation_lists.may_sign(signer.certificate):
        raise AuthorityError(f"The CA certificate {files.certificate} may not sign CRLs (cRLSign is missing).")
    with ledger.batch(dry_run=dry_run):
        ledger.check_clock(now)
        before = last(files, signer.certificate, ledger, keep=not dry_run)
        known = generations.of(signer.certificate, ledger.revoked_since(now - schedule.next_update))
        published = {} if before is None else revocation_lists.revocations(before)
        carried_on = _carried_on(published, known, ledger, now - schedule.next_update)
        revoked = {**carried_on, **{int(row.serial, 16): revocation_of(row) for row in known}}
        selection = revocation_list_room.select(
            revoked, carried_on, revocation_lists.room_for_entries(signer.certificate)
        )
        refreshed = Refreshed(
            changed=before is None or selection.revoked != published or is_due(before, schedule, now),
            published=published,
            revoked=selection.revoked,
            carried_on=_serials(carried_on),
            expired=ledger.revoked_until(now - schedule.next_update),
            left_out=_serials(selection.left_out),
            crl=before,
        )
        if not refreshed.changed:
            return refreshed
        if dry_run:
            return refreshed._replace(crl=None)
        number = 1 + max(ledger.last_revocation_list_number(), 0 if before is None else revocation_lists.number(before))
        crl = sign(signer, number, selection.revoked, now, now + schedule.next_update)
        ledger.add_revocation_list(entry(crl, made_by))
        ledger.share_revocation_list(certificates.fingerprint(signer.certificate), number, revocation_lists.to_der(crl))
        with private_files.explained("written", files.crl):
            private_files.write(files.crl, revocation_lists.to_pem(crl).encode())
    return refreshed._replace(crl=crl)


def is_due(crl: x509.CertificateRevocationList, schedule: Schedule, now: datetime) -> bool:
    """Say whether a CRL nears its end."""
    return crl.next_update_utc is None or crl.next_update_utc - now < schedule.refresh_before


def sign(
    signer: Signer, number: int, revoked: Mapping[int, Revocation], this_update: datetime, next_update: datetime
) -> x509.CertificateRevocationList:
    """Have a CRL signed, and look at it as at a stranger's.

    :raises AuthorityError: it is too large for Roles Anywhere, or not what was wanted.
    """
    builder = revocation_lists.builder(signer.certificate, number, revoked, this_update, next_update)
    try:
        crl = revocation_lists.load(revocation_lists.to_pem(signer.sign_revocation_list(builder)))
        revocation_lists.check_size(revocation_lists.to_pem(crl))
        revocation_lists.check_complete(crl)
        revocation_lists.check_signed_by(crl, [signer.certificate])
    except CertificateError as error:
        raise AuthorityError(str(error)) from None
    if revocation_lists.number(crl) != number or revocation_lists.revocations(crl) != revoked:
        raise AuthorityError("The CRL that the CA signed does not revoke what was wanted, and was thrown away.")
    return crl


def entry(crl: x509.CertificateRevocationList, made_by: str) -> MadeRevocationList:
    """Describe a CRL for the ledger."""
    this_update, next_update = iso(crl.last_update_utc), crl.next_update_utc
    return MadeRevocationList(
        revocation_lists.number(crl),
        this_update,
        iso(next_update) if next_update else "",
        len(crl),
        made_by,
    )


def last(
    files: AuthorityFiles, issuer: x509.Certificate, ledger: SharedRevocationLists, *, keep: bool
) -> x509.CertificateRevocationList | None:
    """Read the last CRL: the one in place, or a later one that another controller has made.

    :param keep: whether the latter is put in place.
    :raises AuthorityError: one is not of this CA, or cannot be read or written.
    """
    there = in_place(files, issuer)
    shared = ledger.shared_revocation_list(certificates.fingerprint(issuer))
    if shared is None:
        return there
    crl = _followed_up(shared, issuer, "The CRL in the shared ledger")
    if there is not None and revocation_lists.number(there) >= revocation_lists.number(crl):
        return there
    if keep:
        with private_files.explained("written", files.crl):
            private_files.write(files.crl, revocation_lists.to_pem(crl).encode())
    return crl


def in_place(files: AuthorityFiles, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
    """Read the CRL in place, if there is one.

    :raises AuthorityError: it is not one of this CA, or cannot be read.
    """
    if not private_files.is_there(files.crl):
        return None
    with private_files.explained("read", files.crl):
        content = files.crl.read_bytes()
    return _followed_up(content, issuer, str(files.crl))


def _followed_up(content: bytes, issuer: x509.Certificate, name: str) -> x509.CertificateRevocationList:
    try:
        crl = revocation_lists.load(content)
        revocation_lists.check_complete(crl)
        revocation_lists.check_signed_by(crl, [issuer])
    except CertificateError as error:
        raise AuthorityError(
            f"{name} cannot be followed up: {error} Put the CRL that was published last in its place, so that none of "
            "its entries is lost."
        ) from None
    return crl


def _carried_on(
    published: Mapping[int, Revocation], known: Iterable[IssuedCertificate], ledger: Ledger, expired_by: datetime
) -> dict[int, Revocation]:
    """Find the entries that the ledger does not know as revoked: it may have been restored from a backup."""
    known_serials = {row.serial for row in known}
    carried_on = {}
    for serial_number, revocation in published.items():
        serial = certificates.serial_hex(serial_number)
        if serial in known_serials:
            continue
        row = ledger.with_serial(serial)
        if row is None or from_iso(row.not_after) > expired_by:
            carried_on[serial_number] = revocation
    return carried_on


def _serials(serial_numbers: Iterable[int]) -> list[str]:
    return [certificates.serial_hex(serial_number) for serial_number in serial_numbers]


def revocation_of(row: IssuedCertificate) -> Revocation:
    """Describe a revoked certificate of the ledger for the CRL."""
    return Revocation(from_iso(row.revoked_at or row.issued_at), revocation_lists.REASONS[row.reason or "unspecified"])
