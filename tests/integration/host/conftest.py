# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of the fleet in a temporary directory, a CA, and an AWS that trusts it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if AnsibleCollectionConfig.collection_finder is None:
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    _AnsibleCollectionFinder(paths=[str(Path(sys.prefix) / "collections")])._install()

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.emulator.server import EmulatorServer

from .machine import Machine

__all__ = ["emulator", "emulator_server"]

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuing CA")])
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"}},
    },
}


def key_usage(**usages: bool) -> x509.KeyUsage:
    """Return a key usage with the given bits, the others off."""
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{**dict.fromkeys(bits + others, False), **usages})


class Authority:
    """The issuing CA."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._issue(NAME, self.key.public_key(), True, key_usage(key_cert_sign=True, crl_sign=True))

    def sign(self, csr: str, common_name: str = "web1") -> str:
        """Return a certificate for the key of a request, both in PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        public_key = x509.load_pem_x509_csr(csr.encode()).public_key()
        return self._issue(name, public_key, False, key_usage(digital_signature=True))

    def crl(self, serial: int) -> bytes:
        """Return a CRL (PEM) with one serial number."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        builder = x509.CertificateRevocationListBuilder(NAME, now, now + timedelta(days=45))
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, now).build())
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(self, subject: x509.Name, public_key: Any, is_ca: bool, usage: x509.KeyUsage) -> str:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder(NAME, subject, public_key, x509.random_serial_number() >> 33 | 1 << 126)
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_ca, 0 if is_ca else None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if not is_ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Return the CA of the tests."""
    return Authority()


@pytest.fixture
def target(emulator: EmulatorServer, authority: Authority) -> dict[str, str]:
    """Trust the CA and return the options that a session is asked for with."""
    service = client(emulator, "rolesanywhere")
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": authority.pem}}
    anchor = service.create_trust_anchor(name="fleet", enabled=True, source=source)["trustAnchor"]
    iam = client(emulator, "iam")
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))["Role"]
    profile = service.create_profile(name="fleet", enabled=True, roleArns=[role["Arn"]])["profile"]
    return {
        "trust_anchor_arn": anchor["trustAnchorArn"],
        "profile_arn": profile["profileArn"],
        "role_arn": role["Arn"],
        "endpoint_url": emulator.url,
    }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine on which nothing is installed."""
    return Machine(tmp_path)


@pytest.fixture
def issued(machine: Machine, authority: Authority) -> Callable[[], str]:
    """Return a function that makes a request on the machine and has it signed."""
    return lambda: authority.sign(machine.module("certificate_request", binding="0" * 64)["csr"])
