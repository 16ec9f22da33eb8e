# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of docs/certificate-authorities.md as they stand there, with this machine's paths and addresses."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import judges
from .ca_host import CaHost
from .test_role import COUNTS, run
from .vault_double import TOKEN, VaultDouble

DOCS = Path(__file__).resolve().parents[3] / "docs"
PROGRAM = DOCS / "examples/openssl-ca.sh"


def example(provider: str, **replaced: str) -> dict[str, Any]:
    """Read the variables of the page that choose a provider, with other words in place of some."""
    page = (DOCS / "certificate-authorities.md").read_text()
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if f"provider: {provider}" in block]
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    variables: dict[str, Any] = yaml.safe_load(text)
    return variables


@pytest.fixture
def vault() -> Iterator[VaultDouble]:
    """Run a Vault."""
    double = VaultDouble()
    yield double
    double.close()


@pytest.fixture
def corporate(tmp_path: Path, vault: VaultDouble) -> Path:
    """Return the folder of a CA as openssl-ca.sh wants it; its certificate and key are those of the Vault."""
    folder = tmp_path / "corporate"
    folder.mkdir()
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.key").write_bytes(vault.key.private_bytes(*formats))
    (folder / "ca.pem").write_bytes(vault.certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def test_vault_signs_as_the_page_says(empty: CaHost, vault: VaultDouble, tmp_path: Path) -> None:
    token = tmp_path / "vault-token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    words = {
        "/srv/rolesanywhere/ca": str(empty.directory),
        "https://vault.example.com:8200": vault.url,
        "/run/credentials/vault-token": str(token),
    }
    variables = example("vault", **words)
    counts, output = run(tmp_path, "-vvvv", **variables)
    assert tuple(counts[member] for member in COUNTS) == (1, 0)
    assert TOKEN not in output
    options = {"provider": "vault", "vault": variables["ca_vault"]}
    assert empty.issue(empty.request("web1"), **options)["issued"] == 1


def test_a_program_signs_as_the_page_says(empty: CaHost, corporate: Path, tmp_path: Path) -> None:
    words = {
        "/srv/rolesanywhere/ca": str(empty.directory),
        "/usr/local/bin/openssl-ca.sh": str(PROGRAM),
        "/srv/corporate-ca": str(corporate),
    }
    variables = example("command", **words)
    counts, output = run(tmp_path, **variables)
    assert tuple(counts[member] for member in COUNTS) == (1, 0), output
    options = {"provider": "command", "command": variables["ca_command"]}
    wishes = {"organization": "Example + Sons/West", "organizational_units": ["web", "eu"]}
    names = {"dns_names": ["b.example.com", "a.example.com"], "uris": ["spiffe://example.com/web"]}
    issued = empty.issue(empty.request("web1", **wishes, **names), empty.request("web2"), **options)
    assert issued["issued"] == 2, issued
    outcome = issued["certificates"]["web1"]["default"]
    leaf = x509.load_pem_x509_certificate(outcome["certificate"].encode())
    assert [attribute.value for attribute in leaf.subject] == ["Example + Sons/West", "web", "eu", "web1"]
    path = tmp_path / "leaf.pem"
    path.write_text(outcome["certificate"])
    assert judges.objections_to_chain([path], corporate / "ca.pem") == []
    found = subprocess.run(
        [PROGRAM, "find", corporate],
        env={"ROLESANYWHERE_SERIAL": outcome["serial"], "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == outcome["certificate"]
    for _time in range(2):
        empty.do("ca_revoke", host="web1", reason="privilege_withdrawn", **options)
    first, second = (empty.do("ca_crl", **options) for _time in range(2))
    assert (first["changed"], first["entries"], second["changed"]) == (True, 1, False)
