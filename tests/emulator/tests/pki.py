# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities and CRLs for the emulator's tests, each with one thing about it that can be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

NOW = datetime.now(timezone.utc).replace(microsecond=0)
SERIAL_NUMBER = 0x40AA
AUTHORITY = x509.BasicConstraints(ca=True, path_length=0)
_USAGES = (
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


@dataclass(frozen=True)
class Authority:
    """A self-signed CA."""

    certificate: x509.Certificate
    private_key: Any

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def key_usage(*usages: str) -> x509.KeyUsage:
    """Write a key usage extension."""
    return x509.KeyUsage(**{usage: usage in usages for usage in _USAGES})


def make_authority(
    common_name: str = "Issuing CA",
    private_key: Any = None,
    digest: Any = None,
    basic_constraints: x509.BasicConstraints | None = AUTHORITY,
    usages: tuple[str, ...] | None = ("key_cert_sign", "crl_sign"),
) -> Authority:
    """Make a CA; basic constraints and key usages of None are left out."""
    private_key = private_key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder(name, name, private_key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
    )
    if basic_constraints:
        builder = builder.add_extension(basic_constraints, critical=True)
    if usages is not None:
        builder = builder.add_extension(key_usage(*usages), critical=True)
    return Authority(builder.sign(private_key, digest or hashes.SHA256()), private_key)


def make_crl(
    authority: Authority,
    number: int | None = 1,
    digest: Any = None,
    issuer: str | None = None,
    this_update: datetime = NOW,
    next_update: datetime = NOW + timedelta(days=45),
    critical_extension: bool = False,
    entries: int = 0,
) -> x509.CertificateRevocationList:
    """Make a CRL with that many serial numbers from SERIAL_NUMBER on."""
    name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]) if issuer else authority.certificate.subject
    )
    builder = x509.CertificateRevocationListBuilder(name, this_update, next_update)
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if critical_extension:
        point = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
        builder = builder.add_extension(point, critical=True)
    for serial_number in range(SERIAL_NUMBER, SERIAL_NUMBER + entries):
        revoked = x509.RevokedCertificateBuilder(serial_number, this_update)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(authority.private_key, digest or hashes.SHA256())


def pem_of(crl: x509.CertificateRevocationList) -> bytes:
    """Write a CRL as ImportCrl wants it."""
    return crl.public_bytes(Encoding.PEM)


def bundle(*authorities: Authority) -> dict[str, Any]:
    """Write the source of a trust anchor that holds these CAs."""
    pem = "".join(authority.pem for authority in authorities)
    return {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
