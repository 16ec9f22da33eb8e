# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module profile as Ansible runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .controller import Controller

ROLES = ["arn:aws:iam::123456789012:role/reader", "arn:aws:iam::123456789012:role/team/writer"]
WITHOUT_PATH = ROLES[1].replace("team/", "")
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
        require_instance_properties=False,
        attribute_mappings={"x509Subject": ["CN", "OU"], "x509Issuer": [], "x509SAN": ["Name", "DNS"]},
        enabled=False,
        tags={"stage": "trial"},
        purge_tags=False,
    )["profile"]
    assert changed["role_arns"] == sorted(ROLES)
    assert changed["session_policy"] == WRITE
    assert (changed["duration_seconds"], changed["accept_role_session_name"], changed["enabled"]) == (7200, True, False)
    assert changed["tags"] == {"Team": "Web", "stage": "trial"}
    assert changed["attribute_mappings"] == [
        {"certificate_field": "x509SAN", "mapping_rules": [{"specifier": "DNS"}, {"specifier": "Name/*"}]},
        {"certificate_field": "x509Subject", "mapping_rules": [{"specifier": "CN"}, {"specifier": "OU"}]},
    ]

    emptied = controller.four_steps("profile", id=arn, name="web 2", managed_policy_arns=[], role_arns=[])["profile"]
    assert (emptied["role_arns"], emptied["managed_policy_arns"]) == ([], [])
    # what was left out was left alone
    assert (emptied["duration_seconds"], emptied["session_policy"], emptied["enabled"]) == (7200, WRITE, False)

    controller.four_steps("profile", name="web 2", state="absent")
    assert rolesanywhere.list_profiles()["profiles"] == []


def test_one_sentence_for_each_mistake(controller: Controller, rolesanywhere: Any) -> None:
    made = rolesanywhere.create_profile(name="web", roleArns=[], sessionPolicy=json.dumps(READ))["profile"]
    mistakes = [
        ({"name": "web", "session_policy": ""}, "The session policy of the profile 'web' cannot be removed"),
        (
            {"name": "web", "require_instance_properties": True},
            "require_instance_properties of the profile 'web' is false and cannot be changed",
        ),
        ({"name": "web", "session_policy": DENY}, "session_policy allows nothing"),
        ({"name": "web", "attribute_mappings": {"x509SAN": ["*"]}}, "attribute_mappings: '*' is no specifier of x509S"),
        ({"name": "web", "attribute_mappings": {"subject": ["CN"]}}, "Unsupported parameters for"),
        (
            {"name": "web", "role_arns": [WITHOUT_PATH]},
            f"role_arns: there is no role {WITHOUT_PATH} in IAM; the one with that name is {ROLES[1]}.",
        ),
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
    assert [profile["updatedAt"] for profile in rolesanywhere.list_profiles()["profiles"]] == [made["updatedAt"]]


def test_warnings_about_what_sts_refuses_later(controller: Controller) -> None:
    policies = [f"arn:aws:iam::123456789012:policy/{number}" for number in range(11)]
    made = controller.module("profile", name="web", role_arns=ROLES[:1], managed_policy_arns=policies, duration=7200)
    too_long, too_many = made["warnings"]
    assert too_long.startswith(f"The profile's sessions may last 7200 seconds, those of {ROLES[0]} 3600: STS refuses")
    assert too_many == "The profile has 11 managed policies; STS refuses sessions with more than 10."


def test_a_profile_whose_sessions_may_do_nothing(controller: Controller) -> None:
    made = controller.module("profile", name="web", role_arns=[], session_policy=DENY, allow_deny_only=True)
    assert made["profile"]["session_policy"] == DENY


def test_a_role_that_iam_does_not_show_yet_is_waited_for(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = IAMBackend.get_role
    asked: list[str] = []

    def get_role(backend: IAMBackend, name: str) -> Any:
        asked.append(name)
        if len(asked) < 3:
            raise NotFoundException(f"Role {name} not found")
        return shown(backend, name)

    monkeypatch.setattr(IAMBackend, "get_role", get_role)
    made = controller.module("profile", name="web", role_arns=ROLES[:1])
    assert made["profile"]["role_arns"] == ROLES[:1]
    assert len(asked) > 2  # it was asked for until it was there


def test_check_mode_does_not_wait_for_a_role_that_is_not_made_yet(controller: Controller) -> None:
    role = "arn:aws:iam::123456789012:role/later"
    task = {"fleet.rolesanywhere.profile": {"name": "web", "role_arns": [role]}, "check_mode": True}
    [foretold] = controller.run([task])
    assert foretold["profile"] == {"name": "web", "enabled": True, "role_arns": [role]}


def become(controller: Controller, emulator: EmulatorServer, *actions: str) -> None:
    """Go on as a user who may do that much."""
    iam = client(emulator, "iam")
    iam.create_user(UserName="operator")
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="operator", PolicyName="operator", PolicyDocument=policy)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    controller.connection.update(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])


def test_denied_names_the_action_and_pass_role(controller: Controller, emulator: EmulatorServer) -> None:
    become(controller, emulator, "rolesanywhere:List*")
    denied = controller.module("profile", name="web", role_arns=ROLES)["msg"]
    assert denied.startswith(
        "AWS denied CreateProfile; the caller needs rolesanywhere:CreateProfile and iam:PassRole on"
    )


def test_who_may_not_look_at_roles_goes_on_without(controller: Controller, emulator: EmulatorServer) -> None:
    become(controller, emulator, "rolesanywhere:*", "iam:PassRole")
    made = controller.module("profile", name="web", role_arns=ROLES, duration=43200)
    assert made["profile"]["duration_seconds"] == 43200
    assert "warnings" not in made


def test_one_request_a_second_is_enough_for_twenty_profiles(
    controller: Controller, emulator: EmulatorServer, rolesanywhere: Any
) -> None:
    names = [f"web {number}" for number in range(20)]
    for name in names[:17]:  # one request each, the new ones have two
        rolesanywhere.create_profile(name=name, roleArns=ROLES, enabled=True)
    emulator.switches.control_plane_rate = 1
    task = {"fleet.rolesanywhere.profile": {"name": "{{ item }}", "role_arns": ROLES}, "loop": names}
    [result] = controller.run([task])
    assert [(item.get("msg"), item["changed"]) for item in result["results"]] == [(None, False)] * 17 + [
        (None, True)
    ] * 3
    emulator.switches.control_plane_rate = None
    assert sorted(profile["name"] for profile in rolesanywhere.list_profiles()["profiles"]) == sorted(names)
