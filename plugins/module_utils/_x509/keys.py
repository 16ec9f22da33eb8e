# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private and public keys: which are accepted, how they are made, and how a private key is written and read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Callable, Union

from .errors import CertificateError

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    pass  # library.check tells the user

if TYPE_CHECKING:
    from typing import TypeGuard

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    PrivateKey = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]
    PublicKey = Union[ec.EllipticCurvePublicKey, rsa.RSAPublicKey]

# The key types that a CA of ours can have.
KEY_TYPES: dict[str, Callable[[], PrivateKey]] = {
    "ECDSA-P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA-P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA-4096": lambda: rsa.generate_private_key(65537, 4096),
}

_CURVES = {"secp256r1": "ECDSA-P256", "secp384r1": "ECDSA-P384", "secp521r1": "ECDSA-P521"}
_RSA_BITS = range(2048, 4096 + 1)
_ADVICE = "use ECDSA P-256, P-384 or P-521, or RSA 2048 to 4096"


def accepted(public_key: object) -> PublicKey:
    """Return the public key when it is of an accepted kind: ECDSA P-256, P-384, P-521 or RSA of 2048 to 4096 bits.

    :raises CertificateError: for every other key.
    """
    if _is_accepted(public_key):
        return public_key
    raise CertificateError(f"A key of type {_describe(public_key)} is not accepted: {_ADVICE}.")


def key_type(public_key: PublicKey) -> str:
    """Name an accepted key as the option key_type does, for example ``ECDSA-P256`` or ``RSA-3072``."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"RSA-{public_key.key_size}"
    return _CURVES[public_key.curve.name]


def signature_hash(public_key: PublicKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """Choose the hash that the holder of this key signs with: as strong as the curve (RFC 5480 section 4)."""
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name == "secp384r1":
        return hashes.SHA384()
    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name == "secp521r1":
        return hashes.SHA512()
    return hashes.SHA256()


def public_key_info(public_key: CertificatePublicKeyTypes) -> bytes:
    """Encode a public key as SubjectPublicKeyInfo in DER."""
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key_fingerprint(public_key: PublicKey) -> str:
    """Return the SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal."""
    return fingerprint(public_key_info(public_key))


def fingerprint(info: bytes) -> str:
    """Return the SHA-256 of a SubjectPublicKeyInfo in DER in lower-case hexadecimal."""
    return hashlib.sha256(info).hexdigest()


def load_public_key_info(info: bytes) -> PublicKey:
    """Read a public key that :func:`public_key_info` wrote.

    :raises CertificateError: it is not of an accepted kind.
    """
    return accepted(serialization.load_der_public_key(info))


def to_pem(private_key: PrivateKey, passphrase: bytes | None) -> bytes:
    """Write a private key as PKCS #8 in PEM, encrypted when there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def load_private_key(pem: bytes, passphrase: bytes | None) -> PrivateKey:
    """Read a private key in PEM.

    :raises CertificateError: the end of a sentence that begins with the key's path, and says what is wrong with the
        passphrase or the key. It never carries the library's own text, which could quote what it was given.
    """
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise CertificateError("is encrypted: give its passphrase")
    try:
        private_key = serialization.load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "cannot be decrypted: the passphrase is wrong or the file is damaged" if encrypted else "is damaged"
        raise CertificateError(reason) from None
    if not isinstance(private_key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise CertificateError("is neither an ECDSA nor an RSA key")
    if not _is_accepted(private_key.public_key()):
        raise CertificateError(f"is of type {_describe(private_key.public_key())}, which is not accepted: {_ADVICE}")
    return private_key


def _is_accepted(public_key: object) -> TypeGuard[PublicKey]:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return public_key.curve.name in _CURVES
    return isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size in _RSA_BITS


def _describe(public_key: object) -> str:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return f"ECDSA on {public_key.curve.name}"
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"RSA-{public_key.key_size}"
    return type(public_key).__name__.replace("PublicKey", "")
