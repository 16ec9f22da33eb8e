# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA host with a token in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .token_host import TokenHost, library, program


def pytest_configure() -> None:
    """Say what to install, rather than skip."""
    try:
        library("libsofthsm2.so")
        library("pkcs11-spy.so")
        program("softhsm2-util")
    except FileNotFoundError as error:
        raise pytest.UsageError(
            f"{error} is missing: install SoftHSM2 and OpenSC's PKCS#11 spy (on Debian: softhsm2 opensc-pkcs11)."
        ) from None


def make(folder: Path, monkeypatch: pytest.MonkeyPatch) -> TokenHost:
    """Make a host with one token."""
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    host = TokenHost(folder / "ca", folder)
    host.initialize()
    return host


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenHost:
    """Return a host that has a token and no CA yet."""
    return make(tmp_path, monkeypatch)


@pytest.fixture
def host(empty: TokenHost) -> TokenHost:
    """Return a host that has a CA whose key lies in the token."""
    empty.do("ca")
    return empty


@pytest.fixture(scope="module", params=["ECDSA-P256", "ECDSA-P384", "RSA-2048", "RSA-4096"])
def of_each_type(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenHost]:
    """Return a host that has a CA with one certificate that is good and two that its CRL revokes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        host = make(tmp_path_factory.mktemp("token"), monkeypatch)
        host.do("ca", key_type=request.param)
        orders = [host.request(name, dns_names=[f"{name}.example.com"]) for name in ("web1", "web2", "web3")]
        issued = host.issue(*orders)["certificates"]
        for name in ("web1", "web2"):
            (host.folder / f"{name}.pem").write_text(issued[name]["default"]["certificate"])
        host.do("ca_revoke", host="web2", reason="key_compromise")
        host.do("ca_revoke", host="web3")
        assert host.do("ca_crl")["entries"] == 2
        yield host
