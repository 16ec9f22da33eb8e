# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA behind a program, as an administrator might write it; it can be told to lie.

usage: signing_program.py make|issue|find|revoke|crl FOLDER

FOLDER holds the key, what was issued and revoked, and a file ``mood`` that says which action does what wrong, such as
``issue: hangs``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM


class Authority:
    """The CA in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        self.certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        self.mood = (folder / "mood").read_text()

    def issue(self, told: dict[str, str]) -> bytes:
        """Sign what the variables say for the key of the request."""
        public_key = x509.load_pem_x509_csr(sys.stdin.buffer.read()).public_key()
        kinds = [
            (NameOID.ORGANIZATION_NAME, "ORGANIZATION"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "ORGANIZATIONAL_UNITS"),
            (NameOID.COMMON_NAME, "COMMON_NAME"),
        ]
        subject = x509.Name([x509.NameAttribute(kind, value) for kind, name in kinds for value in told[name].split()])
        end = datetime.fromisoformat(told["NOT_AFTER"])
        mood = self.mood.removeprefix("issue: ")
        if mood == "wrong name":
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "administrator")])
        if mood == "wrong key":
            public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        if mood == "ten years":
            end += timedelta(days=3650)
        builder = (
            x509.CertificateBuilder(self.certificate.subject, subject, public_key, int(told["SERIAL"], 16))
            .not_valid_before(datetime.fromisoformat(told["NOT_BEFORE"]))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(mood == "CA:TRUE", None), critical=True)
            .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(self._authority(), critical=False)
        )
        names = [x509.DNSName(value) for value in told["DNS_NAMES"].split()]
        names += [x509.UniformResourceIdentifier(value) for value in told["URIS"].split()]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        pem = builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)
        (self.folder / f"{told['TOKEN']}.pem").write_bytes(pem)
        return pem

    def _authority(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    def crl(self) -> bytes:
        """Sign a CRL of all that was revoked."""
        now = datetime.now(timezone.utc)
        number = len(list(self.folder.glob("crl-*"))) + 1
        (self.folder / f"crl-{number}").touch()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=3))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._authority(), critical=False)
        )
        for path in sorted(self.folder.glob("revoked-*")):
            reason = x509.CRLReason(x509.ReasonFlags(path.read_text()))
            serial = int(path.name.removeprefix("revoked-"), 16)
            entry = x509.RevokedCertificateBuilder(serial, now).add_extension(reason, critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)


def make(folder: Path) -> None:
    """Make the CA."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Corporate Issuing CA")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(x509.KeyUsage(*[False] * 5, True, True, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    formats = (PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*formats))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(PEM))
    (folder / "mood").write_text("good")


def misbehave(mood: str) -> None:
    """Do what a broken program does."""
    if mood == "broken":
        sys.exit("\x1b[31mNo route\nto\0the \tCA\x1b[0m " + "x" * 1000)
    if mood == "hangs":
        subprocess.run(["sleep", "600"], check=True)
    while mood == "endless":
        sys.stdout.write("y" * 4096)


def answer(authority: Authority, action: str, told: dict[str, str]) -> bytes:
    """Do what an action asks for, and return what is printed."""
    folder = authority.folder
    if action == "issue":
        return authority.issue(told)
    if action == "find":
        found = folder / f"{told['TOKEN']}.pem"
        return found.read_bytes() if found.exists() else b""
    if action == "revoke":
        (folder / f"revoked-{told['SERIAL']}").write_text(told["REASON"])
        return b""
    return authority.crl() if action == "crl" else (folder / "ca.pem").read_bytes()


def main() -> None:
    """Do what the arguments ask for."""
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "make":
        make(folder)
        return
    authority = Authority(folder)
    told = {
        name.removeprefix("ROLESANYWHERE_"): value for name, value in os.environ.items() if "ROLESANYWHERE_" in name
    }
    with (folder / "calls").open("a") as calls:
        calls.write(json.dumps([action, told, sorted(os.environ)]) + "\n")
    moody, _of, mood = authority.mood.partition(": ")
    if action != moody:
        sys.stdout.buffer.write(answer(authority, action, told))
        return
    misbehave(mood)
    printed = answer(authority, action, told)
    if mood == "garbage":
        printed = b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"
    if mood == "forgets the answer":
        printed = b""
    if mood == "prints the chain":
        printed += (folder / "ca.pem").read_bytes()
    if mood == "slow":
        time.sleep(5)
    sys.stdout.buffer.write(printed)


if __name__ == "__main__":
    main()
