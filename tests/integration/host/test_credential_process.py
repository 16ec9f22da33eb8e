# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module credential_process; botocore reads what it wrote."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.configloader import load_config

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

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
    assert steps[1]["profiles"] == [
        {"path": str(path), "profile": "default", "changed": True, "command": None, "session": None}
    ]
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


@pytest.fixture
def profile(machine: Machine, issued: Callable[[], str], target: dict[str, str]) -> dict[str, Any]:
    """Return a profile of a machine that has its certificate and the helper."""
    assert machine.module("certificate_install", certificate=issued(), prove=False)["changed"]
    helper, cache = machine.root / "helper", machine.root / "cache"
    assert machine.module("portable_helper", path=str(helper), interpreter=sys.executable)["changed"]
    paths = {"path": str(machine.root / "config"), "directory": str(machine.directory), "helper_path": str(helper)}
    return {**paths, "cache_directory": str(cache), **target}


def prove(machine: Machine, *profiles: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write the profiles that are proved."""
    return machine.module("credential_process", profiles=list(profiles), prove=True, **more)


def test_a_profile_that_gets_its_role_is_written_once(machine: Machine, profile: dict[str, Any]) -> None:
    foretold = prove(machine, profile, check_mode=True)
    assert (foretold["changed"], foretold["profiles"][0]["session"]) == (True, None)
    assert not (machine.root / "cache").exists()
    done = prove(machine, profile)
    serial = machine.module("workload_info")["certificate"]["serial"]
    assert done["profiles"][0]["session"] == {
        "assumed_role_arn": f"arn:aws:sts::123456789012:assumed-role/web/{serial}",
        "session_name": serial,
    }
    [cached] = (machine.root / "cache").glob("*.json")
    credentials = json.loads(cached.read_text())["credentials"]
    assert not [secret for secret in credentials.values() if secret in str(done)]
    unchanged = prove(machine, profile)
    assert (unchanged["changed"], unchanged["profiles"][0]["session"]) == (False, None)


def test_a_profile_that_does_not_get_its_role_leaves_the_old_one_and_is_still_due(
    machine: Machine, profile: dict[str, Any], emulator: EmulatorServer
) -> None:
    assert prove(machine, profile)["changed"]
    path = machine.root / "config"
    before = path.read_bytes(), path.stat().st_ino
    role = client(emulator, "iam").create_role(RoleName="db", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    other = {**profile, "path": str(machine.root / "other")}
    wrong = {**profile, "role_arn": role}
    for _run in range(2):
        failed = prove(machine, other, wrong)
        assert failed["failed"], failed
        assert failed["msg"].startswith(f"profile default in {path} is not written, because it was not proved: ")
        assert "isn't one of those listed in the Profile" in failed["msg"]
        assert (path.read_bytes(), path.stat().st_ino) == before
        assert not (machine.root / "other").exists()
        due = machine.module("workload_info", profiles=[wrong])["due"]["credential_process"]
        assert due == f"profile default in {path}: section says something else"


def test_a_proof_is_held(machine: Machine, profile: dict[str, Any]) -> None:
    broken = {**profile, "helper_path": "/bin/false"}
    started = time.monotonic()
    assert prove(machine, broken, hold=2.5)["failed"]
    assert time.monotonic() - started >= 2.5


def test_nothing_is_proved_where_a_profile_is_removed(machine: Machine, profile: dict[str, Any]) -> None:
    assert prove(machine, profile)["changed"]
    gone = prove(machine, {"path": profile["path"]}, state="absent")
    assert (gone["changed"], gone["profiles"][0]["session"]) == (True, None)
