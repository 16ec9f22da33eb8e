# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking is all or nothing: the ledger, the CRL and AWS, or one sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer
from tests.integration.ansible_playbook import play

from .fleet import ROOT, Fleet

MakeFleet = Callable[[int], Fleet]
LIMIT = "Run this without --limit"


def crls(emulator: EmulatorServer) -> list[dict[str, object]]:
    """Return the CRLs at AWS."""
    return client(emulator, "rolesanywhere").list_crls()["crls"]


def roll_out(fleet: Fleet, emulator: EmulatorServer) -> None:
    """Bring the fleet to where a revocation begins: an empty CRL is in force, and every host has its certificate."""
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        crlData=(fleet.root("ca1") / "ca/issuing/crl.pem").read_bytes(),
        trustAnchorArn=fleet.variables["rolesanywhere_trust_anchor_arn"],
        enabled=True,
    )
    fleet.variables["rolesanywhere_crl_name"] = "fleet"
    assert fleet.play("rollout").status == 0


@pytest.fixture
def fleet(make_fleet: MakeFleet, emulator: EmulatorServer) -> Fleet:
    """Make a fleet of one host that is rolled out."""
    fleet = make_fleet(1)
    roll_out(fleet, emulator)
    return fleet


def refusals(fleet: Fleet) -> dict[str, str]:
    """Ask for a session on every host; return the sentences of those that get none."""
    arns = {f"{name}_arn": f"{{{{ rolesanywhere_{name}_arn }}}}" for name in ("trust_anchor", "profile", "role")}
    check = {"directory": "{{ workload_directory }}", "endpoint_url": fleet.endpoint_url, **arns}
    tasks = [{"fleet.rolesanywhere.session_check": check}]
    return fleet.play([{"hosts": "rolesanywhere_fleet", "gather_facts": False, "tasks": tasks}]).failures()


def test_revoking_ends_with_a_crl_in_force(fleet: Fleet, emulator: EmulatorServer) -> None:
    check = fleet.play("revoke", "-e", "revoke_host=web01", "--check")
    assert check.status == 0, check.text
    assert "web01: 1 certificate would be revoked now, 1 in all; the host would be blocked. " in check.text
    assert "is blocked" not in check.text
    assert crls(emulator)[0]["crlData"] == (fleet.root("ca1") / "ca/issuing/crl.pem").read_bytes()

    run = fleet.play("revoke", "-e", "revoke_host=web01")
    assert run.status == 0, run.text
    assert "CRL fleet number 2 is in force with 1 entry until" in run.text
    assert "web01: 1 certificate revoked now, 1 in all; the host is blocked since 20" in run.text
    assert "Sessions that were handed out before, those in the caches of helpers too, go on until they" in run.text

    for arguments in (["--check"], []):
        again = fleet.play("crl_refresh", *arguments)
        assert {stats["changed"] for stats in again.stats.values()} == {0}
        assert "CRL fleet number 2 is in force with 1 entry until" in again.text


def test_the_revoked_host_is_refused_and_the_other_one_is_not(
    make_fleet: MakeFleet, emulator: EmulatorServer, stale_crl_accepted: bool
) -> None:
    fleet = make_fleet(2)
    fleet.variables["ca_certificate_validity"] = 60
    roll_out(fleet, emulator)
    assert refusals(fleet) == {}
    assert fleet.play("revoke", "-e", "revoke_host=web01").status == 0
    [(host, sentence)] = refusals(fleet).items()
    assert (host, "Certificate revoked" in sentence) == ("web01", True)

    # Nobody has run crl_refresh for longer than a CRL is good for; the certificates are still good.
    emulator.switches.set({"clock_offset": timedelta(days=46).total_seconds(), "clock_window": 1e9})
    stale = refusals(fleet)
    assert "Certificate revoked" in stale.pop("web01")
    assert ["Untrusted signing certificate" in sentence for sentence in stale.values()] == (
        [] if stale_crl_accepted else [True]
    )


