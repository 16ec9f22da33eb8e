# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates a trust anchor may hold (reference §3.1)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from tests.emulator.anchor_certificates import normalised, objection, read_bundle
from tests.emulator.errors import ServiceError
from tests.emulator.tests.pki import make_authority

RSA_2048 = rsa.generate_private_key(65537, 2048)

ACCEPTED: list[dict[str, Any]] = [
    {},
    {"private_key": RSA_2048},
    {"private_key": ec.generate_private_key(ec.SECP384R1()), "digest": hashes.SHA384()},
    {"usages": ("key_cert_sign",)},
    {"basic_constraints": x509.BasicConstraints(ca=True, path_length=None)},
]

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"basic_constraints": None}, "Incorrect basic constraints for CA certificate"),
    (
        {"basic_constraints": x509.BasicConstraints(ca=False, path_length=None)},
        "Incorrect basic constraints for CA certificate",
    ),
    ({"usages": None}, "Incorrect key usage for CA certificate"),
    ({"usages": ("crl_sign", "digital_signature")}, "Incorrect key usage for CA certificate"),
    ({"private_key": rsa.generate_private_key(65537, 1024)}, "Unsupported key of CA certificate"),
    ({"private_key": ec.generate_private_key(ec.SECP256K1())}, "Unsupported key of CA certificate"),
    ({"private_key": RSA_2048, "digest": hashes.SHA224()}, "Unsupported signature algorithm of CA certificate"),
]


@pytest.mark.parametrize("about", ACCEPTED)
def test_accepted(about: dict[str, Any]) -> None:
    assert objection(make_authority(**about).certificate) is None


@pytest.mark.parametrize(("about", "reason"), REFUSED)
def test_refused(about: dict[str, Any], reason: str) -> None:
    assert objection(make_authority(**about).certificate) == reason


def _self_signed(private_key: Any) -> x509.Certificate:
    """Make a CA with a key that signs without a separate digest."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    model = make_authority().certificate
    builder = x509.CertificateBuilder(name, name, private_key.public_key(), 1)
    builder = builder.not_valid_before(model.not_valid_before_utc).not_valid_after(model.not_valid_after_utc)
    for extension in model.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(private_key, None)


def test_ml_dsa_is_accepted() -> None:
    assert objection(_self_signed(mldsa.MLDSA65PrivateKey.generate())) is None


def test_ed25519_is_refused() -> None:
    assert objection(_self_signed(ed25519.Ed25519PrivateKey.generate())) == "Unsupported key of CA certificate"


def test_bundle_comes_back_normalised() -> None:
    first, second = make_authority("Old CA"), make_authority("New CA")
    bundle = f"\n{first.pem}\n\n{second.pem.rstrip()}"
    assert normalised(read_bundle(bundle)) == first.pem + second.pem


@pytest.mark.parametrize(
    ("bundle", "reason"),
    [
        ("no certificate", "Unable to parse the certificate bundle"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "Unable to parse the certificate bundle"),
        ("".join(make_authority().pem for _ in range(3)), "A trust anchor holds at most 2 certificates"),
        (
            make_authority().pem + make_authority(basic_constraints=None).pem,
            "Incorrect basic constraints for CA certificate",
        ),
    ],
)
def test_refused_bundles(bundle: str, reason: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        read_bundle(bundle)
    assert refusal.value.message == reason


def test_basic_constraints_come_first() -> None:
    about = {"basic_constraints": None, "usages": None}
    assert objection(make_authority(**about).certificate) == "Incorrect basic constraints for CA certificate"
