# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private key in a token, which answers to cryptography's interface as far as the X.509 builders ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .errors import AuthorityError
from .token_answers import explained

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
except ImportError:
    pass  # library.check tells the user

if TYPE_CHECKING:
    import pkcs11
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import keys

# The beginning of a DigestInfo, before the digest (RFC 8017 section 9.2, note 1).
_DIGEST_INFOS = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


class EllipticCurveTokenKey:
    """An ECDSA key; *name* begins the sentence of a refusal."""

    def __init__(self, handle: pkcs11.SignMixin, public_key: ec.EllipticCurvePublicKey, name: str) -> None:
        self._handle = handle
        self._public_key = public_key
        self._name = name

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public key."""
        return self._public_key

    def sign(self, data: bytes, signature_algorithm: ec.ECDSA) -> bytes:
        """Sign data that is hashed here: a CRL is too long for many a token.

        :raises AuthorityError: the token refuses.
        """
        import pkcs11
        from pkcs11.util.ec import encode_ecdsa_signature

        algorithm = cast(hashes.HashAlgorithm, signature_algorithm.algorithm)
        with explained(self._name):
            signature = self._handle.sign(_digest(data, algorithm), mechanism=pkcs11.Mechanism.ECDSA)
        return encode_ecdsa_signature(signature)


class RSATokenKey:
    """An RSA key for signatures of PKCS #1 version 1.5; *name* begins the sentence of a refusal."""

    def __init__(self, handle: pkcs11.SignMixin, public_key: rsa.RSAPublicKey, name: str) -> None:
        self._handle = handle
        self._public_key = public_key
        self._name = name

    def public_key(self) -> rsa.RSAPublicKey:
        """The public key."""
        return self._public_key

    def sign(self, data: bytes, _padding: padding.PKCS1v15, algorithm: hashes.HashAlgorithm) -> bytes:
        """Sign data that is hashed here: a CRL is too long for many a token.

        :raises AuthorityError: the token refuses.
        """
        import pkcs11

        digest_info = _DIGEST_INFOS[algorithm.name] + _digest(data, algorithm)
        with explained(self._name):
            return self._handle.sign(digest_info, mechanism=pkcs11.Mechanism.RSA_PKCS)


def private_key(handle: pkcs11.PrivateKey, public_key: keys.PublicKey, name: str) -> keys.PrivateKey:
    """Pair a private key in a token with the public key that is said to be its own.

    :raises AuthorityError: it may not sign.
    """
    import pkcs11

    if not isinstance(handle, pkcs11.SignMixin):
        raise AuthorityError(f"{name}: it may not (CKA_SIGN); give the label of a key that may.")
    # Registered rather than derived: what the token does not do (private_bytes, exchange) is not there at all.
    if isinstance(public_key, rsa.RSAPublicKey):
        rsa.RSAPrivateKey.register(RSATokenKey)
        return cast("keys.PrivateKey", RSATokenKey(handle, public_key, name))
    ec.EllipticCurvePrivateKey.register(EllipticCurveTokenKey)
    return cast("keys.PrivateKey", EllipticCurveTokenKey(handle, public_key, name))


def belongs(private_key: keys.PrivateKey) -> bool:
    """Say whether the private key signs what its public key verifies."""
    public_key, message, sha256 = private_key.public_key(), b"fleet.rolesanywhere", hashes.SHA256()
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            signature = cast("rsa.RSAPrivateKey", private_key).sign(message, padding.PKCS1v15(), sha256)
            public_key.verify(signature, message, padding.PKCS1v15(), sha256)
        else:
            signature = cast("ec.EllipticCurvePrivateKey", private_key).sign(message, ec.ECDSA(sha256))
            public_key.verify(signature, message, ec.ECDSA(sha256))
    except InvalidSignature:
        return False
    return True


def _digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()
