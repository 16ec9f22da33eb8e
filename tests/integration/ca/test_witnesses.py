# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that share nothing with the collection judge what it makes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .ca_host import CaHost

SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module", params=["ECDSA-P256", "ECDSA-P384", "RSA-2048"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a CA with a workload's certificate and a CRL that revokes two others."""
    host = CaHost(tmp_path_factory.mktemp("witnesses") / "ca")
    host.make(key_type=request.param, organization="Example")
    orders = [
        host.request("web1", organization="Example", organizational_units=["web", "eu"]),
        host.request("web2", dns_names=["web2.example.com"], uris=["https://web2.example.com/workload"]),
        host.request("web3"),
    ]
    issued = host.issue(*orders)["certificates"]
    for name in ("web1", "web2"):
        (host.directory / f"{name}.pem").write_text(issued[name]["default"]["certificate"])
    host.do("ca_revoke", host="web2", reason="key_compromise")
    host.do("ca_revoke", host="web3")
    assert host.do("ca_crl")["entries"] == 2
    return host.directory


@pytest.mark.parametrize("leaf", ["web1.pem", "web2.pem"])
def test_openssl_verifies_the_chain_strictly(made: Path, leaf: str) -> None:
    chain = ["-CAfile", made / "root/certificate.pem", "-untrusted", made / "issuing/certificate.pem"]
    subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", *chain, made / leaf], check=True, timeout=60
    )


def test_openssl_verifies_the_crl_and_finds_who_is_revoked(made: Path) -> None:
    issuing = made / "issuing/certificate.pem"
    command = ["openssl", "crl", "-in", made / "issuing/crl.pem", "-verify", "-CAfile", issuing, "-noout"]
    verified = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "verify OK" in verified.stdout + verified.stderr
    for leaf, good in (("web1.pem", True), ("web2.pem", False)):
        checked = subprocess.run(
            [
                *("openssl", "verify", "-x509_strict", "-partial_chain", "-crl_check"),
                *("-CRLfile", made / "issuing/crl.pem", "-trusted", issuing, made / leaf),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (checked.returncode == 0) is good
        assert ("certificate revoked" in checked.stderr) is not good


@pytest.mark.parametrize("certificate", ["root/certificate.pem", "issuing/certificate.pem", "web1.pem", "web2.pem"])
def test_pkilint_finds_no_error_in_a_certificate(made: Path, certificate: str) -> None:
    assert findings("lint_pkix_cert", "lint", made / certificate) == []


def test_pkilint_finds_no_error_in_the_crl(made: Path) -> None:
    assert findings("lint_crl", "lint", "--type", "CRL", "--profile", "PKIX", made / "issuing/crl.pem") == []


def findings(program: str, *arguments: str | Path) -> list[object]:
    """Run one of pkilint's programs and return what is a warning or worse."""
    options = ["--severity", "WARNING", "--format", "JSON"]
    command = [SCRIPTS / program, *arguments[:-1], *options, arguments[-1]]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.stdout, ran.stderr
    found: list[object] = json.loads(ran.stdout)["results"]
    return found
