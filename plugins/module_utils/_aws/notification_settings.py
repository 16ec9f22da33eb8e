# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notification settings of a trust anchor: when AWS tells of certificates that will expire. Private to the collection.

Source: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import RolesAnywhereError
from .resources import Call, SubResource
from .service import PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENTS = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
THRESHOLDS = range(1, 361)  # days (botocore's model)
ARGUMENT: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "event": {"type": "str", "required": True, "choices": list(EVENTS)},
        "enabled": {"type": "bool", "default": True},
        "threshold": {"type": "int"},
    },
}

_DEFAULT = {"enabled": True, "threshold": 45, "channel": "ALL", "configuredBy": PRINCIPAL}


def given(settings: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Write a module's option as PutNotificationSettings takes it. Raises RolesAnywhereError."""
    if settings is None:
        return None
    wanted: dict[str, dict[str, Any]] = {}
    for setting in settings:
        event, enabled, threshold = setting["event"], setting["enabled"], setting["threshold"]
        if event in wanted:
            raise RolesAnywhereError(f"notification_settings: {event} is there twice; say once what is wanted of it.")
        if threshold is None and enabled:
            raise RolesAnywhereError(
                f"notification_settings: {event} needs a threshold, from how many days before the expiry AWS tells "
                "of it."
            )
        if threshold is not None and threshold not in THRESHOLDS:
            raise RolesAnywhereError(
                f"notification_settings: the threshold of {event} is {threshold} days, but AWS takes "
                f"{THRESHOLDS[0]} to {THRESHOLDS[-1]}."
            )
        wanted[event] = {"event": event, "enabled": enabled, "channel": "ALL"}
        if enabled:  # it says nothing about a setting that is disabled
            wanted[event]["threshold"] = threshold
    return list(wanted.values())


def calls(current: list[dict[str, Any]] | None, wanted: list[dict[str, Any]]) -> list[Call]:
    """Decide how to get from one list to the other; none where the anchor is as it should be.

    All wanted settings are sent when one differs, since it is not documented whether the others would be kept.
    """
    before = _by_event(current)
    needed = []
    if any(not _same(before.get(setting["event"]), setting) for setting in wanted):
        needed.append(Call("PutNotificationSettings", {"notificationSettings": wanted}))
    if dropped := sorted(
        event for event, setting in before.items() if _customized(setting) and event not in _by_event(wanted)
    ):
        keys = [{"event": event, "channel": "ALL"} for event in dropped]
        needed.append(Call("ResetNotificationSettings", {"notificationSettingKeys": keys}))
    return needed


def after(current: list[dict[str, Any]] | None, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Foretell what the anchor shows after those calls, but for the principal who configured it."""
    needed = [call.operation for call in calls(current, wanted)]
    settings = {event: {**_DEFAULT, "event": event} for event in EVENTS}
    settings.update({event: setting for event, setting in _by_event(current).items() if not _customized(setting)})
    for setting in wanted:
        put = {**setting, "configuredBy": None}
        kept = _by_event(current).get(setting["event"], put)
        settings[setting["event"]] = put if "PutNotificationSettings" in needed else kept
    return list(settings.values())


def readable(settings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write settings for people: in one order, and customized instead of the principal who did it.

    A threshold of a setting that is disabled says nothing, and nobody knows whether AWS keeps it.
    """
    shown = [
        {
            **{key: value for key, value in setting.items() if key != "configuredBy"},
            "threshold": setting.get("threshold") if setting["enabled"] else None,
            "customized": _customized(setting),
        }
        for setting in settings
    ]
    return sorted(shown, key=lambda setting: str(setting["event"]))


SUB_RESOURCE = SubResource(calls, after, at_creation=True)


def _by_event(settings: Iterable[Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
    return {setting["event"]: dict(setting) for setting in settings or [] if setting.get("channel", "ALL") == "ALL"}


def _customized(setting: Mapping[str, Any]) -> bool:
    return bool(setting.get("configuredBy") != PRINCIPAL)


def _same(current: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    if current is None or current["enabled"] != wanted["enabled"]:
        return False
    return not wanted["enabled"] or bool(current.get("threshold") == wanted["threshold"])
