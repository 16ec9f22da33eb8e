# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module credential_process; botocore reads what it wrote."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from botocore.configloader import load_config

from .machine import Machine

ID = "01234567-89ab-4def-8123-456789abcdef"
TARGET = {
    "trust_anchor_arn": f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{ID}",
    "profile_arn": f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{ID}",
    "role_arn": "arn:aws:iam::123456789012:role/web",
}


def test_four_steps(machine: Machine) -> None:
    first, second = (str(machine.root / user / ".aws" / "config") for user in ("alice", "bob"))
    profiles = [{"path": first, **TARGET}, {"path": first, "profile": "web", **TARGET}, {"path": second, **TARGET}]
    steps = machine.four_steps("credential_process", profiles=profiles)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert [[entry["changed"] for entry in step["profiles"]] for step in steps] == [[True] * 3] * 2 + [[False] * 3] * 2
    assert steps[0]["diff"] == steps[1]["diff"]
    assert set(load_config(first)["profiles"]) == {"default", "web"}
    default = load_config(second)["profiles"]["default"]
    assert default["region"] == "eu-central-1"
    assert shlex.split(default["credential_process"])[:2] == [
        "/usr/local/bin/rolesanywhere-helper",
        "credential-process",
    ]


def test_removing_in_four_steps(machine: Machine) -> None:
    path = machine.root / "config"
    path.write_text("# mine\n[profile mine]\noutput = json\n")
    machine.module("credential_process", profiles=[{"path": str(path), **TARGET}])
    steps = machine.four_steps("credential_process", profiles=[{"path": str(path)}], state="absent", backup=True)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert [len(step["backup_files"]) for step in steps] == [0, 1, 0, 0]
    assert steps[1]["profiles"] == [{"path": str(path), "profile": "default", "changed": True, "command": None}]
    assert set(load_config(str(path))["profiles"]) == {"mine"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "trust_anchor_arn is missing; it must look like arn:aws:rolesanywhere:"),
        ({**TARGET, "profile_arn": TARGET["trust_anchor_arn"]}, "profile_arn is 'arn:aws:rolesanywhere"),
        ({**TARGET, "role_arn": TARGET["role_arn"] + "\n[default]\nx = 1"}, "role_arn is "),
        ({**TARGET, "path": "~no-such-user/.aws/config"}, "must be an absolute path"),
        ({**TARGET, "region": "us-east-1"}, "us-east-1"),
        ({**TARGET, "helper_path": "/opt/`id`"}, "cannot stand on the command line"),
    ],
)
def test_bad_values_end_in_one_sentence(machine: Machine, options: dict[str, Any], told: str) -> None:
    path = machine.root / "config"
    answer = machine.module("credential_process", profiles=[{"path": str(path), **options}])
    assert answer["failed"] is True
    assert told in answer["msg"]
    assert "exception" not in answer
    assert not path.exists()


def test_one_bad_profile_of_many_writes_none(machine: Machine) -> None:
    profiles = [
        {"path": str(machine.root / "good"), **TARGET},
        {"path": str(machine.root / "bad"), **TARGET, "name": "/"},
    ]
    assert machine.module("credential_process", profiles=profiles)["failed"]
    assert not (machine.root / "good").exists()
