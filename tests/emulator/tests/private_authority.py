# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of AWS Private CA, made and used with boto3."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer

SCRIPTS = Path(sys.executable).parent  # where pkilint's programs are
TEMPLATES = "arn:aws:acm-pca:::template"
BUCKET = "example-crls"
AT_ONCE = {"Delay": 0}
CRL_CONFIGURATION = {
    "Enabled": True,
    "ExpirationInDays": 45,
    "S3BucketName": BUCKET,
    "S3ObjectAcl": "BUCKET_OWNER_FULL_CONTROL",
}
SIGNING_ALGORITHMS = {"EC_prime256v1": "SHA256WITHECDSA", "EC_secp384r1": "SHA384WITHECDSA"}


def make_bucket(s3: Any, name: str = BUCKET, service: str = "acm-pca.amazonaws.com") -> None:
    """Make a bucket that lets a service write, as the user guide shows it."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["s3:PutObject", "s3:PutObjectAcl", "s3:GetBucketAcl", "s3:GetBucketLocation"],
        "Resource": [f"arn:aws:s3:::{name}/*", f"arn:aws:s3:::{name}"],
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def make_request(*attributes: tuple[x509.ObjectIdentifier, str], key: Any = None) -> bytes:
    """Write a CSR for a new key; without attributes its subject is the one of every host."""
    names = attributes or ((NameOID.COMMON_NAME, "rolesanywhere"),)
    subject = x509.Name([x509.NameAttribute(*pair) for pair in names])
    builder = x509.CertificateSigningRequestBuilder(subject)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)


def go_on(emulator: EmulatorServer, seconds: float) -> None:
    """Let the service's clock go on; the client's stays, which it shall not mind."""
    emulator.switches.clock_window = 10 * seconds
    emulator.switches.clock_offset = seconds


class PrivateAuthority:
    """A CA there."""

    def __init__(
        self,
        acm_pca: Any,
        kind: str = "ROOT",
        key_algorithm: str = "EC_prime256v1",
        name: str = "Private CA",
        **more: Any,
    ) -> None:
        self.acm_pca = acm_pca
        self.signing_algorithm = SIGNING_ALGORITHMS.get(key_algorithm, "SHA256WITHRSA")
        self.arn = acm_pca.create_certificate_authority(
            CertificateAuthorityConfiguration={
                "KeyAlgorithm": key_algorithm,
                "SigningAlgorithm": self.signing_algorithm,
                "Subject": {"Organization": "Example", "CommonName": name},
            },
            CertificateAuthorityType=kind,
            **more,
        )["CertificateAuthorityArn"]

    def describe(self) -> dict[str, Any]:
        """Look at it."""
        described: dict[str, Any] = self.acm_pca.describe_certificate_authority(CertificateAuthorityArn=self.arn)
        return described["CertificateAuthority"]

    def request(self) -> bytes:
        """Wait for its own CSR."""
        waiter = self.acm_pca.get_waiter("certificate_authority_csr_created")
        waiter.wait(CertificateAuthorityArn=self.arn, WaiterConfig=AT_ONCE)
        csr: str = self.acm_pca.get_certificate_authority_csr(CertificateAuthorityArn=self.arn)["Csr"]
        return csr.encode()

    def install(self, certificate: str, chain: str | None = None) -> None:
        """Give it its certificate."""
        more = {"CertificateChain": chain.encode()} if chain else {}
        self.acm_pca.import_certificate_authority_certificate(
            CertificateAuthorityArn=self.arn, Certificate=certificate.encode(), **more
        )

    def activate(self, years: int = 10) -> PrivateAuthority:
        """Have a root sign and install its own certificate."""
        certificate, _ = self.issue(
            self.request(), template="RootCACertificate/V1", validity={"Type": "YEARS", "Value": years}
        )
        self.install(certificate)
        return self

    def ask(self, csr: bytes, template: str | None = None, validity: dict[str, Any] | None = None, **more: Any) -> str:
        """Ask for a certificate; returns its ARN."""
        values = {
            "CertificateAuthorityArn": self.arn,
            "Csr": csr,
            "SigningAlgorithm": self.signing_algorithm,
            "Validity": validity or {"Type": "DAYS", "Value": 5},
            **({"TemplateArn": f"{TEMPLATES}/{template}"} if template else {}),
            **more,
        }
        arn: str = self.acm_pca.issue_certificate(**values)["CertificateArn"]
        return arn

    def fetch(self, arn: str) -> tuple[str, str]:
        """Wait for a certificate; returns it and its chain."""
        names = {"CertificateAuthorityArn": self.arn, "CertificateArn": arn}
        self.acm_pca.get_waiter("certificate_issued").wait(**names, WaiterConfig=AT_ONCE)
        issued = self.acm_pca.get_certificate(**names)
        return issued["Certificate"], issued.get("CertificateChain", "")

    def issue(self, csr: bytes, **options: Any) -> tuple[str, str]:
        """Ask for a certificate and wait for it; returns it and its chain."""
        return self.fetch(self.ask(csr, **options))
