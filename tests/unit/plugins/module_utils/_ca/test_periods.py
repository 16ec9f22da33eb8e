# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lengths of time that users give in days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import periods
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError


@pytest.mark.parametrize("number", [1, 30, 36500])
def test_days(number):
    assert periods.days("validity", number) == timedelta(days=number)


@pytest.mark.parametrize("number", [-1, 0, 36501, 10**12])
def test_no_time_and_more_than_a_century_are_refused(number):
    with pytest.raises(AuthorityError, match=f"^validity is {number} days: give 1 to 36500.$"):
        periods.days("validity", number)
