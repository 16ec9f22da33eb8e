# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program stands for the CA: what it is told, what it may do, and what becomes of its lies."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from . import signing_program
from .ca_host import CaHost

PROGRAM = [sys.executable, signing_program.__file__]


class CommandHost(CaHost):
    """A CA host where a program signs. *authority* is the folder of the CA that the program has."""

    def __init__(self, directory: Path, authority: Path) -> None:
        super().__init__(directory)
        self.authority = authority
        subprocess.run([*PROGRAM, "make", str(authority)], check=True)

    @property
    def command(self) -> dict[str, Any]:
        """What all modules need to ask the program."""
        actions = ("issue", "find", "revoke", "crl", "certificate")
        return {**{action: [*PROGRAM, action, str(self.authority)] for action in actions}, "timeout": 20}

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start a module; an option within command that is None is not given at all."""
        command = {**self.command, **options.pop("command", {})}
        given = {name: value for name, value in command.items() if value is not None}
        return super().start(module, check_mode=check_mode, **{"provider": "command", "command": given, **options})

    def feel(self, mood: str, action: str = "issue") -> None:
        """Have the program behave otherwise at an action."""
        (self.authority / "mood").write_text(f"{action}: {mood}")

    def calls(self, action: str) -> list[dict[str, str]]:
        """List what the program was told."""
        lines = (self.authority / "calls").read_text().splitlines()
        return [told for done, told, _names in map(json.loads, lines) if done == action]

    def refused(self, name: str = "web1", **options: Any) -> str:
        """Ask for one certificate that must be refused, and return why."""
        refused: str = self.issue(self.request(name), **options)["certificates"][name]["default"]["refused"]
        return refused


def sqlite(host: CommandHost) -> contextlib.closing[sqlite3.Connection]:
    """Open the ledger behind everybody's back."""
    return contextlib.closing(sqlite3.connect(host.directory / "ledger.sqlite", isolation_level=None))


@pytest.fixture
def outside(tmp_path: Path) -> CommandHost:
    """Return a host whose program is there, and whose folder is not."""
    return CommandHost(tmp_path / "ca", tmp_path / "corporate")


@pytest.fixture
def host(outside: CommandHost) -> CommandHost:
    """Return a host with the folder."""
    outside.do("ca")
    return outside


def test_the_folder_in_four_steps(outside: CommandHost) -> None:
    foretold, made, _checked, kept = outside.four_steps("ca")
    assert foretold["certificate"] == made["certificate"] == kept["certificate"]
    assert made["subject"] == "CN=Corporate Issuing CA"
    assert made["root_certificate"] is None
    assert len(x509.load_pem_x509_crl(made["crl"].encode())) == 0
    assert outside.content() == {"issuing", "issuing/certificate.pem", "issuing/crl.pem", "ledger.sqlite"}


def test_certificates_and_crls_in_four_steps(host: CommandHost) -> None:
    wishes = {"organization": "Example", "organizational_units": ["web", "eu"], "uris": ["spiffe://example.com/web1"]}
    requests = [host.request("web1", dns_names=["b.example.com", "a.example.com"], **wishes), host.request("web2")]
    steps = host.four_steps("ca_issue", nonce=host.nonce, requests=requests)
    assert [(step["issued"], step["reused"]) for step in steps] == [(2, 0), (2, 0), (0, 2), (0, 2)]
    issued = steps[1]["certificates"]["web1"]["default"]
    leaf = x509.load_pem_x509_certificate(issued["certificate"].encode())
    assert leaf.subject.rfc4514_string() == "CN=web1,OU=eu,OU=web,O=Example"
    told = host.calls("issue")[0]
    assert (told["COMMON_NAME"], told["ORGANIZATIONAL_UNITS"]) == ("web1", "web\neu")
    assert (told["DNS_NAMES"], told["URIS"]) == ("b.example.com\na.example.com", "spiffe://example.com/web1")
    assert (told["NOT_BEFORE"], told["NOT_AFTER"]) == (issued["not_before"], issued["not_after"])
    assert told["SERIAL"] == issued["serial"]
    revoked = host.four_steps("ca_revoke", host="web2", reason="key_compromise")
    assert [len(step["told"]) for step in revoked] == [0, 1, 0, 0]
    assert host.calls("revoke") == [{"SERIAL": revoked[1]["revoked"][0], "REASON": "keyCompromise"}]
    crl = host.do("ca_crl")
    assert (crl["changed"], crl["entries"]) == (True, 1)


