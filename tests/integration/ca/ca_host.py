# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA host whose modules run as Ansible runs them: a process each, arguments and result in JSON."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AttributeOID, NameOID

from . import judges

RequestKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PACKAGE = "ansible_collections.fleet.rolesanywhere.plugins.modules"
PASSPHRASE = "correct horse battery staple"


class CaHost:
    """The modules of the CA side, run on one folder."""

    nonce = "nonce of this run"

    def __init__(self, directory: Path, *python_path: Path) -> None:
        self.directory = directory
        self.python_path = python_path

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start a module and give it its arguments, in a file: a pipe would make several wait for each other."""
        arguments = {"directory": str(self.directory), "_ansible_check_mode": check_mode, **options}
        python_path = [*self.python_path, Path(sys.prefix, "collections")]
        with tempfile.TemporaryFile("w+") as file:
            json.dump({"ANSIBLE_MODULE_ARGS": arguments}, file)
            file.seek(0)
            return subprocess.Popen(
                [sys.executable, "-m", f"{PACKAGE}.{module}"],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, python_path)), "CA_PASSPHRASE": PASSPHRASE},
            )

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for a module and return its result, after a judge has looked at what it made."""
        output, errors = process.communicate(timeout=120)
        assert "Traceback" not in output + errors, output + errors
        result: dict[str, Any] = json.loads(output)
        assert isinstance(process.args, list)
        module = process.args[-1].rpartition(".")[2]
        assert judges.objections_to_result(module, result) == []
        return result

    def run(self, module: str, /, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module whether it fails or not."""
        return self.finish(self.start(module, check_mode=check_mode, **options))

    def do(self, module: str, /, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module that must not fail."""
        result = self.run(module, check_mode=check_mode, **options)
        assert not result.get("failed"), result
        return result

    def fail(self, module: str, /, **options: Any) -> str:
        """Run a module that must fail with one sentence, and return that."""
        result = self.run(module, **options)
        assert result["failed"], result
        assert "\n" not in result["msg"]
        message: str = result["msg"]
        return message

    def four_steps(self, module: str, /, **options: Any) -> list[dict[str, Any]]:
        """Check, do, check, do: the first pair changes something, the second nothing."""
        steps = [self.do(module, check_mode=check_mode, **options) for check_mode in (True, False, True, False)]
        assert [step["changed"] for step in steps] == [True, True, False, False], steps
        return steps

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the CA, with unencrypted keys unless a passphrase is given."""
        encrypted = any(option.startswith("passphrase") for option in options)
        wanted = {"common_name": "Issuing CA G1", "root_common_name": "Root", "allow_unencrypted_key": not encrypted}
        return self.do("ca", **{**wanted, **options})

    @classmethod
    def request(
        cls, host: str, name: str = "default", *, key: RequestKey | None = None, **wishes: Any
    ) -> dict[str, Any]:
        """Make a key, unless one is given, and an order for it."""
        binding = hashlib.sha256(f"{cls.nonce}\n{host}\n{name}".encode()).hexdigest()
        csr = (
            x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rolesanywhere")]))
            .add_attribute(AttributeOID.CHALLENGE_PASSWORD, binding.encode())
            .sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        )
        pem = csr.public_bytes(serialization.Encoding.PEM).decode()
        return {"host": host, "name": name, "csr": pem, "common_name": host, **wishes}

    def issue(self, *requests: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Issue certificates."""
        return self.do("ca_issue", nonce=self.nonce, requests=list(requests), **options)

    @staticmethod
    def warnings(result: dict[str, Any]) -> list[str]:
        """Return the texts of a result's warnings; newer releases of ansible-core wrap them up."""
        found = result.get("warnings", [])
        return [warning if isinstance(warning, str) else warning["event"]["msg"] for warning in found]

    def content(self) -> set[str]:
        """List what lies in the folder."""
        return {str(path.relative_to(self.directory)) for path in self.directory.rglob("*")}
