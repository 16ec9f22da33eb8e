# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking is all or nothing: the ledger, the CRL and AWS, or one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .fleet import Fleet

MakeFleet = Callable[[int], Fleet]
LIMIT = "Run this without --limit"


def crls(emulator: EmulatorServer) -> list[dict[str, object]]:
    """Return the CRLs at AWS."""
    return client(emulator, "rolesanywhere").list_crls()["crls"]


@pytest.fixture
def fleet(make_fleet: MakeFleet, emulator: EmulatorServer) -> Fleet:
    """Make a fleet of one host that is rolled out, with an empty CRL in force."""
    fleet = make_fleet(1)
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        crlData=(fleet.root("ca1") / "ca/crl.pem").read_bytes(),
        trustAnchorArn=fleet.variables["rolesanywhere_trust_anchor_arn"],
        enabled=True,
    )
    fleet.variables["rolesanywhere_crl_name"] = "fleet"
    assert fleet.play("rollout").status == 0
    return fleet


def test_revoking_ends_with_a_crl_in_force(fleet: Fleet, emulator: EmulatorServer) -> None:
    run = fleet.play("revoke", "-e", "revoke_host=web01")
    assert run.status == 0, run.text
    assert "CRL fleet number 2 is in force with 1 entries" in run.text
    assert "web01: 1 certificates revoked now" in run.text
    again = fleet.play("crl_refresh")
    assert {stats["changed"] for stats in again.stats.values()} == {0}


REFUSED = [
    (["-e", "revoke_host=web01", "--limit=web01"], LIMIT),
    (["-e", "revoke_host=web01", "--limit=ca1"], LIMIT),
    (["-e", "revoke_host=web9"], "The ledger knows no certificate of web9"),
    (["-e", "revoke_host=web01", "-e", "rolesanywhere_crl_name=wbe"], "There is no CRL named 'wbe'"),
    (["-e", "revoke_host=web01", "-e", "ca_directory=/nowhere"], "There is no CA in /nowhere"),
    ([], "Say which host loses its access"),
]


def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(fleet: Fleet, emulator: EmulatorServer) -> None:
    path, before = fleet.root("ca1") / "ca/crl.pem", crls(emulator)
    crl = path.read_bytes()
    for arguments, sentence in REFUSED:
        run = fleet.play("revoke", *arguments)
        assert run.status != 0
        assert any(sentence in failure for failure in run.failures().values()), (arguments, run.failures())
        assert (path.read_bytes(), crls(emulator)) == (crl, before)
