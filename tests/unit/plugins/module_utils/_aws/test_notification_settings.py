# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notification settings: which calls lead from one list to another, and what is there then."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import notification_settings
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

CA, WORKLOAD = "CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY"
SERVICE, CUSTOMER = "rolesanywhere.amazonaws.com", "123456789012"


def option(event: str, threshold: int | None = None, enabled: bool = True) -> dict[str, Any]:
    return {"event": event, "enabled": enabled, "threshold": threshold}


def shown(event: str, threshold: int | None = 45, enabled: bool = True, by: str = SERVICE) -> dict[str, Any]:
    setting = {"event": event, "enabled": enabled, "channel": "ALL", "configuredBy": by}
    return setting if threshold is None else {**setting, "threshold": threshold}


DEFAULTS = [shown(CA), shown(WORKLOAD)]
MINE = [shown(CA, 90, by=CUSTOMER), shown(WORKLOAD, enabled=False, by=CUSTOMER)]
PUT, RESET = "PutNotificationSettings", "ResetNotificationSettings"


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        (DEFAULTS, [], []),
        (None, [], []),
        (DEFAULTS, [option(CA, 45)], []),
        (DEFAULTS, [option(CA, 90)], [(PUT, [CA])]),
        (None, [option(CA, 45)], [(PUT, [CA])]),
        ([], [option(CA, 45)], [(PUT, [CA])]),
        (DEFAULTS, [option(CA, enabled=False)], [(PUT, [CA])]),
        (DEFAULTS, [option(CA, 45), option(WORKLOAD, 44)], [(PUT, [CA, WORKLOAD])]),
        (MINE, [option(WORKLOAD, enabled=False), option(CA, 90)], []),
        (MINE, [option(WORKLOAD, 10, enabled=False), option(CA, 90)], []),
        (MINE, [option(WORKLOAD, 45), option(CA, 90)], [(PUT, [WORKLOAD, CA])]),
        (MINE, [], [(RESET, [CA, WORKLOAD])]),
        (MINE, [option(CA, 90)], [(RESET, [WORKLOAD])]),
        (MINE, [option(CA, 91)], [(PUT, [CA]), (RESET, [WORKLOAD])]),
        ([*DEFAULTS, {**shown(CA, by=CUSTOMER), "channel": "A NEW ONE"}], [], []),
    ],
)
def test_calls(current: list[dict[str, Any]] | None, wanted: list[dict[str, Any]], expected: list[Any]) -> None:
    given = notification_settings.given(wanted)
    assert given is not None
    calls = notification_settings.calls(current, given)
    assert [
        (call.operation, [setting["event"] for settings in call.request.values() for setting in settings])
        for call in calls
    ] == expected


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        (None, [], [(CA, True, 45, False), (WORKLOAD, True, 45, False)]),
        (None, [option(CA, 90)], [(CA, True, 90, True), (WORKLOAD, True, 45, False)]),
        (DEFAULTS, [option(CA, 45)], [(CA, True, 45, False), (WORKLOAD, True, 45, False)]),
        (DEFAULTS, [option(WORKLOAD, enabled=False)], [(CA, True, 45, False), (WORKLOAD, False, None, True)]),
        (DEFAULTS, [option(CA, 45), option(WORKLOAD, 9)], [(CA, True, 45, True), (WORKLOAD, True, 9, True)]),
        (MINE, [], [(CA, True, 45, False), (WORKLOAD, True, 45, False)]),
        (MINE, [option(CA, 90)], [(CA, True, 90, True), (WORKLOAD, True, 45, False)]),
        (MINE, [option(CA, 45)], [(CA, True, 45, True), (WORKLOAD, True, 45, False)]),
    ],
)
def test_what_is_there_then(
    current: list[dict[str, Any]] | None, wanted: list[dict[str, Any]], expected: list[Any]
) -> None:
    given = notification_settings.given(wanted)
    assert given is not None
    after = notification_settings.readable(notification_settings.after(current, given))
    fields = ("event", "enabled", "threshold", "customized")
    assert [tuple(setting[field] for field in fields) for setting in after] == expected
    assert {setting["channel"] for setting in after} == {"ALL"}


def test_left_out_is_left_alone() -> None:
    assert notification_settings.given(None) is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ([option(CA)], f"{CA} needs a threshold, from how many days before the expiry AWS tells of it."),
        ([option(CA, 0)], f"the threshold of {CA} is 0 days, but AWS takes 1 to 360."),
        ([option(WORKLOAD, 361)], f"the threshold of {WORKLOAD} is 361 days, but AWS takes 1 to 360."),
        ([option(CA, -1, enabled=False)], f"the threshold of {CA} is -1 days, but AWS takes 1 to 360."),
        ([option(CA, 9), option(CA, 9)], f"{CA} is there twice; say once what is wanted of it."),
    ],
)
def test_what_is_refused(settings: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        notification_settings.given(settings)
    assert str(caught.value) == f"notification_settings: {sentence}"
