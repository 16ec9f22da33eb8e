# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take over the CRL that a CA asked over a wire publishes, when it says no less than the ledger and the one before."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import private_files, revocation_list
from .errors import AuthorityError
from .layout import Layout
from .ledger import Ledger
from .revocation_list import Refreshed
from .signer import RemoteAuthority

if TYPE_CHECKING:
    from cryptography import x509

PAUSE = timedelta(seconds=5)


class NotYet(AuthorityError):
    """The CRL does not have everything yet; the CA may publish the next one soon."""


def refresh(
    layout: Layout,
    authority: RemoteAuthority,
    ledger: Ledger,
    clock: Callable[[], datetime],
    made_by: str,
    *,
    wait: timedelta,
    dry_run: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> Refreshed:
    """Fetch the CA's CRL, and put it in place of the one before.

    :param wait: how long to look again when the CRL does not have everything.
    :raises AuthorityError: the CA has no CRL, it is not good, older or poorer, or the clock runs behind the ledger. The
        CRL in place is untouched then.
    """
    attempts = 1 + int(wait / PAUSE)
    for _attempt in range(attempts - 1):
        try:
            return _take(layout, authority, ledger, clock(), made_by, dry_run=dry_run)
        except NotYet:
            sleep(PAUSE.total_seconds())
    return _take(layout, authority, ledger, clock(), made_by, dry_run=dry_run)


def fetch(authority: RemoteAuthority, now: datetime) -> x509.CertificateRevocationList:
    """Fetch the CA's CRL, and look at it as at a stranger's.

    :raises AuthorityError: there is none, or it is not one that Roles Anywhere takes.
    """
    crl = authority.revocation_list()
    if crl is None:
        raise NotYet("The CA publishes no CRL: have it make one, or give the option that says where it is.")
    try:
        revocation_lists.check_size(revocation_lists.to_pem(crl))
        revocation_lists.check_complete(crl)
        revocation_lists.check_signed_by(crl, [authority.certificate])
    except CertificateError as error:
        raise AuthorityError(f"The CRL of the CA cannot be taken: {error}") from None
    if crl.next_update_utc is None or crl.next_update_utc <= now:
        end = iso(crl.next_update_utc) if crl.next_update_utc else "a day that it does not say"
        raise NotYet(f"The CRL of the CA ended on {end}: have it make the next one.")
    return crl


def why_backwards(number: int, number_before: int) -> str | None:
    """Say that a CRL is older than one that was seen before, or None."""
    if number >= number_before:
        return None
    return f"The CRL of the CA has the number {number}, but {number_before} was published before"


def _take(
    layout: Layout, authority: RemoteAuthority, ledger: Ledger, now: datetime, made_by: str, *, dry_run: bool
) -> Refreshed:
    crl = fetch(authority, now)
    with ledger.batch(dry_run=dry_run):
        ledger.check_clock(now)
        before = revocation_list.in_place(layout.issuing, authority.certificate)
        number, last = revocation_lists.number(crl), ledger.last_revocation_list_number()
        backwards = why_backwards(number, max(last, 0 if before is None else revocation_lists.number(before)))
        if backwards:
            raise NotYet(f"{backwards}: find out why it is older.")
        published = {} if before is None else revocation_lists.revocations(before)
        revoked = revocation_lists.revocations(crl)
        missing = _missing(published, revoked, ledger, now)
        # In a dry run the CA has not been told of the newest revocations.
        foreseen = [row for row in ledger.untold_revocations(now) if dry_run and row.serial in missing]
        if len(missing) > len(foreseen):
            raise NotYet(f"The CRL of the CA, number {number}, lacks {', '.join(missing)}: run this again later.")
        gone = {certificates.serial_hex(serial) for serial in published if serial not in revoked}
        refreshed = Refreshed(
            changed=before is None or revocation_lists.to_pem(before) != revocation_lists.to_pem(crl),
            published=published,
            revoked=revoked,
            carried_on=_unknown_as_revoked(revoked, ledger),
            expired=sorted(gone.union(ledger.revoked_until(now))),
            left_out=[],
            crl=crl,
        )
        if foreseen:
            coming = {int(row.serial, 16): revocation_list.revocation_of(row) for row in foreseen}
            return refreshed._replace(changed=True, revoked={**revoked, **coming}, crl=None)
        if dry_run or not refreshed.changed:
            return refreshed
        if number > last:
            ledger.add_revocation_list(revocation_list.entry(crl, made_by))
        with private_files.explained("written", layout.crl):
            private_files.write(layout.crl, revocation_lists.to_pem(crl).encode())
    return refreshed


def _missing(
    published: Mapping[int, Revocation], revoked: Mapping[int, Revocation], ledger: Ledger, now: datetime
) -> list[str]:
    """List what has to be on the CRL and is not: the ledger's word and the one before, of what has not expired."""
    wanted = {int(row.serial, 16) for row in ledger.revoked_since(now)}
    for serial_number in published:
        row = ledger.with_serial(certificates.serial_hex(serial_number))
        if row and row.not_after > iso(now):
            wanted.add(serial_number)
    return sorted(certificates.serial_hex(serial_number) for serial_number in wanted.difference(revoked))


def _unknown_as_revoked(revoked: Mapping[int, Revocation], ledger: Ledger) -> list[str]:
    """List the ledger's certificates that somebody has revoked without it; a CA may have others, too."""
    rows = (ledger.with_serial(certificates.serial_hex(serial_number)) for serial_number in revoked)
    return [row.serial for row in rows if row and row.revoked_at is None]
