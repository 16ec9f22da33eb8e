# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request with the fault of the provider tpm2 becomes the one that was meant, whatever its length."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.request_repair import (
    BEGIN,
    END,
    WITH_NULL,
    WITHOUT,
    without_null,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, NameOID


def request(key, challenge):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rolesanywhere")])
    builder = x509.CertificateSigningRequestBuilder(name)
    if challenge:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge)
    return builder.sign(key, hashes.SHA256())


def with_null(der):
    """Return the request with the fault, its outer length corrected by an independent hand."""
    information, _found, signature = der.rpartition(WITHOUT)
    octets = der[1] & 0x7F if der[1] & 0x80 else 0
    content = information[2 + octets :] + WITH_NULL + signature
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return b"\x30" + length + content


def pem(der):
    import base64

    return f"{BEGIN}\n{base64.encodebytes(der).decode()}{END}\n"


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()], ids=lambda curve: curve.name)
@pytest.mark.parametrize("length", [0, *range(20, 60), 64, 200])
def test_the_request_is_the_one_that_was_meant(curve, length):
    meant = request(ec.generate_private_key(curve), b"x" * length)
    wrong = with_null(meant.public_bytes(Encoding.DER))
    assert WITH_NULL in wrong  # the newer releases of cryptography refuse it
    faulty = pem(wrong)
    repaired = x509.load_pem_x509_csr(without_null(faulty).encode())
    assert repaired.public_bytes(Encoding.DER) == meant.public_bytes(Encoding.DER)
    assert repaired.is_signature_valid


@pytest.mark.parametrize(
    "make", [lambda: ec.generate_private_key(ec.SECP256R1()), lambda: rsa.generate_private_key(65537, 2048)]
)
def test_a_sound_request_is_left_as_it_is(make):
    sound = request(make(), b"x").public_bytes(Encoding.PEM).decode()
    assert without_null(sound) == sound
