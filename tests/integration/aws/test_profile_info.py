# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module profile_info as Ansible runs it."""

from __future__ import annotations

from typing import Any

from tests.emulator.server import EmulatorServer

from .controller import Controller

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def test_profiles_are_shown_as_profile_shows_them(controller: Controller) -> None:
    make = {"name": "web", "role_arns": [], "session_policy": READ, "duration": 900, "tags": {"Team": "Web"}}
    made, seen = controller.run(
        [{"fleet.rolesanywhere.profile": make}, {"fleet.rolesanywhere.profile_info": {"include_tags": True}}]
    )
    assert seen["profiles"] == [made["profile"]]
    assert seen["profiles"][0]["session_policy"] == READ
    assert seen["changed"] is False


def test_all_pages_and_all_of_one_name(controller: Controller, rolesanywhere: Any) -> None:
    names = sorted([f"web{number:02}" for number in range(60)] + ["twice", "twice"])
    for name in names:
        rolesanywhere.create_profile(name=name, roleArns=[])
    assert "nextToken" in rolesanywhere.list_profiles()
    everything, twice, nobody, several = controller.run(
        [
            {"fleet.rolesanywhere.profile_info": {}},
            {"fleet.rolesanywhere.profile_info": {"name": "twice"}},
            {"fleet.rolesanywhere.profile_info": {"name": "nobody"}},
            {"fleet.rolesanywhere.profile": {"name": "twice", "duration": 900}, "ignore_errors": True},
        ]
    )
    assert sorted(seen["name"] for seen in everything["profiles"]) == names
    identifiers = sorted(seen["profile_id"] for seen in twice["profiles"])
    assert len(identifiers) == 2
    assert nobody["profiles"] == []
    # who changes one of them learns from this list which ids there are
    assert several["msg"].endswith(f"say which with id, one of {', '.join(identifiers)}.")


def test_one_request_a_second_is_waited_for(
    controller: Controller, rolesanywhere: Any, emulator: EmulatorServer
) -> None:
    for number in range(3):
        rolesanywhere.create_profile(name=f"web{number}", roleArns=[], tags=[{"key": "number", "value": str(number)}])
    emulator.switches.set({"control_plane_rate": 1.0})
    seen = controller.module("profile_info", include_tags=True)
    assert sorted(profile["tags"]["number"] for profile in seen["profiles"]) == ["0", "1", "2"]
