# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA is asked to sign, and whether what it handed back is that: CA certificates and workload certificates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from . import certificates, keys
from .times import iso

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError:
    pass  # library.check tells the user

# Clocks differ: a certificate is valid a little before it was made.
AUTHORITY_BACKDATE = timedelta(days=1)
WORKLOAD_BACKDATE = timedelta(minutes=5)

# sha256, sha384 and sha512WithRSAEncryption (RFC 4055), ecdsa-with-SHA256, -384 and -512 (RFC 5758); no RSA-PSS.
_SIGNATURES = frozenset(
    [f"1.2.840.113549.1.1.{number}" for number in (11, 12, 13)]
    + [f"1.2.840.10045.4.3.{number}" for number in (2, 3, 4)]
)


class Validity(NamedTuple):
    """From when to when a certificate is valid, in whole seconds of UTC."""

    not_before: datetime
    not_after: datetime


class WantedCertificate(NamedTuple):
    """A workload's certificate as the controller wants it; only the key comes from the workload.

    *public_key_info* is the key as SubjectPublicKeyInfo in DER.
    """

    subject: x509.Name
    alternative_names: list[x509.GeneralName]
    public_key_info: bytes
    public_key_fingerprint: str
    validity: Validity


def authority_builder(
    subject: x509.Name,
    public_key: keys.PublicKey,
    path_length: int,
    validity: Validity,
    issuer: x509.Certificate | None,
) -> x509.CertificateBuilder:
    """Prepare a CA certificate for the signature of *issuer*, or of its own key when there is none."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(certificates.new_serial_number())
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if issuer:
        builder = builder.add_extension(certificates.authority_key_identifier(issuer), critical=False)
    return builder


def workload_template(issuer: x509.Certificate) -> x509.CertificateBuilder:
    """Prepare what all workload certificates of an issuer have in common; made once for a batch."""
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(certificates.authority_key_identifier(issuer), critical=False)
    )


def workload_builder(template: x509.CertificateBuilder, wanted: WantedCertificate) -> x509.CertificateBuilder:
    """Complete the template with one workload's names, key and validity.

    The key identifier is the SHA-256 of the key (RFC 7093 section 2, method 4), the one that the ledger has too.
    """
    key_identifier = x509.SubjectKeyIdentifier(bytes.fromhex(wanted.public_key_fingerprint))
    builder = (
        template.subject_name(wanted.subject)
        .public_key(keys.load_public_key_info(wanted.public_key_info))
        .serial_number(certificates.new_serial_number())
        .not_valid_before(wanted.validity.not_before)
        .not_valid_after(wanted.validity.not_after)
        .add_extension(key_identifier, critical=False)
    )
    if wanted.alternative_names:
        builder = builder.add_extension(x509.SubjectAlternativeName(wanted.alternative_names), critical=False)
    return builder


def why_not_wanted(certificate: x509.Certificate, wanted: WantedCertificate, issuer: x509.Certificate) -> str | None:
    """Say how a certificate differs from what was wanted of this issuer, its dates aside, or None.

    Every signer's answer is looked at as a stranger's would be, our own included.
    """
    if certificate.version is not x509.Version.v3:
        return "it is not of version 3"
    try:
        extensions = certificate.extensions
        public_key_info = keys.public_key_info(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return "it cannot be read"
    if public_key_info != wanted.public_key_info:
        return "it is for another key"
    if certificate.subject != wanted.subject:
        return f"its subject is {certificates.describe(certificate.subject)}"
    alternative_names = certificates.find(extensions, x509.SubjectAlternativeName)
    if list(alternative_names or []) != wanted.alternative_names:
        return "its alternative names are others"
    return _why_not_of_a_workload(extensions) or _why_not_issued_by(certificate, issuer)


def why_not_within(certificate: x509.Certificate, validity: Validity) -> str | None:
    """Say that a certificate is valid outside of the time that was asked for, or None."""
    if certificate.not_valid_before_utc < validity.not_before or certificate.not_valid_after_utc > validity.not_after:
        return f"it is valid from {iso(certificate.not_valid_before_utc)} to {iso(certificate.not_valid_after_utc)}"
    return None


def _why_not_of_a_workload(extensions: x509.Extensions) -> str | None:
    basic_constraints = certificates.find(extensions, x509.BasicConstraints)
    if basic_constraints is not None and basic_constraints.ca:
        return "it is a CA certificate"
    key_usage = certificates.find(extensions, x509.KeyUsage)
    if key_usage is None or not key_usage.digital_signature:
        return "its key may not make digital signatures"
    if key_usage.key_cert_sign or key_usage.crl_sign:
        return "its key may sign certificates or CRLs"
    usages = certificates.find(extensions, x509.ExtendedKeyUsage)
    if usages is None or ExtendedKeyUsageOID.CLIENT_AUTH not in usages:
        return "it is not for clients (extendedKeyUsage clientAuth is missing)"
    return None


def _why_not_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    if certificate.signature_algorithm_oid.dotted_string not in _SIGNATURES:
        return "it is not signed with ECDSA or RSA (PKCS #1) and SHA-256, SHA-384 or SHA-512"
    if not certificates.is_issued_by(certificate, issuer):
        return f"it was not issued by {certificates.describe(issuer.subject)}"
    return None


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
