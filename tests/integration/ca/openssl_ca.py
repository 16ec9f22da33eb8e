# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that somebody runs by hand with the program ``openssl ca``."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

CONFIGURATION = """
[ca]
default_ca = by_hand
[by_hand]
database = index.txt
new_certs_dir = newcerts
certificate = cacert.pem
private_key = cakey.pem
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 365
default_crl_days = 30
policy = any
x509_extensions = leaf
unique_subject = no
string_mask = utf8only
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[leaf]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = subject
string_mask = utf8only
[subject]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[limited]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[without_crl]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[without_identifier]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = none
"""


class OpensslCa:
    """Its folder, in which every command runs; the CA has signed its own certificate, which is in its index too."""

    def __init__(
        self,
        directory: Path,
        *,
        subject: str = "/C=DE/O=Example/CN=Old CA",
        extensions: str = "authority",
        passphrase: str | None = None,
        digest: str = "sha256",
        days: int = 3650,
    ) -> None:
        self.directory = directory
        (directory / "newcerts").mkdir(parents=True)
        for name, content in (("index.txt", ""), ("serial", "1000\n"), ("crlnumber", "20\n")):
            (directory / name).write_text(content)
        (directory / "openssl.cnf").write_text(CONFIGURATION)
        self._passphrase = ["-passin", f"pass:{passphrase}"] if passphrase else []
        key = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "cakey.pem"]
        self.openssl(*key, *(["-aes256", "-pass", f"pass:{passphrase}"] if passphrase else []))
        request = ["-config", "openssl.cnf", "-utf8", "-subj", subject, "-out", "ca.csr"]
        self.openssl("req", "-new", "-key", "cakey.pem", *request, *self._passphrase)
        signed = ["-selfsign", "-extensions", extensions, "-in", "ca.csr", "-out", "cacert.pem", "-days", days]
        self.ca(*signed, "-md", digest)

    def openssl(self, *arguments: Any) -> str:
        """Run openssl, and return what it writes."""
        command = ["openssl", *(str(argument) for argument in arguments)]
        return subprocess.run(
            command, cwd=self.directory, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def ca(self, *arguments: Any) -> None:
        """Run ``openssl ca``."""
        self.openssl("ca", "-config", "openssl.cnf", "-batch", "-utf8", *self._passphrase, *arguments)

    def issue(self, common_name: str, *arguments: Any) -> str:
        """Have a certificate signed; return its serial number as the index has it. The pair lies in its folder."""
        serial = (self.directory / "serial").read_text().strip()
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{serial}.key"]
        subject = ["-config", "openssl.cnf", "-utf8", "-subj", f"/OU=web/CN={common_name}"]
        self.openssl("req", "-new", *key, *subject, "-out", f"{serial}.csr")
        self.ca("-in", f"{serial}.csr", "-out", f"{serial}.pem", *arguments)
        return serial

    def revoke(self, serial: str, reason: str = "unspecified") -> None:
        """Revoke a certificate."""
        self.ca("-revoke", f"newcerts/{serial}.pem", "-crl_reason", reason)

    def make_crl(self) -> None:
        """Make the CRL."""
        self.ca("-gencrl", "-out", "crl.pem")

    def files(self, **other: Any) -> dict[str, Any]:
        """Say where its files are, as the option take_over wants it; None leaves one out."""
        names = {
            "certificate_path": "cacert.pem",
            "private_key_path": "cakey.pem",
            "index_path": "index.txt",
            "serial_path": "serial",
            "crl_path": "crl.pem",
            "crl_number_path": "crlnumber",
            "new_certificates_directory": "newcerts",
            **other,
        }
        return {option: str(self.directory / name) for option, name in names.items() if name}

    def content(self) -> dict[str, bytes]:
        """Read all of its files."""
        paths = (path for path in self.directory.rglob("*") if path.is_file())
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in paths}
