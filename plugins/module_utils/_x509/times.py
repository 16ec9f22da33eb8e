# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as text: in UTC, in whole seconds, and so that text sorts as time does."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> datetime:
    """Return the present in whole seconds of UTC."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def iso(moment: datetime) -> str:
    """Write a time that knows its zone as 2026-11-20T10:00:00Z."""
    return f"{moment.astimezone(timezone.utc).isoformat(timespec='seconds')[:19]}Z"


def from_iso(text: str) -> datetime:
    """Read a UTC time such as 2026-11-20T10:00:00Z."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
