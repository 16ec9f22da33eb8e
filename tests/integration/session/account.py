# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS account in the emulator that trusts a CA of the test's own, and pairs that the CA signed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

KEYS = {
    "ECDSA-P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA-P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
}
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
    },
}


def _key_usage(*usages: str) -> x509.KeyUsage:
    names = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: name in usages for name in names})


class Authority:
    """A CA, self-signed or under another one."""

    def __init__(self, common_name: str, issuer: Authority | None = None) -> None:
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._builder(self.name, self.private_key.public_key(), issuer or self, 365)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
        self.certificate = builder.sign((issuer or self).private_key, hashes.SHA256())

    def issue(self, directory: Path, kind: str, common_name: str, serial: int, chain: list[Authority]) -> None:
        """Make a key and its certificate, and write them laid out as the collection does."""
        private_key = KEYS[kind]()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._builder(name, private_key.public_key(), self, 30, serial)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(_key_usage("digital_signature"), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        certificate = builder.sign(self.private_key, hashes.SHA256())
        directory.mkdir(parents=True)
        (directory / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        intermediates = [authority.certificate.public_bytes(Encoding.PEM) for authority in chain]
        (directory / "chain.pem").write_bytes(b"".join(intermediates))
        key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / "private-key.pem").write_bytes(key)

    def crl(self, serial: int, days_ago: int = 0) -> bytes:
        """Return a CRL (PEM) with one serial number, made some days ago and good for 45."""
        now = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=days_ago)
        revoked = x509.RevokedCertificateBuilder(serial, now).build()
        builder = x509.CertificateRevocationListBuilder(self.name, now, now + timedelta(days=45))
        builder = builder.add_revoked_certificate(revoked).add_extension(x509.CRLNumber(1), critical=False)
        return builder.sign(self.private_key, hashes.SHA256()).public_bytes(Encoding.PEM)

    @staticmethod
    def _builder(
        name: x509.Name, public_key: Any, issuer: Authority, days: int, serial: int | None = None
    ) -> x509.CertificateBuilder:
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.name)
            .public_key(public_key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=days))
        )


class Account:
    """Trust anchor, role and profile; and workloads below ``directory``."""

    def __init__(self, emulator: EmulatorServer, directory: Path) -> None:
        self.directory = directory
        self.url = emulator.url
        self.issuing = Authority("Issuing CA")
        self.service = client(emulator, "rolesanywhere")
        pem = self.issuing.certificate.public_bytes(Encoding.PEM).decode()
        source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
        anchor = self.service.create_trust_anchor(name="fleet", enabled=True, source=source)
        iam = client(emulator, "iam")
        role = iam.create_role(RoleName="web", Path="/fleet/", AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))
        self.role_arn = role["Role"]["Arn"]
        profile = self.service.create_profile(name="fleet", enabled=True, roleArns=[self.role_arn])
        self.trust_anchor_arn = anchor["trustAnchor"]["trustAnchorArn"]
        self.profile_arn = profile["profile"]["profileArn"]

    @property
    def arns(self) -> dict[str, str]:
        """What a session is asked for with."""
        return {
            "trust_anchor_arn": self.trust_anchor_arn,
            "profile_arn": self.profile_arn,
            "role_arn": self.role_arn,
        }

    def pair(
        self,
        kind: str = "ECDSA-P256",
        *,
        serial: int = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8,
        issuer: Authority | None = None,
        chain: list[Authority] | None = None,
        name: str = "default",
    ) -> Path:
        """Make a pair, switch ``current`` of the workload ``name`` to it, and return ``current``."""
        version = self.directory / name / "versions" / f"{serial:032x}"
        (issuer or self.issuing).issue(version, kind, "web1", serial, chain or [])
        current = self.directory / name / "current"
        temporary = self.directory / name / "temporary"
        temporary.symlink_to(version)
        temporary.rename(current)
        return current

    def revoke(self, serial: int, days_ago: int = 0) -> None:
        """Import a CRL with a serial number."""
        self.service.import_crl(
            name="fleet",
            enabled=True,
            crlData=self.issuing.crl(serial, days_ago),
            trustAnchorArn=self.trust_anchor_arn,
        )

    def helper_flags(self, current: Path) -> list[str]:
        """Return the helper's arguments for a pair."""
        return [
            "credential-process",
            *("--certificate", f"{current}/certificate.pem"),
            *("--private-key", f"{current}/private-key.pem"),
            *("--intermediates", f"{current}/chain.pem"),
            *("--trust-anchor-arn", self.trust_anchor_arn),
            *("--profile-arn", self.profile_arn),
            *("--role-arn", self.role_arn),
            *("--endpoint", self.url),
            *("--cache-directory", f"{self.directory}/cache"),
        ]
