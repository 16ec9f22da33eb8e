# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: read them, describe them, and say whether one can be a trust anchor of Roles Anywhere."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from . import keys
from .errors import CertificateError
from .times import iso

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import NameOID
except ImportError:
    pass  # library.check tells the user

if TYPE_CHECKING:
    Extension = TypeVar("Extension", bound=x509.ExtensionType)

# NIST CSOR: id-ml-dsa-44, -65 and -87, which Roles Anywhere accepts in anchors and whose signatures name no hash.
_ML_DSA = frozenset(f"2.16.840.1.101.3.4.3.{number}" for number in (17, 18, 19))
# RFC 3279 section 2.3: rsaEncryption and id-ecPublicKey.
_RSA_OR_EC = frozenset(("1.2.840.113549.1.1.1", "1.2.840.10045.2.1"))
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_SIGNATURE_HASHES = ("sha256", "sha384", "sha512")


def load_pem_bundle(pem: str, what: str = "The text") -> list[x509.Certificate]:
    """Read the certificates of a PEM text, in their order.

    :param what: how the text is called in the error's sentence.
    :raises CertificateError: there is none, or one cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise CertificateError(f"{what} is not one or more certificates in PEM: {_reason(error)}.") from None


def load_file(content: bytes, what: str) -> list[x509.Certificate]:
    """Read the certificates of a file: one or more in PEM, in their order, or one in DER.

    :param what: how the file is called in the error's sentence.
    :raises CertificateError: there is none, or one cannot be read.
    """
    try:
        return [x509.load_der_x509_certificate(content)]
    except ValueError:
        return load_pem_bundle(content.decode("utf-8", errors="replace"), what)


def load(pem: str) -> x509.Certificate:
    """Read a PEM text that holds exactly one certificate.

    :raises CertificateError: there is none, there are several, or it cannot be read.
    """
    certificates = load_pem_bundle(pem)
    if len(certificates) != 1:
        raise CertificateError(f"One certificate in PEM is wanted, but there are {len(certificates)}.")
    return certificates[0]


def to_pem(certificate: x509.Certificate) -> str:
    """Write a certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate's DER in lower-case hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def new_serial_number() -> int:
    """Make a random serial number of exactly 16 bytes: top bits 01, so that its DER never grows or shrinks."""
    return secrets.randbits(126) | 1 << 126


