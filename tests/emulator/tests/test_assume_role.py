# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What STS takes of anybody who assumes a role: its limits, apart from any service (reference §2.6 to §2.9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.assume_role import DurationExceedsRole, Refused, RoleRequest, check_duration

GOOD = {"role_arn": "arn:aws:iam::123456789012:role/web", "session_name": "4faa", "duration_seconds": 3600}


def tags(count: int, length: int = 1) -> dict[str, str]:
    return {f"key{number:03}": "v" * length for number in range(count)}


LIMITS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"session_name": "a"}, False),
    ({"session_name": "x" * 64}, True),
    ({"session_name": "x" * 65}, False),
    ({"session_name": "a b"}, False),
    ({"session_name": "a/b"}, False),
    ({"session_name": "ä" * 4}, False),
    ({"session_name": "abc\n"}, False),
    ({"source_identity": "CN=web1.example.com"}, True),
    ({"source_identity": "CN=web 1"}, False),
    ({"source_identity": "x" * 65}, False),
    ({"source_identity": ""}, False),
    ({"tags": tags(50)}, True),
    ({"tags": tags(51)}, False),
    ({"tags": tags(50, length=75)}, True),
    ({"tags": tags(50, length=76)}, False),
    ({"managed_policy_arns": ["arn"] * 10}, True),
    ({"managed_policy_arns": ["arn"] * 11}, False),
    ({"session_policy": "x" * 2048}, True),
    ({"session_policy": "x" * 2045, "managed_policy_arns": ["arn"]}, True),
    ({"session_policy": "x" * 2046, "managed_policy_arns": ["arn"]}, False),
    ({"duration_seconds": 900}, True),
    ({"duration_seconds": 899}, False),
]


@pytest.mark.parametrize(("changes", "is_taken"), LIMITS)
def test_limits(changes: dict[str, Any], is_taken: bool) -> None:
    wanted = RoleRequest(**{**GOOD, **changes})
    if is_taken:
        wanted.check_limits()
    else:
        with pytest.raises(Refused):
            wanted.check_limits()


def test_space_in_the_source_identity() -> None:
    RoleRequest(**GOOD, source_identity="CN=web 1").check_limits(space_in_source_identity=True)
    with pytest.raises(Refused):
        RoleRequest(**GOOD, source_identity="CN=web\n1").check_limits(space_in_source_identity=True)


def test_duration_is_not_cut() -> None:
    check_duration(RoleRequest(**GOOD), longest=3600)
    with pytest.raises(DurationExceedsRole):
        check_duration(RoleRequest(**GOOD), longest=3599)


@pytest.mark.parametrize(("changes", "per_cent"), [({}, 0), ({"tags": tags(1)}, 1), ({"tags": tags(50, 75)}, 99)])
def test_packed_size(changes: dict[str, Any], per_cent: int) -> None:
    assert RoleRequest(**GOOD, **changes).packed_size == per_cent


ACTIONS = [
    ({}, ["sts:AssumeRole"]),
    ({"source_identity": "CN=web1"}, ["sts:AssumeRole", "sts:SetSourceIdentity"]),
    ({"tags": tags(1)}, ["sts:AssumeRole", "sts:TagSession"]),
    ({"source_identity": "CN=web1", "tags": tags(1)}, ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]),
]


@pytest.mark.parametrize(("changes", "actions"), ACTIONS)
def test_actions(changes: dict[str, Any], actions: list[str]) -> None:
    assert RoleRequest(**GOOD, **changes).actions == actions
