# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ImportCrl and UpdateCrl take (reference §1.10, §3.3).

What AWS verifies at import is not documented (§9.6): all of it is the strict side, and its sentences are inventions.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from .anchor_certificates import STRONG_DIGESTS, may
from .errors import ServiceError
from .switches import Switches


def read_crl(data: bytes, certificates: list[x509.Certificate], switches: Switches) -> x509.CertificateRevocationList:
    """Read a CRL for an anchor that holds these certificates; raises ValidationException."""
    crl = _parse(data, switches.crl_der_accepted)
    if switches.crl_verified_at_import:
        reason = objection(crl, certificates, switches.now())
        if reason:
            raise ServiceError("ValidationException", reason)
    return crl


def _parse(data: bytes, der_accepted: bool) -> x509.CertificateRevocationList:
    try:
        if data.count(b"-----BEGIN X509 CRL-----") == 1:
            return x509.load_pem_x509_crl(data)
        if der_accepted:
            return x509.load_der_x509_crl(data)
    except ValueError:
        pass
    raise ServiceError("ValidationException", "Unable to parse the certificate revocation list")


def objection(crl: x509.CertificateRevocationList, certificates: list[x509.Certificate], now: datetime) -> str | None:
    """Tell why an anchor cannot rely on a CRL, or None."""
    try:
        extensions = crl.extensions
        digest = crl.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "Unable to parse the certificate revocation list"
    if not isinstance(digest, STRONG_DIGESTS):
        return "Unsupported signature algorithm of CRL"
    if not any(extension.oid == x509.ExtensionOID.CRL_NUMBER for extension in extensions):
        return "The CRL has no CRL number"
    if any(extension.critical for extension in extensions):
        return "The CRL has a critical extension"
    if not any(_is_signed_by(crl, certificate) for certificate in certificates):
        return "The CRL is not signed by a certificate of the trust anchor that may sign CRLs"
    if crl.last_update_utc > now:
        return "The CRL is not valid yet"
    if crl.next_update_utc is None or crl.next_update_utc <= now:
        return "The CRL is past its next update"
    return None


def _is_signed_by(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    return (
        crl.issuer == certificate.subject
        and may(certificate.extensions, "crl_sign")
        and crl.is_signature_valid(certificate.public_key())
    )