def test_refreshing_in_check_mode_says_what_would_be(fleet: Fleet, emulator: EmulatorServer) -> None:
    service = client(emulator, "rolesanywhere")
    service.disable_crl(crlId=crls(emulator)[0]["crlId"])
    disabled = fleet.play("crl_refresh", "--check")
    assert "CRL fleet number 1 would be in force with 0 entries until" in disabled.text

    revoked = {"directory": str(fleet.root("ca1") / "ca"), "host": "web01"}
    task = {"fleet.rolesanywhere.ca_revoke": revoked}
    assert fleet.play([{"hosts": "rolesanywhere_ca", "gather_facts": False, "tasks": [task]}]).status == 0
    due = fleet.play("crl_refresh", "--check")
    assert "A new CRL fleet would be made and put into force with 1 entry." in due.text
    assert "in force with 0" not in due.text


def enter_revoked(fleet: Fleet, count: int) -> None:
    """Enter revoked certificates into the ledger of a fleet that is rolled out."""
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        ledger.execute("CREATE TEMPORARY TABLE revoked AS SELECT * FROM certificates LIMIT 1")
        ledger.execute("UPDATE revoked SET reason = 'superseded', revoked_by = 'test', revoked_at = issued_at")
        for number in range(count):
            ledger.execute("UPDATE revoked SET serial = ?", [f"{(1 << 126) + number:032x}"])
            ledger.execute("INSERT INTO certificates SELECT * FROM revoked")


def test_a_crl_without_room_for_all_is_in_force_and_no_success(fleet: Fleet, emulator: EmulatorServer) -> None:
    enter_revoked(fleet, 7000)
    run = fleet.play("revoke", "-e", "revoke_host=web01")
    assert run.status != 0
    (sentence,) = run.failures().values()
    assert "revoked certificates, which AWS goes on accepting; disable the trust anchor, or deny" in sentence
    shown = x509.load_pem_x509_crl(crls(emulator)[0]["crlData"])
    assert 6200 < len(shown) < 6400
    assert shown.get_revoked_certificate_by_serial_number(int(fleet.serial("web01"), 16)) is not None


REFUSED = [
    (["-e", "revoke_host=web01", "--limit=web01"], LIMIT),
    (["-e", "revoke_host=web01", "--limit=ca1"], LIMIT),
    (["-e", "revoke_host=web9"], "The ledger knows no certificate of web9"),
    (["-e", "revoke_host=web01", "-e", "rolesanywhere_crl_name=wbe"], "has no CRLs named wbe; compare "),
    (["-e", "revoke_host=web01", "-e", "rolesanywhere_crl_name="], "Give rolesanywhere_crl_name and"),
    (["-e", "revoke_host=web01", "-e", "ca_directory="], "The CA host ca1 has no ca_directory; set it"),
    (["-e", "revoke_host=web01", "-e", "ca_directory=/nowhere"], "There is no CA in /nowhere"),
    ([], "Say which host loses its access"),
]


def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(fleet: Fleet, emulator: EmulatorServer) -> None:
    path, before = fleet.root("ca1") / "ca/issuing/crl.pem", crls(emulator)
    crl = path.read_bytes()
    for arguments, sentence in REFUSED:
        run = fleet.play("revoke", *arguments)
        assert run.status != 0
        assert any(sentence in failure for failure in run.failures().values()), (arguments, run.failures())
        assert (path.read_bytes(), crls(emulator)) == (crl, before)


@pytest.mark.parametrize("inventory", ["web01,", "/dev/null"])
def test_an_inventory_without_a_ca_host_is_one_sentence(tmp_path: Path, inventory: str) -> None:
    run = play(ROOT / "playbooks/crl_refresh.yml", tmp_path, "-i", inventory)
    assert run.status != 0
    (sentence,) = run.failures().values()
    assert sentence.startswith("The inventory has no host in the group rolesanywhere_ca;")
