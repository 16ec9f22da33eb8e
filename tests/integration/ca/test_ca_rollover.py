# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ca_rollover."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from .ca_host import PASSPHRASE, CaHost

NEXT = {"common_name": "Issuing CA G2", "allow_unencrypted_key": True}
STATES = {"prepared": "prepared", "switched": "switched", "finished": "steady"}


def test_each_state_in_four_steps(host: CaHost) -> None:
    before = "steady"
    for state, stage in STATES.items():
        foretold, done, _checked, again = host.four_steps("ca_rollover", state=state, **NEXT)
        assert foretold["diff"] == done["diff"] == {"before": {"stage": before}, "after": {"stage": stage}}
        assert (foretold["stage"], done["stage"], again["stage"]) == (before, stage, stage)
        assert len(done["certificates"]) == (1 if stage == "steady" else 2)
        assert done["newest"] == again["newest"] == done["certificates"][-1]
        assert done["issuers"] == ["CN=Issuing CA G1", "CN=Issuing CA G2"][-len(done["certificates"]) :]
        before = stage
    assert host.do("ca_rollover", state="prepared", **NEXT)["changed"] is False


def test_the_new_ca_issues_when_it_has_taken_over(host: CaHost) -> None:
    def issuer(host_name: str) -> str:
        answer = host.issue(host.request(host_name))["certificates"][host_name]["default"]
        command = ["openssl", "x509", "-noout", "-issuer", "-nameopt", "RFC2253"]
        shown = subprocess.run(command, input=answer["certificate"], check=True, capture_output=True, text=True)
        return shown.stdout.strip()

    assert issuer("web1") == "issuer=CN=Issuing CA G1"
    made = host.do("ca_rollover", state="prepared", **NEXT)
    assert issuer("web2") == "issuer=CN=Issuing CA G1"
    remaining = host.do("ca_rollover", state="switched", **NEXT)["remaining"]
    assert issuer("web1") == "issuer=CN=Issuing CA G2"
    assert [(row["host"], row["name"]) for row in remaining] == [("web1", "default"), ("web2", "default")]
    assert "web2 would lose the access" in host.fail("ca_rollover", state="finished", **NEXT)
    host.do("ca_revoke", host="web2")
    assert host.do("ca_rollover", state="finished", **NEXT)["certificates"] == made["certificates"][1:]


def test_both_cas_have_a_crl_and_ca_info_finds_all_in_order(host: CaHost) -> None:
    def faults() -> list[str]:
        return [fault for fault in host.do("ca_info")["faults"] if "rights" not in fault]

    host.issue(host.request("web1"))
    assert host.do("ca_crl")["beside"] == []
    host.do("ca_rollover", state="prepared", **NEXT)
    assert host.do("ca_crl")["beside"] == ["next"]
    assert faults() == []
    host.do("ca_rollover", state="switched", **NEXT)
    host.do("ca_revoke", host="web1")
    assert "revoked in the ledger but not on the CRL" in faults()[0]
    foretold, done, _checked, again = host.four_steps("ca_crl", authority="previous")
    assert (foretold["entries"], done["entries"], again["beside"]) == (1, 1, ["previous"])
    assert (done["issuer"], host.do("ca_crl")["issuer"]) == ("CN=Issuing CA G1", "CN=Issuing CA G2")
    assert done["path"] == str(host.directory / "previous/crl.pem")
    assert host.do("ca_crl")["entries"] == 0
    assert faults() == []
    host.do("ca_rollover", state="finished", **NEXT)
    assert faults() == []
    assert "previous/certificate.pem cannot be read" in host.fail("ca_crl", authority="previous")


def test_the_next_key_is_encrypted_like_the_first(empty: CaHost) -> None:
    empty.make(passphrase=PASSPHRASE)
    options: dict[str, Any] = {"state": "prepared", "common_name": "Issuing CA G2"}
    assert "give a passphrase" in empty.fail("ca_rollover", **options)
    assert "the passphrase is wrong" in empty.fail("ca_rollover", passphrase="another one", **options)
    empty.do("ca_rollover", passphrase=PASSPHRASE, **options)
    assert "ENCRYPTED" in (empty.directory / "next/private-key.pem").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"state": "switched"},
            "The newest issuing CA is CN=Issuing CA G1: make the next one first, with the state prep",
        ),
        (
            {"state": "finished"},
            "The newest issuing CA is CN=Issuing CA G1: make the next one first, with the state prep",
        ),
        ({"state": "prepared", "common_name": "Root"}, "CN=Root is the name of the CA in"),
        ({"state": "prepared", "common_name": "Example, Inc."}, "has characters that STS refuses in session tags"),
    ],
)
def test_refusals_leave_nothing(host: CaHost, options: dict[str, Any], message: str) -> None:
    before = host.content()
    assert message in host.fail("ca_rollover", **{**NEXT, **options})
    assert host.content() == before
