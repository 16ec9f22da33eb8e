# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared conversation with Roles Anywhere, and certificates to talk about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from botocore.exceptions import StubResponseError
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc).replace(microsecond=0)


class Conversation(Service):
    """A service that fails on any call that was not declared, and on one that was but is not made."""

    def __init__(self, name: str = "rolesanywhere") -> None:
        """Declare nothing yet."""
        client = boto3.client(name, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
        super().__init__(client, name=name)
        self.stubber = Stubber(client)
        self.stubber.activate()
        self.others: dict[str, Conversation] = {}

    def beside(self, name: str) -> Conversation:
        """Return the conversation with another service, in which calls are declared likewise."""
        return self.others.setdefault(name, Conversation(name))

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call as a service does; where that takes no refusal for the end, what was not declared still is one."""
        try:
            return super().call(operation, **request)
        except RolesAnywhereError as error:
            if isinstance(error.__cause__, StubResponseError):
                raise AssertionError(str(error)) from error
            raise

    def expect(self, method: str, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Declare the next call by its boto3 name."""
        self.stubber.add_response(method, response, request)

    def refuse(self, method: str, code: str, message: str = "no") -> None:
        """Declare that the next call is refused."""
        self.stubber.add_client_error(method, code, message)


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    """Return a conversation, all of which must have taken place when the test ends."""
    declared = Conversation()
    yield declared
    for each in (declared, *declared.others.values()):
        each.stubber.assert_no_pending_responses()


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
