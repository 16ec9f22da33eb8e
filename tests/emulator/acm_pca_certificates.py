# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IssueCertificate and GetCertificate."""

from __future__ import annotations

import secrets
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from . import acm_pca_crls, acm_pca_extensions, acm_pca_templates, acm_pca_validity
from .acm_pca_algorithms import digest, is_acceptable
from .acm_pca_call import Call, check_status, find, once
from .acm_pca_errors import PrivateCaError
from .acm_pca_names import distinguished_name
from .acm_pca_ripening import Ripening
from .acm_pca_state import IssuedCertificate, PrivateCa
from .acm_pca_templates import Template


def issue(call: Call) -> dict[str, Any]:
    """IssueCertificate."""
    authority = find(call)
    return {"CertificateArn": once(call, lambda: _issue(call, authority), "IssueCertificate", authority.arn)}


def get(call: Call) -> dict[str, Any]:
    """GetCertificate: it is in the making for a while."""
    authority = find(call)
    check_status(authority, "ACTIVE", "DISABLED", "EXPIRED", "PENDING_CERTIFICATE")
    arn = call.values["CertificateArn"]
    issued = next((issued for issued in authority.issued.values() if issued.arn == arn), None)
    if issued is None:
        raise PrivateCaError("ResourceNotFoundException", f"Could not find certificate {arn}.")
    if not issued.making.look(call.now):
        raise PrivateCaError("RequestInProgressException", f"The request for the certificate {arn} is in progress.")
    above = [] if issued.certificate.issuer == issued.certificate.subject else [authority.certificate, *authority.chain]
    return {
        "Certificate": pem(issued.certificate),
        "CertificateChain": "\n".join(pem(certificate) for certificate in above if certificate) or None,
    }


def pem(certificate: x509.Certificate) -> str:
    """Write a certificate as this service does: without the line's end at the end."""
    return certificate.public_bytes(Encoding.PEM).decode().rstrip("\n")


def _issue(call: Call, authority: PrivateCa) -> str:
    values = call.values
    template = acm_pca_templates.find(values.get("TemplateArn"), call.partition)
    check_status(authority, "ACTIVE", *(["PENDING_CERTIFICATE"] if template.self_signed else []))
    hash_algorithm = digest(values["SigningAlgorithm"], authority.private_key)
    csr = _read_request(values["Csr"])
    _check_place(authority, template, csr)
    start = acm_pca_validity.not_before(values.get("ValidityNotBefore"), call.now).replace(microsecond=0)
    end = acm_pca_validity.not_after(values["Validity"], call.now).replace(microsecond=0)
    issuer = None if template.self_signed else authority.certificate
    short_lived = authority.usage_mode == "SHORT_LIVED_CERTIFICATE" and not template.authority
    acm_pca_validity.check(start, end, issuer and issuer.not_valid_after_utc, call.now, short_lived)
    passed = values.get("ApiPassthrough", {}) if "api" in template.passthroughs else {}
    subject = distinguished_name(passed["Subject"]) if "Subject" in passed else csr.subject
    builder = x509.CertificateBuilder(
        issuer.subject if issuer else subject, subject, csr.public_key(), secrets.randbits(127) | 1, start, end
    )
    own = _own_extensions(authority, csr, issuer)
    for found in acm_pca_extensions.collect(template, own, passed.get("Extensions", {}), csr):
        builder = builder.add_extension(found.value, found.critical)
    try:
        certificate = builder.sign(authority.private_key, hash_algorithm)
    except ValueError as error:
        raise PrivateCaError("InvalidArgsException", f"The certificate cannot be made: {error}") from None
    return _remember(call, authority, certificate)


def _remember(call: Call, authority: PrivateCa, certificate: x509.Certificate) -> str:
    arn = f"{authority.arn}/certificate/{certificate.serial_number:032x}"
    making = Ripening.begin(call.switches.private_ca_issuing_looks, call.switches.private_ca_issuing_seconds, call.now)
    authority.issued[certificate.serial_number] = IssuedCertificate(arn, certificate, making)
    if authority.crl is None and certificate.issuer != certificate.subject:
        acm_pca_crls.plan(call, authority)
    return arn


def _read_request(data: bytes) -> x509.CertificateSigningRequest:
    try:
        csr = x509.load_pem_x509_csr(data)
        is_good = csr.is_signature_valid and is_acceptable(csr.public_key())
        named = csr.subject or any(found.oid == x509.OID_SUBJECT_ALTERNATIVE_NAME for found in csr.extensions)
    except (ValueError, UnsupportedAlgorithm):
        raise PrivateCaError("MalformedCSRException", "The CSR cannot be read.") from None
    if not is_good:
        raise PrivateCaError("MalformedCSRException", "The CSR is not signed with its own key, or its key is weak.")
    if not list(csr.subject) and not named:
        raise PrivateCaError(
            "MalformedCSRException", "A CSR must provide either a subject name or a subject alternative name."
        )
    return csr


def _check_place(authority: PrivateCa, template: Template, csr: x509.CertificateSigningRequest) -> None:
    """Refuse a CA certificate that has no place under this CA; sentences and code are inventions."""
    if template.self_signed:
        if authority.kind != "ROOT" or csr.public_key() != authority.private_key.public_key():
            raise PrivateCaError("InvalidArgsException", "Only a root CA can sign its own certificate.")
        return
    allowed = authority.certificate and authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    length = allowed and allowed.value.path_length
    if template.authority and length is not None and (template.path_length or 0) >= length:
        raise PrivateCaError("ValidationException", "The path length exceeds that of the certificate authority.")


def _own_extensions(
    authority: PrivateCa, csr: x509.CertificateSigningRequest, issuer: x509.Certificate | None
) -> list[acm_pca_extensions.Extension]:
    own = [acm_pca_templates.extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), critical=False)]
    if issuer:
        own.append(acm_pca_templates.extension(acm_pca_crls.key_identifier(issuer), critical=False))
        key = acm_pca_crls.object_key(authority)
        own += acm_pca_extensions.distribution_point(authority.revocation_configuration, authority.region, key)
    return own
