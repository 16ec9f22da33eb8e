# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and playbooks hand the token's options on, and its PIN shows nowhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.emulator.server import EmulatorServer
from tests.integration.fleet.conftest import make_aws_side, make_ca
from tests.integration.fleet.fleet import Fleet

from .token_host import PIN, TokenHost

__all__ = ["emulator", "emulator_server"]


def test_a_fleet_is_rolled_out_and_revoked_with_a_key_in_a_token(
    empty: TokenHost, emulator: EmulatorServer, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path / "fleet", emulator.url, 2)
    # Where SoftHSM2 looks when SOFTHSM2_CONF is not set: a play of this fleet gets nothing of the tests' environment.
    configuration = fleet.directory / ".config/softhsm2/softhsm2.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text((tmp_path / "softhsm2.conf").read_text())
    fleet.variables |= {"ca_provider": "pkcs11", "ca_pkcs11": empty.token}
    fleet.variables |= make_aws_side(emulator, make_ca(fleet))
    ca = fleet.root("ca1") / "ca"
    assert not (ca / "issuing/private-key.pem").exists()
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        crlData=(ca / "issuing/crl.pem").read_bytes(),
        trustAnchorArn=fleet.variables["rolesanywhere_trust_anchor_arn"],
        enabled=True,
    )
    fleet.variables["rolesanywhere_crl_name"] = "fleet"

    # From here on the PIN is a variable's value, as a vault gives it.
    with_pin = {**empty.token, "pin": "{{ vaulted_pin }}"}
    del with_pin["pin_path"]
    fleet.variables["ca_pkcs11"] = with_pin
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"vaulted_pin": PIN}))
    log = tmp_path / "log"
    texts = []
    for playbook, *more in (["rollout"], ["revoke", "-e", "revoke_host=web01"], ["crl_refresh"]):
        run = fleet.play(playbook, "-vvvv", "-e", f"@{secrets}", *more, ANSIBLE_LOG_PATH=str(log))
        assert run.status == 0, run.text
        texts.append(run.text)
    assert fleet.serial("web01") != fleet.serial("web02")
    assert "CRL fleet number 2 is in force with 2 entr" in texts[1]
    assert log.read_text().count("fleet.rolesanywhere.ca_crl") > 0
    assert PIN not in "".join(texts) + log.read_text()
