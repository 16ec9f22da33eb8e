# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wanted certificate in the words of AWS Private CA's IssueCertificate.

The blank templates with API pass-through are the only ones in which every name and every usage is ours: the others add
keyEncipherment, which RFC 8813 forbids for ECDSA keys, or take names from the request
(https://docs.aws.amazon.com/privateca/latest/userguide/template-definitions.html). A key usage that is named
there gets nine bits, which is no DER, and whether it is critical is not documented. So it is handed over as a custom
extension, as AWS's own example does (https://docs.aws.amazon.com/privateca/latest/userguide/TroubleshootPcaMatter.html).
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance, keys

if TYPE_CHECKING:
    from cryptography import x509

TEMPLATE = "BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1"
ROOT_TEMPLATE = "RootCACertificate/V1"
SUBORDINATE_TEMPLATE = "SubordinateCACertificate_PathLen0/V1"

# https://docs.aws.amazon.com/privateca/latest/userguide/short-lived-certificates.html
SHORT_LIVED = "SHORT_LIVED_CERTIFICATE"
SHORT_LIVED_LIMIT = timedelta(days=7)
# Type String253 of the API; Roles Anywhere itself would take more.
URI_LENGTH = 253

_DIGITAL_SIGNATURE = {
    "ObjectIdentifier": "2.5.29.15",  # keyUsage
    "Value": base64.b64encode(b"\x03\x02\x07\x80").decode(),  # a bit string, its first bit set
    "Critical": True,
}


def template_arn(partition: str, name: str) -> str:
    """Name a template of AWS's, which belongs to no account and no region."""
    return f"arn:{partition}:acm-pca:::template/{name}"


def signing_algorithm(public_key: keys.PublicKey) -> str:
    """Name the algorithm that a CA with this key signs with: the family is the CA's, not the request's."""
    family = "ECDSA" if keys.key_type(public_key).startswith("ECDSA") else "RSA"
    return f"{keys.signature_hash(public_key).name.upper()}WITH{family}"


def why_not(csr: str, wanted: issuance.WantedCertificate) -> str | None:
    """Say why AWS Private CA cannot be asked for a certificate, or None.

    :param csr: the request in PEM, which has been read before.
    """
    if _has_alternative_names(csr):
        # Where the API passes none, those of the request would be taken.
        return "The certificate request carries alternative names: make a new one on the host, without any."
    for given in map(_general_name, wanted.alternative_names):
        uri = given.get("UniformResourceIdentifier", "")
        if len(uri) > URI_LENGTH:
            return f"The URI {uri!r} has {len(uri)} characters where AWS Private CA takes {URI_LENGTH}."
    return None


def asked_at(validity: issuance.Validity) -> datetime:
    """Tell when a certificate was wanted first: it begins a little before."""
    return validity.not_before + issuance.WORKLOAD_BACKDATE


def why_too_long(usage_mode: str, validity: issuance.Validity) -> str | None:
    """Say why a CA in this mode gives no certificate for so long, or None."""
    if usage_mode != SHORT_LIVED or validity.not_after - asked_at(validity) <= SHORT_LIVED_LIMIT:
        return None
    return (
        f"The Private CA is in short-lived mode, where a certificate is valid for {SHORT_LIVED_LIMIT.days} days at "
        f"most: ask for a validity of {SHORT_LIVED_LIMIT.days} days or less."
    )


def names_and_usages(wanted: issuance.WantedCertificate) -> dict[str, Any]:
    """Write the subject, the SANs and what the key is for as ApiPassthrough.

    Custom attributes keep the order of the subject and more than one organizational unit; standard ones do neither.
    """
    extensions: dict[str, Any] = {
        "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "CLIENT_AUTH"}],
        "CustomExtensions": [_DIGITAL_SIGNATURE],
    }
    if wanted.alternative_names:
        extensions["SubjectAlternativeNames"] = [_general_name(name) for name in wanted.alternative_names]
    attributes = [
        {"ObjectIdentifier": attribute.oid.dotted_string, "Value": attribute.value} for attribute in wanted.subject
    ]
    return {"Subject": {"CustomAttributes": attributes}, "Extensions": extensions}


def end_of(usage_mode: str, validity: issuance.Validity) -> datetime:
    """Tell when a certificate is to end: seven days by our clock may be more than seven by AWS's."""
    if usage_mode != SHORT_LIVED:
        return validity.not_after
    return min(validity.not_after, asked_at(validity) + SHORT_LIVED_LIMIT - issuance.WORKLOAD_BACKDATE)


def end_date(moment: datetime) -> dict[str, Any]:
    """Write when a certificate ends, to the second (type Validity, END_DATE as GeneralizedTime without its Z)."""
    return {"Type": "END_DATE", "Value": int(moment.astimezone(timezone.utc).strftime("%Y%m%d%H%M%S"))}


def beginning(moment: datetime) -> dict[str, Any]:
    """Write when a certificate begins: by itself AWS would go back an hour."""
    return {"Type": "ABSOLUTE", "Value": int(moment.timestamp())}


def _has_alternative_names(csr: str) -> bool:
    from cryptography import x509

    extensions = x509.load_pem_x509_csr(csr.encode()).extensions
    return certificates.find(extensions, x509.SubjectAlternativeName) is not None


def _general_name(name: x509.GeneralName) -> dict[str, str]:
    from cryptography import x509

    kind = "DnsName" if isinstance(name, x509.DNSName) else "UniformResourceIdentifier"
    return {kind: str(name.value)}
