# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One ``module_defaults: group/fleet.rolesanywhere.aws`` must reach every module that talks to AWS, and no other."""

from __future__ import annotations

from pathlib import Path

import yaml

COLLECTION = Path(__file__).resolve().parents[3]


def test_the_group_aws_is_exactly_the_modules_with_aws_connection_options() -> None:
    modules = {
        path.stem
        for path in (COLLECTION / "plugins" / "modules").glob("*.py")
        if "- amazon.aws.common.modules" in path.read_text(encoding="utf-8")
    }

    groups = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]

    assert groups == {"aws": sorted(modules)}
