# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA and its requests, made with cryptography alone, so that our own builders are not judged by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
CA_KEY_USAGE = ("key_cert_sign", "crl_sign")


def name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def key_usage(*bits):
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{bit: bit in bits for bit in every})


class Maker:
    """Makes certificates, CRLs and requests with whatever is wrong with them."""

    now = NOW

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())

    def certificate(
        self,
        *,
        subject="Issuing CA",
        issuer=None,
        public_key=None,
        signing_key=None,
        signing_hash=None,
        basic_constraints=True,
        usage=CA_KEY_USAGE,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=30),
        alternative_names=(),
        key_identifier=True,
        extended_usage=(),
    ):
        public_key = public_key or self.key.public_key()
        builder = x509.CertificateBuilder(
            name(issuer or subject), name(subject), public_key, 1 << 126, not_before, not_after
        )
        if basic_constraints is not None:
            builder = builder.add_extension(x509.BasicConstraints(basic_constraints, None), critical=True)
        if usage is not None:
            builder = builder.add_extension(key_usage(*usage), critical=True)
        if extended_usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended_usage), critical=False)
        if alternative_names:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
        if key_identifier:
            builder = builder.add_extension(x509.SubjectKeyIdentifier(b"not computed from the key"), critical=False)
        return builder.sign(signing_key or self.key, signing_hash or hashes.SHA256())

    def crl(self, *, issuer="Issuing CA", number=1, entries=(), signing_key=None, signing_hash=None, extensions=()):
        builder = x509.CertificateRevocationListBuilder(
            name(issuer), NOW, NOW + timedelta(days=45), revoked_certificates=list(entries)
        )
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(signing_key or self.key, signing_hash or hashes.SHA256())

    @staticmethod
    def request(key=None, challenge_password=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateSigningRequestBuilder(name("rolesanywhere"))
        if challenge_password is not None:
            builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge_password)
        algorithm = hashes.SHA256() if hasattr(key, "curve") or hasattr(key, "key_size") else None
        return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def maker():
    return Maker()
