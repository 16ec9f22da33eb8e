# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate revocation lists as Roles Anywhere takes them: version 2, numbered, complete, at most 300,000 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from . import certificates, keys
from .errors import CertificateError

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
except ImportError:
    pass  # library.check tells the user

SIZE_LIMIT = 300_000  # bytes of PEM (IAM Roles Anywhere API reference, ImportCrl)

# Bytes of DER around a CRL's entries besides the issuer's name: the signature of RSA-4096 is more than half of them.
_SURROUNDINGS = 1_000

_PEM_BEGIN = b"-----BEGIN X509 CRL-----"

# The names that the modules use for RFC 5280's CRLReason. The other reasons are of no use here:
# removeFromCRL belongs to delta CRLs, certificateHold would give access back, the CA's own end is not a leaf's.
REASONS = {
    "unspecified": "unspecified",
    "key_compromise": "keyCompromise",
    "affiliation_changed": "affiliationChanged",
    "superseded": "superseded",
    "cessation_of_operation": "cessationOfOperation",
    "privilege_withdrawn": "privilegeWithdrawn",
}


class Revocation(NamedTuple):
    """When and why a certificate was revoked; *reason* is RFC 5280's word, such as ``keyCompromise``."""

    moment: datetime
    reason: str


def load(pem_or_der: str | bytes) -> x509.CertificateRevocationList:
    """Read one CRL in PEM or DER.

    :raises CertificateError: it is neither, or there are several.
    """
    encoded = pem_or_der.encode() if isinstance(pem_or_der, str) else pem_or_der
    if encoded.count(_PEM_BEGIN) > 1:
        raise CertificateError("The CRL text holds several CRLs: give one.")
    try:
        if _PEM_BEGIN in encoded:
            return x509.load_pem_x509_crl(encoded)
        return x509.load_der_x509_crl(encoded)
    except ValueError:
        raise CertificateError("The CRL cannot be read: it is neither PEM (X509 CRL) nor DER.") from None


def to_pem(crl: x509.CertificateRevocationList) -> str:
    """Write a CRL in PEM."""
    return crl.public_bytes(serialization.Encoding.PEM).decode()


def to_der(crl: x509.CertificateRevocationList) -> bytes:
    """Write a CRL in DER."""
    return crl.public_bytes(serialization.Encoding.DER)


def number(crl: x509.CertificateRevocationList) -> int:
    """Return the CRL number (RFC 5280 section 5.2.3).

    :raises CertificateError: the CRL has none.
    """
    found = number_or_none(crl)
    if found is None:
        raise CertificateError("The CRL has no number: sign it with the extension crlNumber.")
    return found


def number_or_none(crl: x509.CertificateRevocationList) -> int | None:
    """Return the CRL number, or None when the CRL has none.

    :raises CertificateError: the extensions cannot be read.
    """
    found = certificates.find(_extensions(crl), x509.CRLNumber)
    return found.crl_number if found else None


def revocations(crl: x509.CertificateRevocationList) -> dict[int, Revocation]:
    """Return what the CRL revokes, by serial number, in its order."""
    found = {}
    for entry in crl:
        reason = certificates.find(entry.extensions, x509.CRLReason)
        found[entry.serial_number] = Revocation(
            entry.revocation_date_utc, reason.reason.value if reason else x509.ReasonFlags.unspecified.value
        )
    return found


def check_signed_by(crl: x509.CertificateRevocationList, issuers: Iterable[x509.Certificate]) -> None:
    """Check that one of the certificates issued the CRL: same name, cRLSign, and a signature that verifies.

    :raises CertificateError: none of them did.
    """
    for issuer in issuers:
        if issuer.subject == crl.issuer and may_sign(issuer) and _verifies(crl, issuer):
            return
    raise CertificateError(
        f"The CRL of {certificates.describe(crl.issuer)} is not signed by this CA: "
        "give the CRL of the CA whose certificates it revokes."
    )


