# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a certificate is to find out, as the modules ask it with their shared options."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import Thresholds
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import parse_time

from .due import Wishes
from .errors import HostError
from .issuers import read_issuers

_AS_GIVEN = ("common_name", "organization", "organizational_units", "dns_names", "uris", "key_type", "key_store")


class Question(NamedTuple):
    """What a certificate should be, and when it is to be replaced."""

    wishes: Wishes  # without the group's number: a group that is not there is an answer, not a bad question
    group: str | None  # name or number
    thresholds: Thresholds
    now: datetime  # aware
    force: bool


def read_question(options: Mapping[str, Any]) -> Question:
    """Read the options CERTIFICATE_WISHES and WORKLOAD_GROUP of a module; raises HostError."""
    return Question(
        Wishes(**{name: options[name] for name in _AS_GIVEN}, issuers=read_issuers(options["issuers"])),
        options["group"],
        Thresholds(options["renew_when_left"], options["renew_when_days_left"], options["renew_jitter"]),
        _time(options["now"]),
        options["force"],
    )


def _time(now: str | None) -> datetime:
    try:
        return parse_time(now) if now else datetime.now(timezone.utc)
    except ValueError:
        raise HostError(f"now is {now!r}, but must look like 2026-11-20T10:00:00Z.") from None
