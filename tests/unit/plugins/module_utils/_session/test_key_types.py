# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public key tells its type by how it begins."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import key_type_of
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def rsa_key(bits):
    """Return a public key of that size whose primes nobody had to look for."""
    return rsa.RSAPublicNumbers(65537, 2 ** (bits - 1) + 1).public_key()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (ec.generate_private_key(ec.SECP256R1()).public_key(), "ECDSA-P256"),
        (ec.generate_private_key(ec.SECP384R1()).public_key(), "ECDSA-P384"),
        (ec.generate_private_key(ec.SECP521R1()).public_key(), "another type"),
        (ec.generate_private_key(ec.SECP256K1()).public_key(), "another type"),
        (ed25519.Ed25519PrivateKey.generate().public_key(), "another type"),
        (rsa_key(2048), "RSA-2048"),
        (rsa_key(3072), "RSA-3072"),
        (rsa_key(4096), "RSA-4096"),
        (rsa_key(2056), "another type"),
    ],
)
def test_the_type_of_a_public_key(key, name):
    assert key_type_of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)) == name
