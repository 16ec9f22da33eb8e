# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates to talk about with Roles Anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc).replace(microsecond=0)


class Authority:
    """A CA of the tests: an issuing one under a root, or the root itself."""

    def __init__(self, common_name: str, issuer: Authority | None = None, **wrong: Any) -> None:
        """Make a key and a certificate; wrong: what is not as it should be."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        signer = issuer or self
        expired = timedelta(days=20) if wrong.get("expired") else timedelta()
        builder = (
            x509.CertificateBuilder(signer.name, self.name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=15) - expired)
            .not_valid_after(NOW + timedelta(days=10) - expired)
            .add_extension(x509.BasicConstraints(ca=wrong.get("ca", True), path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=wrong.get("key_cert_sign", True),
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        self.certificate = builder.sign(signer.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def crl(self, number: int | None = 1, serials: tuple[int, ...] = (), next_update: datetime | None = None) -> bytes:
        """Sign a CRL, in PEM."""
        builder = x509.CertificateRevocationListBuilder(
            self.name,
            NOW - timedelta(days=2),
            next_update or NOW + timedelta(days=45),
            revoked_certificates=[x509.RevokedCertificateBuilder(serial, NOW).build() for serial in serials],
        )
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def workload(self, common_name: str) -> str:
        """Issue a certificate that is good enough to be recorded, in PEM."""
        return Authority(common_name, self, ca=False, key_cert_sign=False).pem


@pytest.fixture(scope="session")
def root() -> Authority:
    """Return a root."""
    return Authority("Root")


@pytest.fixture(scope="session")
def issuing(root: Authority) -> Authority:
    """Return the issuing CA."""
    return Authority("Issuing", root)


@pytest.fixture(scope="session")
def next_issuing(root: Authority) -> Authority:
    """Return the issuing CA that takes over."""
    return Authority("Issuing G2", root)