def test_a_program_gets_no_more_than_it_is_given(host: CommandHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPORATE_TOKEN", "long sesame")
    more = {"environment": {"LEVEL": 3}, "inherit": ["CORPORATE_TOKEN", "NOT_SET"]}
    host.issue(host.request("web1"), command=more)
    _action, told, names = json.loads((host.authority / "calls").read_text().splitlines()[-1])
    ours = [f"ROLESANYWHERE_{name}" for name in told]
    assert sorted(set(names) - {"LC_CTYPE"}) == sorted([*ours, "PATH", "LC_ALL", "HOME", "LEVEL", "CORPORATE_TOKEN"])


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("wrong name", "its subject is CN=administrator"),
        ("wrong key", "it is for another key"),
        ("CA:TRUE", "it is a CA certificate"),
        ("ten years", "it is valid from"),
    ],
)
def test_a_lie_is_revoked_at_the_ca_and_fails_its_own_host(host: CommandHost, mood: str, sentence: str) -> None:
    host.feel(mood)
    result = host.issue(host.request("web1"))
    assert (result["changed"], result["refused"]) == (True, 1)
    outcome = result["certificates"]["web1"]["default"]
    assert set(outcome) == {"refused"}
    assert sentence in outcome["refused"]
    serial = host.calls("issue")[0]["SERIAL"]
    assert (host.authority / f"revoked-{serial}").exists()
    host.feel("good")
    assert host.do("ca_crl")["entries"] == 1
    assert host.issue(host.request("web1"))["issued"] == 1


@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("broken", "(command.issue) failed with the status 1: [31mNo route to the CA [0m xxx"),
        ("garbage", "(command.issue) printed no certificate in PEM: correct it."),
        ("endless", "(command.issue) wrote more than 65536 bytes."),
        ("hangs", "(command.issue) did not end within 3 seconds."),
    ],
)
def test_what_goes_wrong_is_one_sentence(host: CommandHost, mood: str, sentence: str) -> None:
    host.feel(mood)
    began = time.monotonic()
    command = {"timeout": 3, "certificate": None, "certificate_path": str(host.authority / "ca.pem")}
    refused = host.refused(command=command if mood == "hangs" else {})
    assert sentence in refused
    assert refused.isprintable()
    assert len(refused) < 500
    assert time.monotonic() - began < 15
    # Nothing that it has started stays behind.
    processes = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    assert str(host.authority) not in processes


def test_the_chain_behind_the_certificate_is_left_away(host: CommandHost) -> None:
    host.feel("prints the chain")
    result = host.issue(host.request("web1"))
    assert result["certificates"]["web1"]["default"]["certificate"].count("BEGIN") == 1
    assert result["chain"] == ""


def test_an_answer_that_was_lost_is_found_by_the_next_run(host: CommandHost) -> None:
    request = host.request("web1")
    host.feel("forgets the answer")
    assert "printed no certificate" in host.issue(request)["certificates"]["web1"]["default"]["refused"]
    host.feel("good")
    result = host.issue(request)
    assert (result["changed"], result["reused"]) == (True, 1)
    assert result["certificates"]["web1"]["default"]["serial"] == host.calls("issue")[0]["SERIAL"]
    assert len(host.calls("issue")) == 1


def test_a_run_that_is_killed_loses_nothing(host: CommandHost) -> None:
    host.feel("slow")
    requests = [host.request("web1"), host.request("web2")]
    running = host.start("ca_issue", nonce=host.nonce, requests=requests)
    deadline = time.monotonic() + 60
    while not list(host.authority.glob(f"{'?' * 32}.pem")) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.kill()
    running.communicate()
    host.feel("good")
    first = host.issue(*requests)["certificates"]["web1"]["default"]
    assert "the answer is not there yet: run this again when that run has ended" in first["refused"]
    # Ten minutes later.
    with sqlite(host) as ledger:
        ledger.execute("UPDATE intents SET claimed_until = '2026-01-01T00:00:00Z'")
    result = host.issue(*requests)
    assert (result["reused"], result["issued"]) == (1, 1)
    assert result["certificates"]["web1"]["default"]["serial"] == host.calls("issue")[0]["SERIAL"]


def test_two_runs_at_once_ask_once(host: CommandHost) -> None:
    host.feel("slow")
    batch = {"nonce": host.nonce, "requests": [host.request("web1")]}
    results = [host.finish(run) for run in [host.start("ca_issue", **batch) for _time in range(2)]]
    assert sorted((result["issued"], result["refused"]) for result in results) == [(0, 1), (1, 0)]
    assert len(host.calls("issue")) == 1


