# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host leaves the fleet, clean where it can be reached, and without access in any case."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulator.server import EmulatorServer

from .fleet import Fleet
from .test_revoke import refusals, roll_out

MakeFleet = Callable[[int], Fleet]


def test_a_host_is_cleaned_of_what_is_ours_and_an_unreachable_one_loses_its_access_too(
    make_fleet: MakeFleet, emulator: EmulatorServer
) -> None:
    fleet = make_fleet(2)
    roll_out(fleet, emulator)
    root = fleet.root("web01")
    config, helper = root / "home/.aws/config", root / "usr/local/bin/rolesanywhere-helper"
    config.write_text("[profile own]\nregion = eu-west-1\n" + config.read_text())
    own = root / "usr/local/bin/own"
    own.write_text("the user's")
    foretold = fleet.play("decommission", "-e", "decommission_host=web01", "--check")
    assert foretold.status == 0, foretold.text
    assert "web01 would be revoked and blocked, and would be clean." in foretold.text
    assert helper.exists()

    run = fleet.play("decommission", "-e", "decommission_host=web01")
    assert run.status == 0, run.text
    assert "web01 is revoked and blocked, and is clean." in run.text
    assert config.read_text() == "[profile own]\nregion = eu-west-1\n"
    assert not (root / "etc/rolesanywhere").exists()
    assert list((root / "usr/local/bin").iterdir()) == [own]

    fleet.host_variables["web02"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    gone = fleet.play("decommission", "-e", "decommission_host=web02")
    assert gone.status == 0, gone.text
    assert "web02 is revoked and blocked, and was not cleaned because it cannot be reached" in gone.text
    fleet.host_variables["web02"] = {}
    assert "Certificate revoked" in refusals(fleet)["web02"]


def test_the_host_must_be_named(make_fleet: MakeFleet) -> None:
    run = make_fleet(1).play("decommission")
    assert set(run.failures().values()) == {"Say which host leaves the fleet, for example -e decommission_host=web3."}
