# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible never compares a role's defaults with its argument specification, whose own defaults set nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).resolve().parents[3] / "roles").iterdir() if path.is_dir())


def read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict), path
    return content


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_specification_and_defaults_agree(role: Path) -> None:
    entry_points = read(role / "meta" / "argument_specs.yml")["argument_specs"]
    documented = {
        name: option["default"]
        for entry_point in entry_points.values()
        for name, option in entry_point["options"].items()
        if "default" in option
    }

    assert documented == read(role / "defaults" / "main.yml")


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_ansible_doc_knows_every_key(role: Path) -> None:
    known = {"version_added", "author", "short_description", "description", "options", "seealso"}
    for entry_point in read(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        assert entry_point.keys() <= known


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_required_options_have_no_default(role: Path) -> None:
    for entry_point in read(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        for name, option in entry_point["options"].items():
            assert not (option.get("required") and "default" in option), name
