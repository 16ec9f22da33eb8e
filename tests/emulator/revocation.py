# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CRLs of a trust anchor say of a path (reference §1.10).

A CRL and a certificate belong together by the issuer's name. The anchor's own certificates are looked up too: nothing
says that AWS does so, and it is the strict side.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from . import refusals
from .certificates import Path


def objection(
    path: Path, revocation_lists: Iterable[x509.CertificateRevocationList], now: datetime, past_accepted: bool
) -> str | None:
    """Tell with which sentence a path is refused, or None; the lists are those that are enabled for the anchor."""
    answers = {
        _answer(certificate, revocation_list, now, past_accepted)
        for revocation_list in revocation_lists
        for certificate in path
        if revocation_list.issuer == certificate.issuer
    }
    return refusals.REVOKED if refusals.REVOKED in answers else max(filter(None, answers), default=None)


def _answer(
    certificate: x509.Certificate,
    revocation_list: x509.CertificateRevocationList,
    now: datetime,
    past_accepted: bool,
) -> str | None:
    # Whatever the reason given: an entry "removeFromCRL" has no place in a complete CRL and undoes nothing.
    if revocation_list.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
        return refusals.REVOKED
    if now < revocation_list.last_update_utc:
        return refusals.UNTRUSTED
    next_update = revocation_list.next_update_utc
    is_past = next_update is None or next_update <= now
    # An invention (§9.7): with an old list nobody knows whether the path is still good.
    return refusals.UNTRUSTED if is_past and not past_accepted else None
