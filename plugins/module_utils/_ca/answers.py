# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA has signed for an order: looked at as a stranger's, and described for the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from .ledger import IssuedCertificate
from .orders import Order

if TYPE_CHECKING:
    from cryptography import x509

UNSPECIFIED = "unspecified"


class Outcome(NamedTuple):
    """What became of an order: a certificate (in a dry run only an old one), or the sentence of its refusal.

    *mistake* is what the CA signed instead of what was wanted. Nobody gets it, but it exists, so it is revoked.
    """

    order: Order
    certificate: IssuedCertificate | None = None
    reused: bool = False
    refused: str | None = None
    mistake: IssuedCertificate | None = None

    @property
    def new(self) -> IssuedCertificate | None:
        """What the ledger is to learn."""
        return None if self.reused else self.certificate or self.mistake


def judge(
    order: Order,
    wanted: issuance.WantedCertificate,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    issued_by: str,
) -> Outcome:
    """Say what becomes of an order for which somebody else has sent a certificate."""
    try:
        difference = issuance.why_not_wanted(certificate, wanted, issuer) or issuance.why_not_within(
            certificate, wanted.validity
        )
        row = describe(order, wanted, certificate, now, issued_by)
    except (ValueError, OverflowError):  # names or numbers that no CA writes
        return Outcome(order, refused="The CA answered with a certificate that cannot be read: find out what it does.")
    if difference is None:
        return Outcome(order, row)
    if not certificates.is_issued_by(certificate, issuer):
        return Outcome(
            order,
            refused=f"The CA answered with a certificate of somebody else: {difference}; find out what it does.",
        )
    return mistaken(order, row, difference)


def mistaken(order: Order, row: IssuedCertificate, difference: str) -> Outcome:
    """Refuse an order because what was signed for it differs from what was wanted; it counts as revoked."""
    revoked = row._replace(revoked_at=row.issued_at, reason=UNSPECIFIED, revoked_by=row.issued_by)
    return Outcome(
        order,
        refused=(
            f"What the CA signed is not what was wanted and was revoked at once as {row.serial}: {difference}; "
            "publish the next CRL and find out what the CA's signer does."
        ),
        mistake=revoked,
    )


def describe(
    order: Order,
    wanted: issuance.WantedCertificate,
    certificate: x509.Certificate,
    now: datetime,
    issued_by: str,
) -> IssuedCertificate:
    """Describe a certificate for the ledger."""
    return IssuedCertificate(
        serial=certificates.serial_hex(certificate.serial_number),
        host=order.host,
        name=order.name,
        common_name=order.common_name,
        subject=certificates.describe(certificate.subject),
        not_before=iso(certificate.not_valid_before_utc),
        not_after=iso(certificate.not_valid_after_utc),
        fingerprint=certificates.fingerprint(certificate),
        public_key_fingerprint=wanted.public_key_fingerprint,
        pem=certificates.to_pem(certificate),
        issued_at=iso(now),
        issued_by=issued_by,
    )
