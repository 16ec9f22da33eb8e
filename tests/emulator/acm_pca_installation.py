# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""ImportCertificateAuthorityCertificate: what may become a CA's certificate (model, the operation's own text)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from . import anchor_certificates
from .acm_pca_call import Call, change_status, check_status, find
from .acm_pca_errors import PrivateCaError
from .acm_pca_state import PrivateCa


def import_certificate(call: Call) -> dict[str, Any]:
    """ImportCertificateAuthorityCertificate, the first time or for a renewal."""
    authority = find(call)
    if authority.status == "CREATING":
        raise PrivateCaError("RequestInProgressException", "The certificate authority is being created.")
    check_status(authority, "PENDING_CERTIFICATE", "ACTIVE", "DISABLED", "EXPIRED")
    certificates = _read(call.values["Certificate"])
    chain = _read(call.values["CertificateChain"]) if call.values.get("CertificateChain") else []
    if len(certificates) != 1:
        raise PrivateCaError("MalformedCertificateException", "Exactly one certificate must be given.")
    [certificate] = certificates
    reason = why_malformed(certificate, call.now)
    if reason:
        raise PrivateCaError("MalformedCertificateException", reason)
    reason = why_mismatch(authority, certificate, chain, call.now)
    if reason:
        raise PrivateCaError("CertificateMismatchException", reason)
    authority.certificate, authority.chain = certificate, chain
    change_status(call, authority, "DISABLED" if authority.status == "DISABLED" else "ACTIVE")
    return {}


def why_malformed(certificate: x509.Certificate, now: datetime) -> str | None:
    """Tell why a certificate can be no CA's, or None."""
    reason = anchor_certificates.objection(certificate)
    if reason:
        return reason
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    if not constraints.critical:
        return "The basic constraints must be marked critical."
    if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
        return "The certificate is not valid now."
    return None


def why_mismatch(
    authority: PrivateCa, certificate: x509.Certificate, chain: list[x509.Certificate], now: datetime
) -> str | None:
    """Tell why a certificate cannot be this CA's, or None."""
    if certificate.public_key() != authority.private_key.public_key() or certificate.subject != authority.subject:
        return "The certificate is not of this certificate authority's key and subject."
    if authority.kind == "ROOT":
        if chain or not _has_issued(certificate, certificate):
            return "Only a self-signed certificate without a chain can be imported as a root CA."
        return None
    if not chain:
        return "The certificate chain must be supplied when a subordinate CA is imported."
    for below, above in zip((certificate, *chain), (*chain, chain[-1])):
        reason = why_malformed(above, now) or _why_not_under(below, above)
        if reason:
            return reason
    if chain[0] == certificate or _has_issued(certificate, certificate):
        return "A self-signed certificate cannot be imported as a subordinate CA."
    return None


def _why_not_under(below: x509.Certificate, above: x509.Certificate) -> str | None:
    if not _has_issued(above, below):
        return "Each certificate of the chain must sign the one preceding, and a root must end it."
    if below.not_valid_after_utc > above.not_valid_after_utc:
        return "The certificate outlives the one that signed it."
    limit = above.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    own = below.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    if below != above and limit is not None and (limit == 0 or (own is not None and own >= limit)):
        return "The path length of the certificate that signed it does not allow the certificate."
    return None


def _has_issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _read(text: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError:
        raise PrivateCaError("MalformedCertificateException", "The certificate cannot be read.") from None
