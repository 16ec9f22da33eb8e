# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import times

MOMENT = datetime(2026, 11, 20, 10, 0, 7, 999999, tzinfo=timezone.utc)


@pytest.mark.parametrize("moment", [MOMENT, MOMENT.astimezone(timezone(timedelta(hours=1)))])
def test_a_time_is_written_in_utc_and_whole_seconds_and_read_again(moment):
    assert times.iso(moment) == "2026-11-20T10:00:07Z"
    assert times.from_iso("2026-11-20T10:00:07Z") == moment.replace(microsecond=0)
