# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken from a certificate request, and which requests are refused."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import keys, requests
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

BINDING = "ab" * 32


def test_the_key_and_the_binding_are_taken(maker):
    key = ec.generate_private_key(ec.SECP521R1())
    request = requests.read(maker.request(key, BINDING.encode()))
    assert request.public_key_info == keys.public_key_info(key.public_key())
    assert request.public_key_fingerprint == keys.public_key_fingerprint(key.public_key())
    assert request.binding == BINDING


def test_the_binding_is_the_sha256_of_nonce_host_and_name():
    # printf 'nonce\nweb1\ndefault' | sha256sum
    expected = "4a4182bbc1ece5cede3742ed969413d3d9990d75025b98d343d7fdf122c49526"
    assert requests.binding("nonce", "web1", "default") == expected


@pytest.mark.parametrize(
    ("nonce", "host", "name", "matches"),
    [
        ("nonce", "web1", "default", True),
        ("yesterday", "web1", "default", False),
        ("nonce", "web2", "default", False),
        ("nonce", "web1", "other", False),
    ],
)
def test_a_request_is_for_one_run_one_host_and_one_workload(maker, nonce, host, name, matches):
    request = requests.read(maker.request(challenge_password=requests.binding("nonce", "web1", "default").encode()))
    if matches:
        requests.check_binding(request, nonce, host, name)
    else:
        with pytest.raises(CertificateError, match="not made for this host, this workload and this run"):
            requests.check_binding(request, nonce, host, name)


@pytest.mark.parametrize("challenge_password", [None, b"", "ü".encode()])
def test_a_request_without_a_binding_matches_nothing(maker, challenge_password):
    request = requests.read(maker.request(challenge_password=challenge_password))
    with pytest.raises(CertificateError, match="not made for this host"):
        requests.check_binding(request, "nonce", "web1", "default")


def test_a_request_with_a_broken_signature_is_refused(maker):
    lines = maker.request().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    broken = f"{lines[0]}\n{base64.encodebytes(bytes(der)).decode()}{lines[-1]}\n"
    with pytest.raises(CertificateError, match="is not signed by its own key"):
        requests.read(broken)


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        ("", "cannot be read"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        ("x" * 16385, "has 16385 bytes where 16384 are allowed"),
        ("ü" * 8193, "has 16386 bytes"),
    ],
)
def test_an_unreadable_request_is_one_sentence(pem, sentence):
    with pytest.raises(CertificateError, match=sentence):
        requests.read(pem)


@pytest.mark.parametrize(
    ("key", "description"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA-1024"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
    ],
    ids=["RSA-1024", "Ed25519", "secp256k1"],
)
def test_a_request_for_a_key_that_is_not_accepted(maker, key, description):
    with pytest.raises(CertificateError, match=description):
        requests.read(maker.request(key))
