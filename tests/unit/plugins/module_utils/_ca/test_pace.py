# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of calls, counted by a clock that only waiting moves."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.pace import Pace


class Clock:
    """Goes on while somebody sleeps, and when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


@pytest.mark.parametrize(("rate", "work"), [(25, 0), (25, 0.01), (25, 0.1), (5, 0.03)])
def test_no_second_has_more_calls_than_allowed(rate, work):
    clock = Clock()
    pace = Pace(rate, clock, clock.sleep)
    made = []
    for _request in range(60):
        pace.wait()
        made.append(clock.now)
        clock.now += work
    most = max(sum(begin <= moment < begin + 1 - 1e-6 for moment in made) for begin in made)
    assert most <= rate
    assert most >= min(rate, int(0.9 / work)) if work else most == rate  # and no fewer than needed


def test_idle_time_is_not_saved_for_a_burst():
    clock = Clock()
    pace = Pace(10, clock, clock.sleep)
    pace.wait()
    clock.now += 60
    before = clock.now
    for _request in range(11):
        pace.wait()
    assert clock.now - before == pytest.approx(1)
