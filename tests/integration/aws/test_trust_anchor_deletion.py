# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trust anchor goes with its CRLs, but not while it is in use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.state import Credential

from .authority import Authority
from .controller import Controller
from .private_ca import PrivateCa

GONE = {"name": "fleet", "state": "absent"}


def seen(emulator: EmulatorServer, name: str, pem: str, days_ago: float) -> None:
    """Have the service remember that somebody came with a certificate."""
    moment = emulator.switches.now() - timedelta(days=days_ago)
    subject = emulator.state.store("123456789012", REGION).subject(f"CN={name}", moment)
    subject.credentials.append(Credential(moment, "1", "CN=whoever", pem, failed=False))


@pytest.fixture
def anchor_arn(controller: Controller, issuing: Authority) -> str:
    made = controller.module("trust_anchor", name="fleet", certificates=[issuing.pem])
    return str(made["trust_anchor"]["trust_anchor_arn"])


@pytest.fixture
def crl(rolesanywhere: Any, anchor_arn: str, issuing: Authority) -> dict[str, Any]:
    imported = rolesanywhere.import_crl(
        name="revoked", crlData=issuing.crl(1, 5).encode(), trustAnchorArn=anchor_arn, enabled=True
    )["crl"]
    return {"crl_id": imported["crlId"], "crl_arn": imported["crlArn"], "name": "revoked", "enabled": True}


@pytest.mark.parametrize("cascades", [False, True])
def test_crls_go_with_their_anchor_and_no_others(
    controller: Controller,
    emulator: EmulatorServer,
    rolesanywhere: Any,
    next_issuing: Authority,
    crl: dict[str, Any],
    cascades: bool,
) -> None:
    emulator.switches.trust_anchor_deletion_cascades = cascades
    other = controller.module("trust_anchor", name="other", certificates=[next_issuing.pem])
    kept = rolesanywhere.import_crl(
        name="kept",
        crlData=next_issuing.crl(1).encode(),
        trustAnchorArn=other["trust_anchor"]["trust_anchor_arn"],
        enabled=True,
    )["crl"]
    rolesanywhere.disable_crl(crlId=crl["crl_id"])
    gone = controller.four_steps("trust_anchor", **GONE)
    assert gone["deleted_crls"] == gone["diff"]["before"]["crls"] == [{**crl, "enabled": False}]
    assert [each["crlId"] for each in rolesanywhere.list_crls()["crls"]] == [kept["crlId"]]
    assert [anchor["name"] for anchor in rolesanywhere.list_trust_anchors()["trustAnchors"]] == ["other"]


def test_an_enabled_crl_goes_by_force_only(controller: Controller, rolesanywhere: Any, crl: dict[str, Any]) -> None:
    for check_mode in (True, False):
        [refused] = controller.run([{"fleet.rolesanywhere.trust_anchor": GONE, "check_mode": check_mode}])
        assert refused["msg"] == (
            "The trust anchor 'fleet' still has an enabled CRL, 'revoked', so it seems to be in use: disable that "
            "first, or set force to delete both."
        )
    [foretold] = controller.run([{"fleet.rolesanywhere.trust_anchor": {**GONE, "force": True}, "check_mode": True}])
    assert foretold["deleted_crls"] == [crl]
    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    [kept] = rolesanywhere.list_crls()["crls"]
    assert (anchor["enabled"], kept["enabled"]) == (True, True)
    assert controller.four_steps("trust_anchor", **GONE, force=True)["deleted_crls"] == [crl]
    assert rolesanywhere.list_crls()["crls"] == []


def test_an_anchor_under_which_somebody_was_seen_lately(
    controller: Controller, emulator: EmulatorServer, anchor_arn: str, issuing: Authority, next_issuing: Authority
) -> None:
    seen(emulator, "web1", Authority("web1", issuing).pem, days_ago=10)
    seen(emulator, "db1", Authority("db1", next_issuing).pem, days_ago=1)
    refused = controller.module("trust_anchor", **GONE)
    assert refused["msg"] == (
        "The trust anchor 'fleet' cannot be deleted: the last certificate of CN=web1, seen within 30 days, is of "
        "CN=Issuing CA G1; renew it under another trust anchor, or set force to cut off whoever still needs this one."
    )
    [checked] = controller.run([{"fleet.rolesanywhere.trust_anchor": GONE, "check_mode": True}])
    assert checked["msg"] == refused["msg"]
    other_days = controller.module("trust_anchor", **GONE, seen_within=11)
    assert other_days["msg"] == refused["msg"].replace("30 days", "11 days")
    assert controller.module("trust_anchor", id=anchor_arn, certificates=[next_issuing.pem])["failed"]
    controller.four_steps("trust_anchor", id=anchor_arn, certificates=[next_issuing.pem], seen_within=9)
    assert controller.module("trust_anchor", **GONE)["failed"]  # now it is db1 who would be cut off
    controller.four_steps("trust_anchor", **GONE, force=True)


def test_an_anchor_of_private_ca(controller: Controller, emulator: EmulatorServer, root: Authority) -> None:
    acm_pca = client(emulator, "acm-pca")
    private_ca = PrivateCa(acm_pca)
    private_ca.certify(root)
    controller.module("trust_anchor", name="fleet", acm_pca_arn=private_ca.arn)
    seen(emulator, "web1", Authority("web1", Authority("Private CA", root)).pem, days_ago=1)
    refused = controller.module("trust_anchor", **GONE)
    assert "the last certificate of CN=web1, seen within 30 days, is of CN=Private CA; renew it" in refused["msg"]
    private_ca.switch("DISABLED")
    refused = controller.module("trust_anchor", **GONE)
    assert refused["msg"].startswith("Who still needs the trust anchor 'fleet' cannot be told without the certificate")
    controller.four_steps("trust_anchor", **GONE, force=True)


def test_no_number_of_days(controller: Controller) -> None:
    refused = controller.module("trust_anchor", **GONE, seen_within=0)
    assert refused["msg"] == "seen_within: 0 is not a number of days from 1 to 36500."
