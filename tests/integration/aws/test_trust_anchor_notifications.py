# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""When AWS tells of certificates that will expire: set with a trust anchor, changed in place, and reset."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.server import EmulatorServer

from .authority import Authority
from .controller import Controller

CA, WORKLOAD = "CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY"


def shown(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    settings = result["trust_anchor"]["notification_settings"]
    return [tuple(each[field] for field in ("event", "enabled", "threshold", "customized")) for each in settings]


@pytest.mark.parametrize("put_replaces", [False, True])
def test_life_of_notification_settings(
    controller: Controller, emulator: EmulatorServer, rolesanywhere: Any, issuing: Authority, put_replaces: bool
) -> None:
    emulator.switches.notification_settings_put_replaces = put_replaces

    def set_to(*settings: dict[str, Any]) -> list[tuple[Any, ...]]:
        return shown(controller.four_steps("trust_anchor", name="fleet", notification_settings=list(settings)))

    made = controller.four_steps(
        "trust_anchor",
        name="fleet",
        certificates=[issuing.pem],
        notification_settings=[{"event": CA, "threshold": 90}],
    )
    assert shown(made) == [(CA, True, 90, True), (WORKLOAD, True, 45, False)]
    arn = made["trust_anchor"]["trust_anchor_arn"]

    both = [{"event": CA, "threshold": 90}, {"event": WORKLOAD, "enabled": False}]
    assert set_to(*both) == [(CA, True, 90, True), (WORKLOAD, False, None, True)]
    assert set_to({"event": CA, "threshold": 91}, both[1]) == [(CA, True, 91, True), (WORKLOAD, False, None, True)]
    assert set_to({"event": WORKLOAD, "threshold": 7}) == [(CA, True, 45, False), (WORKLOAD, True, 7, True)]

    left_alone = controller.four_steps("trust_anchor", name="fleet", enabled=False)
    assert shown(left_alone) == [(CA, True, 45, False), (WORKLOAD, True, 7, True)]
    assert set_to() == [(CA, True, 45, False), (WORKLOAD, True, 45, False)]

    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    assert anchor["trustAnchorArn"] == arn
    assert {setting["configuredBy"] for setting in anchor["notificationSettings"]} == {"rolesanywhere.amazonaws.com"}


def test_one_sentence_for_each_mistake(controller: Controller, issuing: Authority) -> None:
    mistakes = [
        ([{"event": CA}], f"notification_settings: {CA} needs a threshold, from how many days before"),
        ([{"event": CA, "threshold": 361}], f"notification_settings: the threshold of {CA} is 361 days, but AWS takes"),
        ([{"event": CA, "threshold": 9}] * 2, f"notification_settings: {CA} is there twice; say once what is wanted"),
        ([{"threshold": 9}], "missing required arguments: event found in notification_settings"),
        ([{"event": "x", "threshold": 9}], "value of event must be one of: CA_CERTIFICATE_EXPIRY, END_ENTITY_CERT"),
    ]
    results = controller.run(
        [
            {
                "fleet.rolesanywhere.trust_anchor": {
                    "name": "fleet",
                    "certificates": [issuing.pem],
                    "notification_settings": settings,
                },
                "ignore_errors": True,
            }
            for settings, _ in mistakes
        ]
    )
    for result, (_, sentence) in zip(results, mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
        assert "Traceback" not in result.get("exception", "")
