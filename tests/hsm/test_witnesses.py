# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The openssl program judges what a token signed, for every type of key."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .token_host import TokenHost


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run openssl whether it fails or not."""
    return subprocess.run(["openssl", *arguments], check=False, capture_output=True, text=True, timeout=60)


def test_openssl_verifies_the_chain_strictly(of_each_type: TokenHost) -> None:
    ca = of_each_type.directory
    chain = ["-CAfile", ca / "root/certificate.pem", "-untrusted", ca / "issuing/certificate.pem"]
    for name in ("web1", "web2"):
        leaf = of_each_type.folder / f"{name}.pem"
        verified = openssl("verify", "-x509_strict", "-purpose", "sslclient", *chain, leaf)
        assert verified.returncode == 0, verified.stderr


def test_openssl_verifies_the_crl_and_finds_who_is_revoked(of_each_type: TokenHost) -> None:
    crl, issuing = of_each_type.directory / "issuing/crl.pem", of_each_type.directory / "issuing/certificate.pem"
    verified = openssl("crl", "-in", crl, "-verify", "-CAfile", issuing, "-noout")
    assert "verify OK" in verified.stdout + verified.stderr
    for name, good in (("web1", True), ("web2", False)):
        revocation = ["-crl_check", "-CRLfile", crl]
        leaf = of_each_type.folder / f"{name}.pem"
        checked = openssl("verify", "-x509_strict", "-partial_chain", *revocation, "-trusted", issuing, leaf)
        assert (checked.returncode == 0) is good
        assert ("certificate revoked" in checked.stderr) is not good


def test_the_issuing_key_is_in_no_file(of_each_type: TokenHost) -> None:
    content = of_each_type.content()
    assert "issuing/certificate.pem" in content
    assert [path for path in content if path.endswith("private-key.pem")] == ["root/private-key.pem"]