def test_a_ca_that_hangs_again_and_again_is_not_asked_any_more(host: CommandHost) -> None:
    host.feel("hangs")
    began = time.monotonic()
    command = {"timeout": 1, "certificate": None, "certificate_path": str(host.authority / "ca.pem")}
    result = host.issue(*(host.request(f"web{number}") for number in range(20)), command=command)
    assert time.monotonic() - began < 15
    assert result["refused"] == 20
    assert len(host.calls("issue")) < 8
    assert "The CA does not answer" in result["certificates"]["web19"]["default"]["refused"]


def test_several_may_run_at_once(host: CommandHost) -> None:
    host.feel("slow")
    began = time.monotonic()
    assert host.issue(*(host.request(f"web{number}") for number in range(6)), command={"parallel": 6})["issued"] == 6
    assert time.monotonic() - began < 25


def test_a_revocation_that_the_ca_does_not_take_is_told_again(host: CommandHost) -> None:
    serial = host.issue(host.request("web1"))["certificates"]["web1"]["default"]["serial"]
    host.feel("broken", "revoke")
    message = host.fail("ca_revoke", host="web1")
    assert message.startswith(f"The ledger has revoked {serial}, but the CA has not: The program")
    with sqlite(host) as ledger:
        assert ledger.execute("SELECT host FROM blocked_hosts").fetchall() == [("web1",)]
    assert f"The ledger has revoked {serial}, but the CA has not" in host.fail("ca_crl")
    foretold = host.do("ca_revoke", host="web1", check_mode=True)
    assert (foretold["changed"], foretold["told"]) == (True, [serial])
    host.feel("good")
    done = host.do("ca_revoke", host="web1")
    assert (done["changed"], done["revoked"], done["told"]) == (True, [], [serial])
    assert not host.do("ca_revoke", host="web1")["changed"]
    assert host.do("ca_crl")["entries"] == 1


def test_another_ca_behind_the_program_is_one_sentence(host: CommandHost, tmp_path: Path) -> None:
    certificate = (host.directory / "issuing/certificate.pem").read_bytes()
    other = CommandHost(host.directory, tmp_path / "other")
    for module, more in (("ca", {}), ("ca_issue", {"nonce": "n", "requests": []}), ("ca_crl", {})):
        message = other.fail(module, **more)
        assert message.startswith("The CA that answers is CN=Corporate Issuing CA with the serial number ")
        assert message.endswith("correct the options, or give another folder for a new CA.")
    assert (host.directory / "issuing/certificate.pem").read_bytes() == certificate


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"issue": ["sign"]}, "command.issue does not begin with the absolute path of a program."),
        ({"revoke": []}, "command.revoke does not begin with the absolute path of a program."),
        ({"timeout": 301}, "command.timeout is 301 seconds; give 1 to 300."),
        ({"parallel": 0}, "command.parallel is 0; give 1 to 32."),
        ({"environment": {"ROLESANYWHERE_COMMON_NAME": "root"}}, "'ROLESANYWHERE_COMMON_NAME' in command.environment"),
        ({"certificate": None}, "one of the following is required: certificate, certificate_path found in command"),
        ({"certificate": ["/nowhere/program"]}, "The program /nowhere/program cannot be started: No such file"),
        ({"certificate": None, "certificate_path": "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read"),
    ],
)
def test_wrong_options_are_one_sentence(outside: CommandHost, options: dict[str, Any], sentence: str) -> None:
    assert sentence in outside.fail("ca", command=options)
    assert not outside.directory.exists()


def test_a_ca_without_a_crl_and_without_revocation(outside: CommandHost) -> None:
    alone = {"crl": None, "revoke": None, "find": None, "certificate": None}
    alone["certificate_path"] = str(outside.authority / "ca.pem")
    assert outside.do("ca", command=alone)["crl"] is None
    assert outside.issue(outside.request("web1"), command=alone)["issued"] == 1
    assert "command.revoke is missing" in outside.fail("ca_revoke", host="web1", command=alone)
    outside.do("ca_revoke", host="web1")
    assert outside.fail("ca_crl", command=alone).startswith("The CA publishes no CRL")


def test_a_roll_over_has_to_be_made_at_the_ca(host: CommandHost) -> None:
    options = {"common_name": "Next", "state": "prepared", "allow_unencrypted_key": True}
    assert host.fail("ca_rollover", **options).startswith("The issuing CA of the provider command is replaced")
    assert not (host.directory / "next").exists()
