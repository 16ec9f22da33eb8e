# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys are accepted, and how a private key is written and read."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import keys
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519


@pytest.mark.parametrize(
    ("private_key", "key_type", "hash_name"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ECDSA-P256", "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "ECDSA-P384", "sha384"),
        (ec.generate_private_key(ec.SECP521R1()), "ECDSA-P521", "sha512"),
        (rsa.generate_private_key(65537, 2048), "RSA-2048", "sha256"),
        (rsa.generate_private_key(65537, 3072), "RSA-3072", "sha256"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_accepted_key(private_key, key_type, hash_name):
    public_key = keys.accepted(private_key.public_key())
    assert keys.key_type(public_key) == key_type
    assert keys.signature_hash(public_key).name == hash_name


@pytest.mark.parametrize(
    ("private_key", "description"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (ed448.Ed448PrivateKey.generate(), "Ed448"),
        (x25519.X25519PrivateKey.generate(), "X25519"),
        (ec.generate_private_key(ec.SECP256K1()), "ECDSA on secp256k1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "ECDSA on brainpoolP256r1"),
        (rsa.generate_private_key(65537, 1024), "RSA-1024"),
        (rsa.generate_private_key(65537, 2040), "RSA-2040"),
        (dsa.generate_private_key(2048), "DSA"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_other_key_is_refused(private_key, description):
    with pytest.raises(CertificateError, match=f"type {description} is not accepted: use ECDSA"):
        keys.accepted(private_key.public_key())


def test_an_rsa_key_above_4096_bits_is_refused():
    numbers = rsa.RSAPublicNumbers(65537, (1 << 4096) + 1)
    with pytest.raises(CertificateError, match="RSA-4097"):
        keys.accepted(numbers.public_key())


@pytest.mark.parametrize("key_type", ["ECDSA-P256", "ECDSA-P384", "RSA-2048", "RSA-3072", "RSA-4096"])
def test_a_key_type_makes_a_key_of_its_name(key_type, monkeypatch):
    made = []
    monkeypatch.setattr(rsa, "generate_private_key", lambda exponent, bits: made.append((exponent, bits)))
    monkeypatch.setattr(ec, "generate_private_key", lambda curve: made.append(curve.name))
    keys.KEY_TYPES[key_type]()
    kind, size = key_type.split("-")
    assert made == ([(65537, int(size))] if kind == "RSA" else [f"secp{size[1:]}r1"])


def test_an_encrypted_key_opens_with_its_passphrase_only():
    private_key = ec.generate_private_key(ec.SECP256R1())
    pem = keys.to_pem(private_key, b"correct horse")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert keys.load_private_key(pem, b"correct horse").private_numbers() == private_key.private_numbers()


@pytest.mark.parametrize(
    ("pem", "passphrase", "reason"),
    [
        (keys.to_pem(keys.KEY_TYPES["ECDSA-P256"](), b"correct horse"), b"wrong staple", "the passphrase is wrong"),
        (keys.to_pem(keys.KEY_TYPES["ECDSA-P256"](), b"correct horse"), None, "give its passphrase"),
        (b"no key", None, "is damaged"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            None,
            "neither an ECDSA nor an RSA key",
        ),
        (
            rsa.generate_private_key(65537, 1024).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            None,
            "^is of type RSA-1024, which is not accepted: use ECDSA",
        ),
    ],
    ids=["wrong", "missing", "damaged", "Ed25519", "short"],
)
def test_an_unreadable_key_says_why_and_tells_no_secret(pem, passphrase, reason):
    with pytest.raises(CertificateError, match=reason) as caught:
        keys.load_private_key(pem, passphrase)
    assert "staple" not in str(caught.value)


def test_a_passphrase_does_not_disturb_an_unencrypted_key():
    private_key = ec.generate_private_key(ec.SECP256R1())
    pem = keys.to_pem(private_key, None)
    assert keys.load_private_key(pem, b"needless").private_numbers() == private_key.private_numbers()


def test_the_fingerprint_is_the_sha256_of_the_public_key_info():
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert keys.public_key_fingerprint(public_key) == hashlib.sha256(der).hexdigest()
