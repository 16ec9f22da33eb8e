# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: what is compared, what is refused, and the exact calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import profiles
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{UUID}"
ROLES = ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/b"]
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
}
PROFILE: dict[str, Any] = {
    "profileId": UUID,
    "profileArn": ARN,
    "name": "web",
    "enabled": True,
    "roleArns": ROLES,
    "durationSeconds": 3600,
    "acceptRoleSessionName": False,
}


def options(**given: Any) -> dict[str, Any]:
    """Return the module's parameters: what is not given is None or its default."""
    names = ("name", "id", "role_arns", "session_policy", "managed_policy_arns", "duration", "accept_role_session_name")
    unset = {**dict.fromkeys(names), "enabled": None, "tags": None, "purge_tags": True, "state": "present"}
    if isinstance(given.get("session_policy"), dict):  # as the option's type json hands it over
        given["session_policy"] = json.dumps(given["session_policy"])
    return {**unset, "name": "web", **given}


def listed(conversation: Any, profile: dict[str, Any] | None) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile] if profile else []})


def ensure(conversation: Any, check_mode: bool = False, **given: Any) -> Any:
    return profiles.ensure(Resources(conversation, profiles.KIND), options(**given), check_mode)


@pytest.mark.parametrize(
    ("current", "given"),
    [
        ({}, {}),
        ({}, {"role_arns": list(reversed(ROLES))}),
        ({}, {"role_arns": [*ROLES, ROLES[0]]}),
        ({}, {"managed_policy_arns": []}),
        ({}, {"duration": 3600}),
        ({}, {"accept_role_session_name": False}),
        ({"acceptRoleSessionName": None}, {"accept_role_session_name": False}),
        ({}, {"session_policy": ""}),
        ({}, {"session_policy": {}}),
        ({"sessionPolicy": json.dumps(POLICY, indent=2)}, {"session_policy": POLICY}),
        (
            {"sessionPolicy": json.dumps(POLICY)},
            {"session_policy": {**POLICY, "Statement": {**POLICY["Statement"][0], "Action": ["s3:List*", "s3:Get*"]}}},
        ),
    ],
)
def test_nothing_to_change_is_one_call(conversation: Any, current: dict[str, Any], given: dict[str, Any]) -> None:
    profile = {key: value for key, value in {**PROFILE, **current}.items() if value is not None}
    listed(conversation, profile)
    outcome, warnings = ensure(conversation, **given)
    assert (outcome.changed, outcome.after, warnings) == (False, profile, [])


def test_nothing_to_change_is_two_calls_with_tags(conversation: Any) -> None:
    listed(conversation, PROFILE)
    conversation.expect("list_tags_for_resource", {"resourceArn": ARN}, {"tags": [{"key": "a", "value": "1"}]})
    outcome, _warnings = ensure(conversation, role_arns=ROLES, tags={"a": "1"})
    assert not outcome.changed


@pytest.mark.parametrize(
    ("given", "request_"),
    [
        ({"role_arns": ROLES[:1]}, {"roleArns": ROLES[:1]}),
        ({"role_arns": []}, {"roleArns": []}),
        ({"duration": 900}, {"durationSeconds": 900}),
        ({"accept_role_session_name": True}, {"acceptRoleSessionName": True}),
        (
            {"managed_policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
            {"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        ),
        ({"session_policy": POLICY}, {"sessionPolicy": json.dumps(POLICY, separators=(",", ":"))}),
    ],
)
def test_each_field_alone_is_updated_alone(conversation: Any, given: dict[str, Any], request_: dict[str, Any]) -> None:
    listed(conversation, PROFILE)
    conversation.expect("update_profile", {"profileId": UUID, **request_}, {"profile": {**PROFILE, **request_}})
    outcome, _warnings = ensure(conversation, **given)
    assert outcome.changed
    assert outcome.after == {**PROFILE, **request_}


def test_creating_is_two_calls(conversation: Any) -> None:
    listed(conversation, None)
    conversation.expect("create_profile", {"name": "web", "enabled": True, "roleArns": ROLES}, {"profile": PROFILE})
    outcome, _warnings = ensure(conversation, role_arns=ROLES)
    assert outcome.changed


@pytest.mark.parametrize("policy", ["", "{}", " ", "null"])
def test_a_session_policy_cannot_be_removed(conversation: Any, policy: str) -> None:
    listed(conversation, {**PROFILE, "sessionPolicy": json.dumps(POLICY)})
    with pytest.raises(RolesAnywhereError, match="'web' cannot be removed, for Roles Anywhere has no call that does"):
        ensure(conversation, session_policy=policy)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"duration": 899}, "duration: 899 is not between 900 and 43200 seconds"),
        ({"duration": 43201}, "duration: 43201 is not between"),
        ({"role_arns": ["arn:aws:iam::123456789012:user/x"]}, "role_arns: .* is not the ARN of a role"),
        ({"role_arns": ["arn:aws-cn:iam::123456789012:role/x"]}, "of the partition aws-cn, but this task works in aws"),
        ({"role_arns": [ROLES[0], "arn:aws:iam::210987654321:role/x"]}, "role_arns: all ARNs must be of one partition"),
        ({"managed_policy_arns": ROLES}, "managed_policy_arns: .* is not the ARN of a managed policy"),
        ({"session_policy": "{"}, "session_policy is not JSON"),
        ({"session_policy": "[]"}, "session_policy is not an IAM policy"),
        ({"session_policy": {"Version": "2012-10-17"}}, "session_policy is not an IAM policy"),
        ({"session_policy": {"Statement": []}}, "session_policy allows nothing"),
        ({"session_policy": {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}}, "allows nothing"),
        ({"name": "a/b"}, "name: 'a/b' is not 1 to 255"),
    ],
)
def test_bad_input_is_refused_before_any_call(conversation: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        ensure(conversation, **given)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({}, []),
        ({"managedPolicyArns": ["arn:aws:iam::aws:policy/x"] * 10}, []),
        ({"managedPolicyArns": ["arn:aws:iam::aws:policy/x"] * 11}, ["11 managed policies"]),
        ({"sessionPolicy": "x" * 2048}, []),
        ({"sessionPolicy": "x" * 2049}, ["2049 characters"]),
        ({"sessionPolicy": "x" * 2000, "managedPolicyArns": ["y" * 49]}, ["2049 characters"]),
    ],
)
def test_warnings_about_what_sts_refuses_later(profile: dict[str, Any], words: list[str]) -> None:
    warnings = profiles.warnings_about(profile)
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings))


def test_the_result_shows_the_session_policy_as_a_document(conversation: Any) -> None:
    found = Resources(conversation, profiles.KIND)
    listed(conversation, {**PROFILE, "sessionPolicy": json.dumps(POLICY)})
    outcome, _warnings = ensure(conversation)
    assert found.result(outcome)["profile"]["session_policy"] == POLICY
