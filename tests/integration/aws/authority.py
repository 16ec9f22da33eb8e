# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA for tests, made with nothing of the collection's."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID


class Authority:
    """A root, or the issuing CA under one."""

    def __init__(self, common_name: str, issuer: Authority | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        signer = issuer or self
        self.pem = signer._sign(self._name, self._key.public_key())

    def sign_authority(self, request: str) -> str:
        """Sign the request of a CA that is kept elsewhere; both in PEM."""
        csr = x509.load_pem_x509_csr(request.encode())
        return self._sign(csr.subject, csr.public_key())

    def _sign(self, name: x509.Name, public_key: CertificatePublicKeyTypes) -> str:
        now = datetime.now(timezone.utc)
        certificate = (
            x509.CertificateBuilder(self._name, name, public_key, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365 if name == self._name else 364))  # none outlives its issuer
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def crl(self, number: int, *serials: int) -> str:
        """Sign a CRL, in PEM."""
        now = datetime.now(timezone.utc)
        builder = x509.CertificateRevocationListBuilder(
            self._name,
            now - timedelta(minutes=5),
            now + timedelta(days=45),
            revoked_certificates=[x509.RevokedCertificateBuilder(serial, now).build() for serial in serials],
        ).add_extension(x509.CRLNumber(number), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()
