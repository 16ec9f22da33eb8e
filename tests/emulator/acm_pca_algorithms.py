# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and signatures of a CA: which it has, and which belong together (reference §8.1)."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .acm_pca_errors import PrivateCaError

_CURVES = {"EC_prime256v1": ec.SECP256R1(), "EC_secp384r1": ec.SECP384R1(), "EC_secp521r1": ec.SECP521R1()}
_RSA_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
# SM2 and ML-DSA need what cryptography has not, or what no client here can use.
_DIGESTS = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}


def make_key(algorithm: str) -> Any:
    """Make a CA's private key; raises PrivateCaError for an algorithm that the emulator has not."""
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    if algorithm in _RSA_BITS:
        return rsa.generate_private_key(65537, _RSA_BITS[algorithm])
    raise PrivateCaError("InvalidArgsException", f"The key algorithm {algorithm} is not supported here.")


def digest(signing_algorithm: str, private_key: Any) -> hashes.HashAlgorithm:
    """Tell what a key hashes with; raises PrivateCaError when the family is not the key's."""
    name, _, family = signing_algorithm.partition("WITH")
    wanted = "RSA" if isinstance(private_key, rsa.RSAPrivateKey) else "ECDSA"
    if family != wanted or name not in _DIGESTS:
        raise PrivateCaError(
            "InvalidArgsException",
            f"The signing algorithm {signing_algorithm} does not match the key of the certificate authority.",
        )
    return _DIGESTS[name]


def is_acceptable(public_key: object) -> bool:
    """Tell whether a key may be certified."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return public_key.key_size >= min(_RSA_BITS.values())
    return isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in {
        curve.name for curve in _CURVES.values()
    }
