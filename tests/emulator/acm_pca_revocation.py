# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""RevokeCertificate (reference §8.3)."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from . import acm_pca_crls
from .acm_pca_call import Call, check_status, find
from .acm_pca_errors import PrivateCaError

_REASONS = {
    "UNSPECIFIED": x509.ReasonFlags.unspecified,
    "KEY_COMPROMISE": x509.ReasonFlags.key_compromise,
    "CERTIFICATE_AUTHORITY_COMPROMISE": x509.ReasonFlags.ca_compromise,
    "AFFILIATION_CHANGED": x509.ReasonFlags.affiliation_changed,
    "SUPERSEDED": x509.ReasonFlags.superseded,
    "CESSATION_OF_OPERATION": x509.ReasonFlags.cessation_of_operation,
    "PRIVILEGE_WITHDRAWN": x509.ReasonFlags.privilege_withdrawn,
    "A_A_COMPROMISE": x509.ReasonFlags.aa_compromise,
}


def revoke(call: Call) -> dict[str, Any]:
    """RevokeCertificate: an empty answer."""
    authority = find(call)
    check_status(authority, "ACTIVE")
    serial = call.values["CertificateSerial"]
    try:
        issued = authority.issued.get(int(serial.replace(":", ""), 16))
    except ValueError:
        raise PrivateCaError("InvalidRequestException", f"{serial} is no serial number in hexadecimal.") from None
    if issued is None:
        raise PrivateCaError("ResourceNotFoundException", f"Could not find a certificate with the serial {serial}.")
    if issued.certificate.issuer == issued.certificate.subject:
        raise PrivateCaError("InvalidRequestException", "A root CA's self-signed certificate cannot be revoked.")
    if not issued.making.is_ripe(call.now):
        raise PrivateCaError("RequestInProgressException", "The request for the certificate is in progress.")
    if issued.revoked_at:
        raise PrivateCaError("RequestAlreadyProcessedException", f"Certificate {serial} has already been revoked.")
    issued.revoked_at, issued.reason = call.now, _REASONS[call.values["RevocationReason"]]
    acm_pca_crls.plan(call, authority)
    return {}
