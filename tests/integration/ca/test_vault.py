# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The PKI engine of Vault signs: what it is asked, what becomes of its lies, and that its token shows nowhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from .ca_host import CaHost
from .vault_double import SECRET_ID, TOKEN, VaultDouble

BATCH = {"nonce": "n", "requests": []}


class VaultHost(CaHost):
    """A CA host that asks a Vault."""

    def __init__(self, directory: Path, vault: VaultDouble) -> None:
        super().__init__(directory)
        self.vault = vault
        self.token_path = directory.with_name("token")
        self.token_path.write_text(f"{TOKEN}\n")
        self.token_path.chmod(0o600)

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start a module; an option within vault that is None is not given at all."""
        usual = {"url": self.vault.url, "role": "fleet", "token_path": str(self.token_path)}
        given = {name: value for name, value in {**usual, **options.pop("vault", {})}.items() if value is not None}
        return super().start(module, check_mode=check_mode, **{"provider": "vault", "vault": given, **options})

    def refused(self, name: str = "web1", **wishes: Any) -> str:
        """Ask for one certificate that must be refused, and return why."""
        refused: str = self.issue(self.request(name, **wishes))["certificates"][name]["default"]["refused"]
        return refused


@pytest.fixture
def vault() -> Iterator[VaultDouble]:
    """Run a Vault."""
    double = VaultDouble()
    yield double
    double.close()


@pytest.fixture
def outside(tmp_path: Path, vault: VaultDouble) -> VaultHost:
    """Return a host without its folder."""
    return VaultHost(tmp_path / "ca", vault)


@pytest.fixture
def host(outside: VaultHost) -> VaultHost:
    """Return a host with the folder."""
    outside.do("ca")
    return outside


def test_the_folder_in_four_steps(outside: VaultHost) -> None:
    _foretold, made, _checked, _kept = outside.four_steps("ca", common_name="Vault Issuing CA")
    assert made["subject"] == "CN=Vault Issuing CA"
    assert len(x509.load_pem_x509_crl(made["crl"].encode())) == 0


def test_certificates_and_crls_in_four_steps(host: VaultHost) -> None:
    host.vault.role |= {"organization": ["Example"], "ou": ["web"]}
    wishes = {"organization": "Example", "organizational_units": ["web"]}
    requests = [
        host.request("web1", dns_names=["b.example.com", "a.example.com"], uris=["spiffe://example.com/web"], **wishes),
        host.request("web2", **wishes),
    ]
    steps = host.four_steps("ca_issue", nonce=host.nonce, requests=requests)
    assert [(step["issued"], step["reused"]) for step in steps] == [(2, 0), (2, 0), (0, 2), (0, 2)]
    leaf = x509.load_pem_x509_certificate(steps[1]["certificates"]["web1"]["default"]["certificate"].encode())
    assert leaf.subject.rfc4514_string() == "CN=web1,OU=web,O=Example"
    (signed, _second) = [call for call in host.vault.calls if call.path == "/v1/pki/sign/fleet"]
    assert signed.body == {
        "common_name": "web1",
        "alt_names": "b.example.com,a.example.com",
        "uri_sans": "spiffe://example.com/web",
        "exclude_cn_from_sans": True,
        "not_after": steps[1]["certificates"]["web1"]["default"]["not_after"],
        "format": "pem",
        "csr": requests[0]["csr"],
    }
    told = [len(step["told"]) for step in host.four_steps("ca_revoke", host="web2")]
    assert told == [0, 1, 0, 0]
    assert host.do("ca_crl")["entries"] == 1
    assert not host.do("ca")["changed"]


@pytest.mark.parametrize("login", ["token", "token_path", "token_environment", "approle"])
def test_each_way_to_log_in_and_no_secret_shows(
    outside: VaultHost, login: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLEET_TOKEN", TOKEN)
    (tmp_path / "secret-id").write_text(SECRET_ID)
    (tmp_path / "secret-id").chmod(0o600)
    ways: dict[str, dict[str, Any]] = {
        "token": {"token": TOKEN},
        "token_path": {"token_path": str(outside.token_path)},
        "token_environment": {"token_environment": "FLEET_TOKEN"},
        "approle": {"approle": {"role_id": "fleet", "secret_id_path": str(tmp_path / "secret-id")}},
    }
    given = {"token_path": None, "namespace": "team", **ways[login]}
    results = [outside.do("ca", vault=given), outside.issue(outside.request("web1"), vault=given)]
    assert results[1]["issued"] == 1
    assert {call.namespace for call in outside.vault.calls} == {"team"}
    for secret in (TOKEN, SECRET_ID):
        assert secret not in str(results)
        assert not any(secret.encode() in path.read_bytes() for path in outside.directory.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("wrong name", "its subject is CN=administrator"),
        ("wrong key", "it is for another key"),
        ("CA:TRUE", "it is a CA certificate"),
        ("ten years", "it is valid from"),
    ],
)
def test_a_lie_is_revoked_and_fails_its_own_host(host: VaultHost, mood: str, sentence: str) -> None:
    host.vault.mood = mood
    assert sentence in host.refused()
    assert list(host.vault.revoked) == list(host.vault.stored)
    host.vault.mood = "good"
    assert host.do("ca_crl")["entries"] == 1


def test_names_that_the_role_would_not_give_are_seen_before_anything_is_signed(host: VaultHost) -> None:
    host.vault.role |= {"organization": ["Other"]}
    assert host.refused(organization="Example") == (
        "The role in Vault gives the organization ['Other'], but ['Example'] is wanted: change the one or the other."
    )
    assert host.vault.stored == {}
    # A token that may not look at the role sees it afterwards.
    host.vault.may_read_role = False
    assert "its subject is CN=web1,O=Other" in host.refused(organization="Example")
    assert list(host.vault.revoked) == list(host.vault.stored)


def test_what_the_role_does_not_allow_is_vaults_own_sentence(host: VaultHost) -> None:
    result = host.issue(host.request("forbidden1"), host.request("web1"))
    assert result["certificates"]["forbidden1"]["default"]["refused"] == (
        "Vault does not sign: common name forbidden1 not allowed by this role."
    )
    assert result["issued"] == 1


def test_a_shorter_time_is_taken_with_vaults_warning(host: VaultHost) -> None:
    host.vault.role["max_ttl"] = 10 * 86400
    result = host.issue(host.request("web1"), host.request("web2"))
    assert result["issued"] == 2
    assert host.warnings(result) == ["Vault warns: TTL is longer than permitted maxTTL, so maxTTL is being used"]


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("loses the answer", "Vault failed: context deadline exceeded."),
        ("answers nothing", "Vault answered without a certificate: look into its log."),
    ],
)
def test_a_lost_answer_is_found_among_what_vault_has_stored(host: VaultHost, mood: str, sentence: str) -> None:
    host.issue(host.request("web9"))
    host.vault.mood = mood
    request = host.request("web1")
    assert host.issue(request)["certificates"]["web1"]["default"]["refused"] == sentence
    host.vault.mood = "good"
    result = host.issue(request)
    assert (result["changed"], result["reused"]) == (True, 1)
    assert len(host.vault.stored) == 2


def test_those_that_came_are_served_when_vault_goes_away(host: VaultHost) -> None:
    host.vault.mood = "goes away"
    requests = [host.request("web1"), host.request("web2"), host.request("web3")]
    result = host.issue(*requests)
    assert (result["issued"], result["refused"]) == (1, 2)
    for name in ("web2", "web3"):
        assert "it is sealed or in maintenance" in result["certificates"][name]["default"]["refused"]
    host.vault.mood = "good"
    assert host.issue(*requests)["issued"] == 2


@pytest.mark.parametrize(
    ("options", "mood", "sentence"),
    [
        ({"url": "ftp://vault"}, "good", "vault.url ftp://vault is no address such as https://vault.example.com:8200."),
        ({"url": "http://vault.example.com"}, "good", "would carry the token unencrypted: give one with https."),
        ({"url": "https://user@vault.example.com"}, "good", "is no address such as"),
        ({"url": "http://127.0.0.1:1"}, "good", "it cannot be reached; look whether it runs"),
        ({}, "sealed", "it is sealed or in maintenance; unseal it and run this again."),
        ({}, "redirects", "Vault's pki has no CA certificate"),
        ({}, "something else", "Vault's pki has no CA certificate"),
        ({"mount": "pki2"}, "good", "the token or its policy does not allow it"),
        ({"token_path": "/nowhere/token"}, "good", "/nowhere/token cannot be read: No such file or directory"),
        (
            {"token_path": None},
            "good",
            "one of the following is required: token, token_path, token_environment, approle",
        ),
        ({"token": TOKEN}, "good", "are mutually exclusive"),
        (
            {"token_path": None, "approle": {"role_id": "fleet", "secret_id": "a wrong secret"}},
            "good",
            "does not let the AppRole in: invalid role or secret ID.",
        ),
    ],
)
def test_what_does_not_work_is_one_sentence(
    outside: VaultHost, options: dict[str, Any], mood: str, sentence: str
) -> None:
    if options.get("mount"):
        outside.token_path.write_text("another token")
    outside.vault.mood = mood
    message = outside.fail("ca", vault=options)
    assert sentence in message
    assert TOKEN not in message
    assert not outside.directory.exists()


@pytest.mark.parametrize(("module", "more"), [("ca_issue", {}), ("ca_revoke", {"host": "web1"})])
def test_a_token_that_has_expired_is_one_sentence(host: VaultHost, module: str, more: dict[str, Any]) -> None:
    host.issue(host.request("web1"))
    host.vault.token = "hvs.another"
    sentence = "the token or its policy does not allow it, or the token has expired."
    if module == "ca_issue":
        assert sentence in host.refused("web2")
    else:
        assert sentence in host.fail(module, **more)


def test_a_vault_without_a_crl(host: VaultHost) -> None:
    host.vault.mood = "no CRL"
    assert host.fail("ca_crl").startswith("The CA publishes no CRL")


def test_without_hvac_each_module_says_what_to_install(
    host: VaultHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hvac.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)  # python -m looks here first
    for module, more in (("ca", {}), ("ca_issue", BATCH), ("ca_crl", {})):
        message = host.fail(module, **more)
        assert message == f"Install the Python library hvac for {sys.executable}: provider: vault needs it."
