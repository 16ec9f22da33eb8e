# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trust anchor may hold (reference §3.1).

Only the sentence about basic constraints has been seen; the others are inventions.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .errors import ServiceError

MOST_CERTIFICATES = 2
STRONG_DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_LEAST_RSA_BITS = 2048  # strict side of §9.17
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)  # those of §2.2
_ML_DSA_KEYS = (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey)
_ML_DSA_SIGNATURES = (
    x509.SignatureAlgorithmOID.ML_DSA_44,
    x509.SignatureAlgorithmOID.ML_DSA_65,
    x509.SignatureAlgorithmOID.ML_DSA_87,
)


def read_bundle(pem: str) -> list[x509.Certificate]:
    """Read the certificates of a bundle; raises ValidationException for what cannot be a trust anchor."""
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise _refusal("Unable to parse the certificate bundle") from None
    if len(certificates) > MOST_CERTIFICATES:
        raise _refusal(f"A trust anchor holds at most {MOST_CERTIFICATES} certificates")
    for certificate in certificates:
        reason = objection(certificate)
        if reason:
            raise _refusal(reason)
    return certificates


def normalised(certificates: list[x509.Certificate]) -> str:
    """Write a bundle as the service gives it back: PEM with a final newline (§1.5)."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def objection(certificate: x509.Certificate) -> str | None:
    """Tell why a certificate cannot be a trust anchor's, or None."""
    try:
        extensions = certificate.extensions
        public_key = certificate.public_key()
        digest = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return "Unable to parse the CA certificate"
    if certificate.version is not x509.Version.v3:
        return "The CA certificate is not an X.509 v3 certificate"
    if not is_authority(extensions):
        return "Incorrect basic constraints for CA certificate"
    if not may(extensions, "key_cert_sign"):
        return "Incorrect key usage for CA certificate"
    if not is_strong(public_key):
        return "Unsupported key of CA certificate"
    if not isinstance(digest, STRONG_DIGESTS) and certificate.signature_algorithm_oid not in _ML_DSA_SIGNATURES:
        return "Unsupported signature algorithm of CA certificate"
    return None


def may(extensions: x509.Extensions, usage: str) -> bool:
    """Tell whether the key usage is there and names key_cert_sign, crl_sign …."""
    try:
        return getattr(extensions.get_extension_for_class(x509.KeyUsage).value, usage)
    except x509.ExtensionNotFound:
        return False


def is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def is_strong(public_key: object) -> bool:
    if isinstance(public_key, rsa.RSAPublicKey):
        return public_key.key_size >= _LEAST_RSA_BITS
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return isinstance(public_key.curve, _CURVES)
    return isinstance(public_key, _ML_DSA_KEYS)


def _refusal(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
