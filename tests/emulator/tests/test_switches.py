# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting switches, in a running emulator and on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.switches import Switches, parse

BAD = [
    ("no_such_switch", True),
    ("stale_echo", 1),
    ("stale_echo", "true"),
    ("latency", True),
    ("latency", None),
    ("control_plane_rate", "1"),
    ("data_plane_faults", "reset"),
    ("data_plane_faults", ["explosion"]),
]
GOOD = [
    ("stale_echo", True),
    ("latency", 1),
    ("control_plane_rate", 0.5),
    ("control_plane_rate", None),
    ("data_plane_faults", ["reset", "silence", "internal_error", "throttling"]),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_nothing_is_set_when_one_switch_is_wrong(name: str, value: Any) -> None:
    switches = Switches()
    with pytest.raises(ValueError, match=name):
        switches.set({"clock_offset": 7.0, name: value})
    assert switches == Switches()


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_set_and_reset(name: str, value: Any) -> None:
    switches = Switches()
    switches.set({name: value})
    assert getattr(switches, name) == value
    switches.reset()
    assert switches == Switches()


def test_command_line() -> None:
    assert parse('data_plane_faults=["reset"]') == ("data_plane_faults", ["reset"])
    assert parse("stale_echo=true") == ("stale_echo", True)
    with pytest.raises(ValueError, match="must be JSON"):
        parse("stale_echo=yes")
