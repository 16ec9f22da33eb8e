# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module profile as Ansible runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .controller import Controller

ROLES = ["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:role/team/writer"]
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


@pytest.fixture(autouse=True)
def roles(emulator: EmulatorServer) -> None:
    """Make the roles, so that nothing but the profile is in question."""
    iam = client(emulator, "iam")
    for arn in ROLES:
        path, _, name = arn.partition(":role")[2].rpartition("/")
        iam.create_role(RoleName=name, Path=path + "/", AssumeRolePolicyDocument=json.dumps(READ))


def test_life_of_a_profile(controller: Controller, rolesanywhere: Any) -> None:
    made = controller.four_steps("profile", name="web", role_arns=ROLES[:1], session_policy=READ, tags={"Team": "Web"})
    assert made["profile"]["session_policy"] == READ
    assert made["profile"]["enabled"] is True
    arn = made["profile"]["profile_arn"]

    changed = controller.four_steps(
        "profile",
        name="web",
        role_arns=list(reversed(ROLES)),
        session_policy=WRITE,
        managed_policy_arns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
        duration=7200,
        accept_role_session_name=True,
        enabled=False,
        tags={"stage": "trial"},
        purge_tags=False,
    )["profile"]
    assert changed["role_arns"] == sorted(ROLES)
    assert changed["session_policy"] == WRITE
    assert (changed["duration_seconds"], changed["accept_role_session_name"], changed["enabled"]) == (7200, True, False)
    assert changed["tags"] == {"Team": "Web", "stage": "trial"}

    emptied = controller.four_steps("profile", id=arn, name="web 2", managed_policy_arns=[], role_arns=[])["profile"]
    assert (emptied["role_arns"], emptied["managed_policy_arns"]) == ([], [])
    # what was left out was left alone
    assert (emptied["duration_seconds"], emptied["session_policy"], emptied["enabled"]) == (7200, WRITE, False)

    controller.four_steps("profile", name="web 2", state="absent")
    assert rolesanywhere.list_profiles()["profiles"] == []


def test_one_sentence_for_each_mistake(controller: Controller, rolesanywhere: Any) -> None:
    rolesanywhere.create_profile(name="web", roleArns=[], sessionPolicy=json.dumps(READ))
    mistakes = [
        ({"name": "web", "session_policy": ""}, "The session policy of the profile 'web' cannot be removed"),
        ({"name": "web", "session_policy": DENY}, "session_policy allows nothing"),
        ({"name": "web", "duration": 100}, "duration: 100 is not between 900 and 43200 seconds"),
        (
            {"name": "web", "role_arns": [ROLES[0].replace("role", "user")]},
            "role_arns: 'arn:aws:iam::123456789012:user",
        ),
        ({"name": "db"}, "There is no profile named 'db' in eu-central-1 yet: give role_arns to create it."),
    ]
    results = controller.run(
        [{"fleet.rolesanywhere.profile": options, "ignore_errors": True} for options, _ in mistakes]
    )
    for result, (_, sentence) in zip(results, mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)


def test_warning_about_what_sts_refuses_later(controller: Controller) -> None:
    policies = [f"arn:aws:iam::123456789012:policy/{number}" for number in range(11)]
    made = controller.module("profile", name="web", role_arns=[], managed_policy_arns=policies)
    assert made["warnings"] == ["The profile has 11 managed policies; STS refuses sessions with more than 10."]


def test_denied_names_the_action_and_pass_role(controller: Controller, emulator: EmulatorServer) -> None:
    iam = client(emulator, "iam")
    iam.create_user(UserName="auditor")
    allowed = {"Effect": "Allow", "Action": "rolesanywhere:List*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="auditor", PolicyName="look", PolicyDocument=policy)
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    controller.connection.update(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    denied = controller.module("profile", name="web", role_arns=ROLES)["msg"]
    assert denied.startswith(
        "AWS denied CreateProfile; the caller needs rolesanywhere:CreateProfile and iam:PassRole on"
    )


def test_one_request_a_second_is_enough(controller: Controller, emulator: EmulatorServer, rolesanywhere: Any) -> None:
    emulator.switches.control_plane_rate = 1
    names = [f"web {number}" for number in range(5)]  # two requests each
    task = {"fleet.rolesanywhere.profile": {"name": "{{ item }}", "role_arns": ROLES}, "loop": names}
    [result] = controller.run([task])
    assert [item.get("msg") for item in result["results"]] == [None] * 5
    emulator.switches.control_plane_rate = None
    assert len(rolesanywhere.list_profiles()["profiles"]) == 5
