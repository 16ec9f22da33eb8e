# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attribute mappings of a profile, wherever the reference leaves open what the service does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.server import EmulatorServer

from .controller import Controller


def mapped(rolesanywhere: Any) -> dict[str, set[str]]:
    """Return what the service maps."""
    [profile] = rolesanywhere.list_profiles()["profiles"]
    return {
        mapping["certificateField"]: {rule["specifier"] for rule in mapping["mappingRules"]}
        for mapping in profile["attributeMappings"]
    }


@pytest.mark.parametrize("switch", [None, "attribute_mappings_null", "attribute_mapping_put_merges"])
def test_mappings_are_given_changed_and_taken_away(
    controller: Controller, emulator: EmulatorServer, rolesanywhere: Any, switch: str | None
) -> None:
    if switch is not None:
        emulator.switches.set({switch: True})

    given = {"x509Subject": ["OU", "CN"], "x509Issuer": ["*"], "x509SAN": ["DNS", "URI"]}
    made = controller.four_steps("profile", name="web", role_arns=[], attribute_mappings=given)
    assert made["profile"]["enabled"] is True
    assert "warnings" not in made
    assert mapped(rolesanywhere) == {field: set(specifiers) for field, specifiers in given.items()}

    changed = controller.four_steps(
        "profile", name="web", attribute_mappings={"x509Issuer": [], "x509SAN": ["Name", "DNS"]}
    )
    assert [warning.partition(":")[0] for warning in changed["warnings"]] == ["x509Issuer is not mapped any more"]
    assert mapped(rolesanywhere) == {"x509Subject": {"CN", "OU"}, "x509SAN": {"DNS", "Name/*"}}


def test_a_profile_that_shows_no_mappings_has_none(
    controller: Controller, emulator: EmulatorServer, rolesanywhere: Any
) -> None:
    emulator.switches.attribute_mappings_null = True
    rolesanywhere.create_profile(name="web", roleArns=[])
    nothing, some = controller.run(
        [
            {"fleet.rolesanywhere.profile": {"name": "web", "attribute_mappings": {"x509Issuer": []}}},
            {"fleet.rolesanywhere.profile": {"name": "web", "attribute_mappings": {"x509SAN": ["URI"]}}},
        ]
    )
    assert (nothing["changed"], some["changed"]) == (False, True)
    assert "attribute_mappings" not in nothing["profile"]
    assert mapped(rolesanywhere) == {"x509SAN": {"URI"}}
