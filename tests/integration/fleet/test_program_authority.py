# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks hand on the options of a CA that is asked over a wire."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer
from tests.integration.ca import signing_program

from .conftest import make_aws_side, make_ca
from .fleet import Fleet


def test_a_fleet_is_rolled_out_and_revoked_with_a_program_that_signs(emulator: EmulatorServer, tmp_path: Path) -> None:
    program = [sys.executable, signing_program.__file__]
    corporate = str(tmp_path / "corporate")
    subprocess.run([*program, "make", corporate], check=True)
    fleet = Fleet(tmp_path / "fleet", emulator.url, 2)
    actions = ("issue", "find", "revoke", "crl", "certificate")
    fleet.variables |= {
        "ca_provider": "command",
        "ca_command": {action: [*program, action, corporate] for action in actions},
        "ca_common_name": "Corporate Issuing CA",
    }
    fleet.variables |= make_aws_side(emulator, make_ca(fleet))
    ca = fleet.root("ca1") / "ca"
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        crlData=(ca / "issuing/crl.pem").read_bytes(),
        trustAnchorArn=fleet.variables["rolesanywhere_trust_anchor_arn"],
        enabled=True,
    )
    fleet.variables["rolesanywhere_crl_name"] = "fleet"
    for playbook, *more in (["rollout"], ["revoke", "-e", "revoke_host=web01"], ["crl_refresh"]):
        run = fleet.play(playbook, *more)
        assert run.status == 0, run.text
    assert fleet.serial("web01") != fleet.serial("web02")
    # The other one that was revoked is the canary.
    revoked = {path.name.removeprefix("revoked-") for path in Path(corporate).glob("revoked-*")}
    assert revoked & {fleet.serial("web01"), fleet.serial("web02")} == {fleet.serial("web01")}
