# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits, with a clock of the test's own."""

from __future__ import annotations

import pytest

from tests.emulator.errors import ServiceError
from tests.emulator.pace import Pace


def _passes(pace: Pace, group: str, rate: float | None) -> bool:
    try:
        pace.check(group, rate)
    except ServiceError:
        return False
    return True


@pytest.mark.parametrize(
    ("rate", "times", "passes"),
    [
        (1, [0.0, 0.5, 0.99, 1.0, 1.5, 2.0], [True, False, False, True, False, True]),
        (2, [0.0, 0.1, 0.2, 1.0, 1.05, 1.1], [True, True, False, True, False, True]),
        (None, [0.0, 0.0, 0.0], [True, True, True]),
    ],
)
def test_so_many_requests_pass_in_any_second(rate: float | None, times: list[float], passes: list[bool]) -> None:
    clock = iter(times)
    pace = Pace(lambda: next(clock))
    assert [_passes(pace, "profile", rate) for _ in times] == passes


def test_groups_have_their_own_pace() -> None:
    pace = Pace(lambda: 0.0)
    assert [_passes(pace, group, 1) for group in ("profile", "crl", "crl")] == [True, True, False]


def test_reset_forgets_what_passed() -> None:
    pace = Pace(lambda: 0.0)
    pace.check("profile", 1)
    pace.reset()
    assert _passes(pace, "profile", 1)


def test_refusal() -> None:
    pace = Pace(lambda: 0.0)
    pace.check("profile", 1)
    with pytest.raises(ServiceError, match="Rate exceeded") as refusal:
        pace.check("profile", 1)
    assert refusal.value.code == "ThrottlingException"