def check_complete(crl: x509.CertificateRevocationList) -> None:
    """Check what Roles Anywhere is known to handle: a numbered, complete CRL signed with SHA-256 or better.

    :raises CertificateError: it is a partition or a delta, has no number, or is signed with another hash.
    """
    number(crl)
    extensions = _extensions(crl)
    if certificates.find(extensions, x509.IssuingDistributionPoint):
        raise CertificateError("The CRL is a partition (issuingDistributionPoint): give a complete one.")
    if certificates.find(extensions, x509.DeltaCRLIndicator):
        raise CertificateError("The CRL is a delta CRL: give a complete one.")
    if not certificates.has_accepted_hash(crl):
        raise CertificateError("The CRL is not signed with SHA-256, SHA-384 or SHA-512: sign it anew.")


def room_for_entries(issuer: x509.Certificate) -> int:
    """Return how many bytes of DER the entries of an issuer's CRL may take together, so that Roles Anywhere takes it.

    What surrounds them is the issuer's name, two extensions, and a signature of 512 bytes at most (RSA-4096).
    """
    line = 64 + 1  # characters of PEM, with the line's end, for 48 bytes (RFC 7468 section 2)
    lines = SIZE_LIMIT // line - 2  # without the first and the last
    return lines * 48 - len(issuer.subject.public_bytes()) - _SURROUNDINGS


def entry_size(serial_number: int, revocation: Revocation) -> int:
    """Return how many bytes of DER an entry takes (RFC 5280 section 5.1).

    That is a sequence of the serial number, the time, and extensions if a reason is given.
    """
    integer = 2 + serial_number.bit_length() // 8 + 1  # a top bit that is set takes one byte more
    moment = 15 if revocation.moment.year < 2050 else 17  # UTCTime, GeneralizedTime
    reason = 0 if revocation.reason == "unspecified" else 14
    return 2 + integer + moment + reason


def check_size(pem: str) -> None:
    """Check that Roles Anywhere takes a CRL of this size.

    :raises CertificateError: it is too large.
    """
    size = len(pem.encode())
    if size > SIZE_LIMIT:
        raise CertificateError(
            f"The CRL has {size} bytes where Roles Anywhere takes {SIZE_LIMIT}: disable the trust anchor or deny the "
            "hosts on the role, and move the fleet to a new issuing CA."
        )


def may_sign(issuer: x509.Certificate) -> bool:
    """Say whether a CA certificate allows its key to sign CRLs (keyUsage cRLSign)."""
    key_usage = certificates.find(issuer.extensions, x509.KeyUsage)
    return key_usage is not None and key_usage.crl_sign


def builder(
    issuer: x509.Certificate,
    crl_number: int,
    revoked: Mapping[int, Revocation],
    this_update: datetime,
    next_update: datetime,
) -> x509.CertificateRevocationListBuilder:
    """Prepare a CRL for the issuer's signature. An unspecified reason is left out (RFC 5280 section 5.3.1)."""
    entries = []
    for serial_number, revocation in revoked.items():
        entry = x509.RevokedCertificateBuilder(serial_number, revocation.moment)
        if revocation.reason != x509.ReasonFlags.unspecified.value:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(revocation.reason)), critical=False)
        entries.append(entry.build())
    return (
        x509.CertificateRevocationListBuilder(issuer.subject, this_update, next_update, revoked_certificates=entries)
        .add_extension(x509.CRLNumber(crl_number), critical=False)
        .add_extension(certificates.authority_key_identifier(issuer), critical=False)
    )


def _extensions(crl: x509.CertificateRevocationList) -> x509.Extensions:
    try:
        return crl.extensions
    except (ValueError, x509.DuplicateExtension):
        raise CertificateError("The CRL has extensions that cannot be read: sign it anew.") from None


def _verifies(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(keys.accepted(issuer.public_key()))
    except (CertificateError, ValueError, UnsupportedAlgorithm):
        return False
