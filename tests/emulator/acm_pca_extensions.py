# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The extensions of a certificate: from its template, the CA, the API and the CSR, each before the next.

AWS Private CA user guide, "Template order of operations". Whether a key usage from the API is critical is not
documented: it is not here, which is the side on which a client has less.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from .acm_pca_errors import PrivateCaError
from .acm_pca_names import general_name
from .acm_pca_templates import Template, extension, key_usage

Extension = x509.Extension[x509.ExtensionType]

_USAGES = {
    "DigitalSignature": "digital_signature",
    "NonRepudiation": "content_commitment",
    "KeyEncipherment": "key_encipherment",
    "DataEncipherment": "data_encipherment",
    "KeyAgreement": "key_agreement",
    "KeyCertSign": "key_cert_sign",
    "CRLSign": "crl_sign",
    "EncipherOnly": "encipher_only",
    "DecipherOnly": "decipher_only",
}
_EXTENDED_USAGES = {
    "SERVER_AUTH": ExtendedKeyUsageOID.SERVER_AUTH,
    "CLIENT_AUTH": ExtendedKeyUsageOID.CLIENT_AUTH,
    "CODE_SIGNING": ExtendedKeyUsageOID.CODE_SIGNING,
    "EMAIL_PROTECTION": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "TIME_STAMPING": ExtendedKeyUsageOID.TIME_STAMPING,
    "OCSP_SIGNING": ExtendedKeyUsageOID.OCSP_SIGNING,
    "SMART_CARD_LOGIN": ExtendedKeyUsageOID.SMARTCARD_LOGON,
}
# Only a blank template lets others say what a key is for.
_USAGE_EXTENSIONS = (ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE)


def collect(
    template: Template, own: Iterable[Extension], api: Mapping[str, Any], csr: x509.CertificateSigningRequest
) -> list[Extension]:
    """List the extensions of a certificate; own are those that the CA gives to each. Raises PrivateCaError."""
    sources: list[Iterable[Extension]] = [template.extensions(), own]
    if "api" in template.passthroughs:
        sources.append(_permitted(template, _from_api(api)))
    from_csr = list(csr.extensions)
    if "csr" in template.passthroughs:
        sources.append(_permitted(template, from_csr))
    else:  # every template takes this one from the CSR
        sources.append(found for found in from_csr if found.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    collected: dict[x509.ObjectIdentifier, Extension] = {}
    for source in sources:
        for found in source:
            collected.setdefault(found.oid, found)
    return list(collected.values())


def _permitted(template: Template, extensions: Iterable[Extension]) -> Iterator[Extension]:
    return (found for found in extensions if template.is_blank or found.oid not in _USAGE_EXTENSIONS)


def _from_api(given: Mapping[str, Any]) -> Iterator[Extension]:
    if "KeyUsage" in given:
        usages = tuple(_USAGES[member] for member, value in given["KeyUsage"].items() if value)
        yield extension(key_usage(usages), critical=False)
    if "ExtendedKeyUsage" in given:
        yield extension(x509.ExtendedKeyUsage([_extended(usage) for usage in given["ExtendedKeyUsage"]]), False)
    if "SubjectAlternativeNames" in given:
        names = [general_name(name) for name in given["SubjectAlternativeNames"]]
        yield extension(x509.SubjectAlternativeName(names), critical=False)
    if "CertificatePolicies" in given:
        identifiers = [x509.ObjectIdentifier(policy["CertPolicyId"]) for policy in given["CertificatePolicies"]]
        yield extension(x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in identifiers]), False)
    for custom in given.get("CustomExtensions", ()):
        value = x509.UnrecognizedExtension(
            x509.ObjectIdentifier(custom["ObjectIdentifier"]), base64.b64decode(custom["Value"])
        )
        yield x509.Extension(value.oid, custom.get("Critical", False), value)


def _extended(usage: Mapping[str, str]) -> x509.ObjectIdentifier:
    kind, identifier = usage.get("ExtendedKeyUsageType"), usage.get("ExtendedKeyUsageObjectIdentifier")
    if (kind is None) == (identifier is None) or (kind and kind not in _EXTENDED_USAGES):
        raise PrivateCaError("InvalidArgsException", "An extended key usage must have exactly one known value.")
    return _EXTENDED_USAGES[kind] if kind else x509.ObjectIdentifier(identifier or "")


def distribution_point(configuration: Mapping[str, Any], region: str, key: str) -> list[Extension]:
    """Say where a CA's CRL is, unless it has none or does not tell. key: that of the object in S3."""
    crl = configuration.get("CrlConfiguration", {})
    if not crl.get("Enabled") or crl.get("CrlDistributionPointExtensionConfiguration", {}).get("OmitExtension"):
        return []
    host = crl.get("CustomCname") or f"{crl['S3BucketName']}.s3.{region}.amazonaws.com"
    location = x509.UniformResourceIdentifier(f"http://{host}/{key}")
    point = x509.DistributionPoint(full_name=[location], relative_name=None, reasons=None, crl_issuer=None)
    return [extension(x509.CRLDistributionPoints([point]), critical=False)]
