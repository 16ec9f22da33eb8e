# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A nightly rotation visits the hosts that the ledger calls due and no others, and nothing that failed is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tests.integration.ansible_playbook import Run, play

from .fleet import ROOT, Fleet

MakeFleet = Callable[[int], Fleet]
LOOK = {"fleet.rolesanywhere.workload_info"}


def visited(fleet: Fleet, run: Run) -> list[str]:
    """Return the hosts that were looked at."""
    return [host for host in fleet.hosts if run.executions(host, LOOK)]


def rotate(fleet: Fleet, *arguments: str) -> Run:
    """Rotate; it must end well."""
    run = fleet.play("rotate", *arguments)
    assert run.status == 0, run.text
    return run


def serials(fleet: Fleet) -> dict[str, str]:
    """Return the serial number in use on each host."""
    return {host: fleet.serial(host) for host in fleet.hosts if fleet.current(host).exists()}


def tell_the_ledger(fleet: Fleet, statement: str) -> None:
    """Change what the ledger knows."""
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        assert ledger.execute(statement).rowcount > 0


def test_only_what_is_due_is_visited(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(4)
    short = '{"ca_certificate_validity": 1}'
    assert fleet.play("rollout", "-e", short, "--limit=web02").status == 0
    assert fleet.play("rollout").status == 0
    before = serials(fleet)

    run = rotate(fleet)
    assert "0 of 4 hosts are due." in run.text
    assert visited(fleet, run) == []
    assert {stats["changed"] for stats in run.stats.values()} == {0}

    # The threshold is the CA host's variable and the hosts': here that of the extra variables.
    due = '{"workload_renew_when_days_left": 2}'
    check = rotate(fleet, "-e", due, "--check", "--diff")
    assert "1 of 4 hosts are due." in check.text
    assert visited(fleet, check) == ["web02"]
    assert rotate(fleet, "-e", due, "--limit=web01:web03").stats.keys() == {"web01"}
    assert serials(fleet) == before

    run = rotate(fleet, "-e", due)
    assert visited(fleet, run) == ["web02"]
    assert {host for host, serial in serials(fleet).items() if serial != before[host]} == {"web02"}
    assert visited(fleet, rotate(fleet, "-e", due, "--limit=rolesanywhere_fleet")) == []

    # A host that the ledger does not know.
    fleet.hosts.append("web05")
    fleet.host_variables["web05"] = {}
    (fleet.root("web05") / "usr/local/bin").mkdir(parents=True)
    assert visited(fleet, rotate(fleet, "--limit=web05")) == ["web05"]
    assert serials(fleet).keys() == set(fleet.hosts)
    assert visited(fleet, rotate(fleet)) == []

    assert visited(fleet, rotate(fleet, "-e", "rotate_look_at_all=true")) == fleet.hosts
    before = serials(fleet)
    rotate(fleet, "-e", "rotate_force=true", "--limit=web04")
    assert {host for host, serial in serials(fleet).items() if serial != before[host]} == {"web04"}
    assert visited(fleet, rotate(fleet)) == []


def test_a_certificate_not_known_to_be_in_use_brings_one_visit(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    assert fleet.play("rollout").status == 0
    tell_the_ledger(fleet, "UPDATE certificates SET in_use_since = NULL WHERE host = 'web02'")
    check = rotate(fleet, "--check")
    assert visited(fleet, check) == ["web02"]
    before = serials(fleet)
    assert visited(fleet, rotate(fleet)) == ["web02"]
    assert visited(fleet, rotate(fleet)) == []
    assert serials(fleet) == before


def test_a_blocked_host_is_named_and_not_visited(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    assert fleet.play("rollout").status == 0
    tell_the_ledger(fleet, "INSERT INTO blocked_hosts VALUES ('web01', '2026-11-20T10:00:00Z', 'anna', 'superseded')")
    run = rotate(fleet, "-e", '{"workload_renew_when_left": 1}')
    assert visited(fleet, run) == ["web02"]
    assert "web01 gets no certificate: blocked since 2026-11-20T10:00:00Z by anna (superseded)." in run.text


def test_a_canary_that_fails_saves_the_others_and_the_next_run_goes_on(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(4)
    assert fleet.play("rollout").status == 0
    before = serials(fleet)
    arguments = ["-e", '{"rolesanywhere_waves": [1, 2], "workload_renew_when_left": 1}']

    fleet.host_variables["web01"] = {"workload_role_arn": "arn:aws:iam::123456789012:role/nobody"}
    stopped = fleet.play("rotate", *arguments)
    assert set(stopped.failures()) == {"web01"}, stopped.text
    assert serials(fleet) == before
    for host in fleet.hosts:
        assert len(list(fleet.current(host).with_name("versions").iterdir())) == 1

    fleet.host_variables["web01"] = {}
    assert fleet.play("rotate", *arguments).status == 0
    after = serials(fleet)
    assert not set(after.values()) & set(before.values())
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        used = ledger.execute("SELECT host, serial FROM certificates WHERE in_use_since IS NOT NULL").fetchall()
        issued = dict(ledger.execute("SELECT host, count(*) FROM certificates GROUP BY host"))
    assert dict(used) == after
    assert {issued[host] for host in ("web02", "web03", "web04")} == {2}  # what waited was taken up again


@pytest.mark.parametrize(
    ("percentage", "rolled_out"), [(24, ["web02", "web03", "web04"]), (25, ["web02", "web03", "web04", "web06"])]
)
def test_a_wave_may_have_so_many_failures(make_fleet: MakeFleet, percentage: int, rolled_out: list[str]) -> None:
    fleet = make_fleet(6)
    # One that the CA refuses counts in no wave, and one that fails in the first wave not in the second.
    fleet.host_variables["web05"] = {"workload_common_name": "web05, Inc."}
    fleet.host_variables["web01"] = {"workload_role_arn": "arn:aws:iam::123456789012:role/nobody"}
    waves = {"rolesanywhere_waves": [4, 1], "rolesanywhere_max_fail_percentage": percentage}
    fleet.variables |= waves
    run = fleet.play("rollout")
    assert set(run.failures()) == {"web01", "web05"}, run.text
    assert run.status != 0
    assert sorted(serials(fleet)) == rolled_out


def test_a_fleet_without_a_ledger_to_ask_is_one_sentence(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    run = play(ROOT / "playbooks/rotate.yml", fleet.directory, "-i", "web01,", "-e", "rolesanywhere_hosts=web01")
    (sentence,) = run.failures().values()
    assert sentence.startswith("The inventory has no host in the group rolesanywhere_ca; put the host there that holds")