def serial_hex(serial_number: int) -> str:
    """Write a serial number as Roles Anywhere names a session: lower-case hexadecimal of its two's-complement bytes."""
    return serial_number.to_bytes(serial_number.bit_length() // 8 + 1).hex()


def normal_serial(text: str) -> str:
    """Write a serial number in hexadecimal as :func:`serial_hex` does, whatever zeros, case and colons it was given.

    What is no such number comes back as it is: nothing will be found under it.
    """
    digits = text.replace(":", "")
    return serial_hex(int(digits, 16)) if _HEXADECIMAL.fullmatch(digits) else text


def describe(name: x509.Name) -> str:
    """Write a distinguished name in the notation of RFC 4514."""
    return name.rfc4514_string()


def common_names(certificate: x509.Certificate) -> list[str]:
    """Return the common names of a certificate's subject; a good one has exactly one."""
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def facts(certificate: x509.Certificate) -> dict[str, str]:
    """Say what tells a certificate from others and when it is valid, for the result of a module.

    :raises CertificateError: its names cannot be read.
    """
    try:
        names = {"subject": describe(certificate.subject), "issuer": describe(certificate.issuer)}
    except ValueError as error:
        raise CertificateError(f"The names of the certificate cannot be read: {_reason(error)}.") from None
    return {
        **names,
        "serial": serial_hex(certificate.serial_number),
        "not_before": iso(certificate.not_valid_before_utc),
        "not_after": iso(certificate.not_valid_after_utc),
        "fingerprint": fingerprint(certificate),
    }


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Say whether a certificate names itself as issuer and is signed with its own key."""
    return is_issued_by(certificate, certificate)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether a certificate names another one as its issuer, byte for byte, and is signed with that one's key."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def why_not_authority(certificate: x509.Certificate) -> str | None:
    """Say why a certificate cannot sign others in the eyes of Roles Anywhere, or None when it can.

    Source: IAM Roles Anywhere user guide, trust model; RFC 5280 section 4.2.1.
    """
    if certificate.version is not x509.Version.v3:
        return "is not an X.509 version 3 certificate"
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return "has extensions that cannot be read"
    basic_constraints = find(extensions, x509.BasicConstraints)
    if basic_constraints is None or not basic_constraints.ca:
        return "is no CA certificate (basicConstraints CA:TRUE is missing)"
    key_usage = find(extensions, x509.KeyUsage)
    if key_usage is None or not key_usage.key_cert_sign:
        return "may not sign certificates (keyUsage keyCertSign is missing)"
    return _why_not_algorithms(certificate)


def check_anchor_certificate(certificate: x509.Certificate, now: datetime | None = None) -> None:
    """Check that Roles Anywhere can take a certificate into a trust anchor.

    :param now: the time to check the dates against; the present when left out.
    :raises CertificateError: says what is wrong with it.
    """
    now = now or datetime.now(timezone.utc)
    reason = why_not_authority(certificate)
    if reason is None and certificate.not_valid_after_utc <= now:
        reason = f"expired on {iso(certificate.not_valid_after_utc)}"
    if reason is None and certificate.not_valid_before_utc > now:
        reason = f"is not valid before {iso(certificate.not_valid_before_utc)}"
    if reason:
        raise CertificateError(
            f"The certificate {describe(certificate.subject) or 'without subject'} {reason}: "
            "a trust anchor needs another CA certificate."
        )


def path_length(authority: x509.Certificate) -> int | None:
    """Return how many CAs may stand between a CA and a workload's certificate, or None when there is no limit."""
    constraints = find(authority.extensions, x509.BasicConstraints)
    return constraints.path_length if constraints else None


def public_key_fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal, or nothing when no library reads it."""
    try:
        encoded = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return hashlib.sha256(encoded).hexdigest()


def authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Copy the issuer's SubjectKeyIdentifier: computing it anew would break a chain made with another method.

    :raises CertificateError: the issuer has none.
    """
    identifier = find(issuer.extensions, x509.SubjectKeyIdentifier)
    if identifier is None:
        raise CertificateError(f"The CA certificate {describe(issuer.subject)} has no subjectKeyIdentifier.")
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def has_accepted_hash(signed: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """Say whether a certificate or CRL is signed with SHA-256, SHA-384 or SHA-512."""
    try:
        algorithm = signed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    return algorithm is not None and algorithm.name in _SIGNATURE_HASHES


def find(extensions: x509.Extensions, kind: type[Extension]) -> Extension | None:
    """Return the value of an extension, or None when it is absent."""
    for extension in extensions:
        # isinstance would ask the abstract class, which takes ten times as long.
        if extension.value.__class__ is kind:
            return extension.value
    return None


def _why_not_algorithms(certificate: x509.Certificate) -> str | None:
    algorithm = certificate.public_key_algorithm_oid.dotted_string
    if algorithm in _RSA_OR_EC:
        try:
            keys.accepted(certificate.public_key())
        except (CertificateError, ValueError, UnsupportedAlgorithm):
            return "has a key that is neither ECDSA P-256, P-384, P-521 nor RSA of 2048 to 4096 bits"
    elif algorithm not in _ML_DSA:
        return "has a key that is neither RSA, ECDSA nor ML-DSA"
    if certificate.signature_algorithm_oid.dotted_string in _ML_DSA or has_accepted_hash(certificate):
        return None
    return "is not signed with SHA-256, SHA-384 or SHA-512"


def _reason(error: ValueError) -> str:
    """Return the library's reason, without its address for more details, which is about other mistakes."""
    reason = re.sub(r"\s*See https?://\S+ for more details\.", "", str(error)).rstrip(".")
    return reason.splitlines()[0] if reason else "nothing was found"
