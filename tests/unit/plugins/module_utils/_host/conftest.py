# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload in a temporary directory, and certificates as a CA would issue them."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOBODY = 65534


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


KEY_USAGES = (
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


class Authority:
    """A CA with one key; keyword arguments change one thing each."""

    def __init__(self, name="Issuing CA"):
        self.name = common_name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def issue(
        self,
        public_key,
        *,
        subject="web1",
        serial=0x4B01,
        days=30,
        begin=None,
        ca=False,
        usages=("digital_signature",),
        identified=True,
    ):
        """Return a certificate in PEM."""
        begin = begin or datetime.now(timezone.utc) - timedelta(minutes=5)
        builder = (
            x509.CertificateBuilder()
            .subject_name(common_name(subject))
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(serial)
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
        )
        if usages:
            usage = x509.KeyUsage(**{name: name in usages for name in KEY_USAGES})
            builder = builder.add_extension(usage, critical=True)
        if identified:
            issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(issuer_key, critical=False)
            subject_key = x509.SubjectKeyIdentifier.from_public_key(public_key)
            builder = builder.add_extension(subject_key, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def ca(self, identified=True):
        """Return its own certificate in PEM."""
        name = self.name.rfc4514_string().partition("=")[2]
        return self.issue(self.key.public_key(), subject=name, ca=True, usages=["key_cert_sign"], identified=identified)

    def sign(self, csr, **wishes):
        """Return a certificate in PEM for the key of a request in PEM."""
        return self.issue(x509.load_pem_x509_csr(csr.encode()).public_key(), **wishes)


@pytest.fixture(scope="session")
def authority():
    """The CA of the tests."""
    return Authority()


@pytest.fixture
def let_expire(authority):
    """A function that makes the certificate of a version an expired one and returns the path of its private key."""

    def replace(place, serial):
        path = Path(place.version(serial), "certificate.pem")
        public_key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
        begin, status = datetime.now(timezone.utc) - timedelta(days=30), path.stat()
        path.write_text(authority.issue(public_key, serial=int(serial, 16), begin=begin, days=1))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # it keeps its place in the order
        return path.with_name("private-key.pem")

    return replace


@pytest.fixture
def place(tmp_path):
    """A workload in a directory of its own."""
    return workload(str(tmp_path / "etc"), "web")


@pytest.fixture
def somebody():
    """A user who is not root and the home of that user: another one for root, whoever runs the tests otherwise."""
    user = os.geteuid() or NOBODY
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        home = Path(directory, "home")
        home.mkdir()
        os.chown(home, user, -1)
        yield user, home
