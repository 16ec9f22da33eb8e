# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the tests of CreateSession: good ones by default, each with what a test wants to be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .pki import NOW, key_usage

IS_AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
IS_NONE = x509.BasicConstraints(ca=False, path_length=None)
SHA256 = hashes.SHA256()
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: Any

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def private_key_pem(self) -> bytes:
        """The key in PKCS #8, not encrypted."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def name(*attributes: tuple[x509.ObjectIdentifier, str] | str) -> x509.Name:
    """Write a distinguished name; a plain text is a common name."""
    pairs = [(NameOID.COMMON_NAME, given) if isinstance(given, str) else given for given in attributes]
    return x509.Name([x509.NameAttribute(*pair) for pair in pairs])


def issue(
    subject: x509.Name,
    issuer: Pair | None,
    private_key: Any,
    extensions: Mapping[x509.ExtensionType, bool],
    digest: Any,
    serial_number: int,
    not_before: datetime,
    not_after: datetime,
    sign_options: Mapping[str, Any],
) -> Pair:
    """Sign a certificate; without an issuer it signs itself. Extensions come with whether they are critical."""
    private_key = private_key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private_key.public_key())
        .serial_number(serial_number)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in extensions.items():
        builder = builder.add_extension(extension, critical)
    return Pair(builder.sign(issuer.private_key if issuer else private_key, digest, **sign_options), private_key)


def authority(
    subject: x509.Name | str,
    issuer: Pair | None = None,
    *,
    private_key: Any = None,
    basic_constraints: x509.BasicConstraints | None = IS_AUTHORITY,
    usages: Sequence[str] | None = ("key_cert_sign", "crl_sign"),
    extensions: Mapping[x509.ExtensionType, bool] | None = None,
    digest: Any = SHA256,
    not_before: datetime = NOW - timedelta(days=1),
    not_after: datetime = NOW + timedelta(days=365),
    sign_options: Mapping[str, Any] | None = None,
) -> Pair:
    """Make a CA, by itself or under another one."""
    subject = name(subject) if isinstance(subject, str) else subject
    basic = {basic_constraints: True} if basic_constraints else {}
    usage = {key_usage(*usages): True} if usages is not None else {}
    together = {**basic, **usage, **(extensions or {})}
    serial_number = x509.random_serial_number()
    options = sign_options or {}
    return issue(subject, issuer, private_key, together, digest, serial_number, not_before, not_after, options)


def leaf(
    issuer: Pair | None,
    subject: x509.Name | str = "web1",
    *,
    private_key: Any = None,
    basic_constraints: x509.BasicConstraints | None = IS_NONE,
    usages: Sequence[str] | None = ("digital_signature",),
    extended_key_usage: x509.ExtendedKeyUsage | None = CLIENT,
    extensions: Mapping[x509.ExtensionType, bool] | None = None,
    digest: Any = SHA256,
    serial_number: int = 0x4F00000000000000000000000000AA01,
    not_before: datetime = NOW - timedelta(minutes=5),
    not_after: datetime = NOW + timedelta(days=30),
    sign_options: Mapping[str, Any] | None = None,
) -> Pair:
    """Make an end-entity certificate."""
    subject = name(subject) if isinstance(subject, str) else subject
    basic = {basic_constraints: True} if basic_constraints else {}
    usage = {key_usage(*usages): True} if usages is not None else {}
    extended = {extended_key_usage: False} if extended_key_usage else {}
    together = {**basic, **usage, **extended, **(extensions or {})}
    options = sign_options or {}
    return issue(subject, issuer, private_key, together, digest, serial_number, not_before, not_after, options)
