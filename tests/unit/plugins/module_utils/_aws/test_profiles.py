# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: what is compared, what is refused, and the exact calls."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import profiles
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources, Wanted

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
CREATED = datetime(2026, 11, 20, tzinfo=timezone.utc)
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{UUID}"
ROLES = ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/b"]
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
}
MAPPINGS = [  # in another order than ours
    {"certificateField": "x509SAN", "mappingRules": [{"specifier": text} for text in ("DNS", "URI", "Name/*")]},
    {"certificateField": "x509Issuer", "mappingRules": [{"specifier": "*"}]},
]
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
    further = ("require_instance_properties", "attribute_mappings", "enabled", "tags")
    switches = {"purge_tags": True, "allow_deny_only": False, "allow_replace": False}
    unset = {**dict.fromkeys(names + further), **switches, "state": "present"}
    if isinstance(given.get("session_policy"), dict):  # as the option's type json hands it over
        given["session_policy"] = json.dumps(given["session_policy"])
    return {**unset, "name": "web", **given}


def listed(conversation: Any, profile: dict[str, Any] | None) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile] if profile else []})


def looked_up(conversation: Any, *arns: str, seconds: int = 3600) -> None:
    """Declare that IAM is asked for roles, which are there."""
    for arn in arns:
        name = arn.rpartition("/")[2]
        role = {"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLEEXAMPLE00", "Arn": arn, "CreateDate": CREATED}
        answer = {"Role": {**role, "MaxSessionDuration": seconds}}
        conversation.beside("iam").expect("get_role", {"RoleName": name}, answer)


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
        ({}, {"require_instance_properties": False}),
        ({"requireInstanceProperties": True}, {"require_instance_properties": True, "allow_replace": True}),
        ({}, {"session_policy": "", "allow_replace": True}),
        ({}, {"attribute_mappings": {}}),
        ({}, {"attribute_mappings": {"x509Issuer": []}}),
        ({"attributeMappings": MAPPINGS}, {"attribute_mappings": {"x509SAN": ["URI", "Name", "DNS"]}}),
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


@pytest.mark.parametrize("stored", ["", "no JSON", "[]"])
def test_a_stored_session_policy_that_is_none_is_shown_and_replaced(conversation: Any, stored: str) -> None:
    # CreateProfile of the model takes any text.
    profile = {**PROFILE, "sessionPolicy": stored}
    replaced = {**PROFILE, "sessionPolicy": json.dumps(POLICY)}
    listed(conversation, profile)
    request = {"profileId": PROFILE["profileId"], "sessionPolicy": json.dumps(POLICY, separators=(",", ":"))}
    conversation.expect("update_profile", request, {"profile": replaced})
    outcome, _warnings = ensure(conversation, session_policy=POLICY)
    assert outcome.after == replaced
    shown = profiles.KIND.readable(profile)["sessionPolicy"]
    assert shown == ([] if stored == "[]" else stored)


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
    if "duration" in given:
        looked_up(conversation, *ROLES)
    elif "role_arns" in given:
        looked_up(conversation, *given["role_arns"])
    conversation.expect("update_profile", {"profileId": UUID, **request_}, {"profile": {**PROFILE, **request_}})
    outcome, _warnings = ensure(conversation, **given)
    assert outcome.changed
    assert outcome.after == {**PROFILE, **request_}


def test_creating_is_two_calls_and_a_look_at_each_role(conversation: Any) -> None:
    listed(conversation, None)
    looked_up(conversation, *ROLES)
    conversation.expect("create_profile", {"name": "web", "enabled": True, "roleArns": ROLES}, {"profile": PROFILE})
    outcome, _warnings = ensure(conversation, role_arns=ROLES)
    assert outcome.changed


@pytest.mark.parametrize("policy", ["", "{}", " ", "null"])
def test_a_session_policy_cannot_be_removed(conversation: Any, policy: str) -> None:
    listed(conversation, {**PROFILE, "sessionPolicy": json.dumps(POLICY)})
    with pytest.raises(RolesAnywhereError, match="'web' cannot be removed, for Roles Anywhere has no call that does"):
        ensure(conversation, session_policy=policy)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("properties", "wanted", "is_now"), [(None, True, "false"), (False, True, "false"), (True, False, "true")]
)
def test_required_instance_properties_cannot_be_changed(
    conversation: Any, properties: bool | None, wanted: bool, is_now: str, check_mode: bool
) -> None:
    listed(conversation, {**PROFILE, **({} if properties is None else {"requireInstanceProperties": properties})})
    with pytest.raises(RolesAnywhereError) as caught:
        ensure(conversation, check_mode, require_instance_properties=wanted, duration=900)
    assert str(caught.value) == (
        f"require_instance_properties of the profile 'web' is {is_now} and cannot be changed, for Roles Anywhere has "
        "no call that does: leave it as it is, or set allow_replace, with which a new profile takes the place of this "
        "one and has another ARN."
    )


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
        ({"session_policy": {"Statement": []}, "allow_deny_only": True}, "session_policy allows nothing"),
        ({"attribute_mappings": {"x509SAN": ["*"]}}, r"attribute_mappings: '\*' is no specifier of x509SAN"),
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


DENY = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"Resource": None}, "needs Resource or NotResource"),
        ({"NotResource": "*"}, "needs Resource or NotResource, one of the two"),
        ({"Action": None}, "needs Action or NotAction"),
        ({"NotAction": "*"}, "needs Action or NotAction, one of the two"),
        ({"Effect": None}, "needs the Effect Allow or Deny"),
        ({"Effect": "allow"}, "needs the Effect Allow or Deny"),
        ({"Principal": "*"}, "has Principal, which"),
        ({"NotPrincipal": {"AWS": "*"}}, "has NotPrincipal, which"),
    ],
)
def test_a_session_policy_that_no_session_could_have(wrong: dict[str, Any], fault: str) -> None:
    good = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    changed = {key: value for key, value in {**good, **wrong}.items() if value is not None}
    with pytest.raises(RolesAnywhereError) as caught:
        profiles.session_policy(json.dumps({"Statement": [good, changed]}))
    assert str(caught.value).startswith(f"session_policy: statement 2 {fault}")


@pytest.mark.parametrize(
    "statement", [{"NotAction": "iam:*", "Resource": "*"}, {"Action": ["s3:*"], "NotResource": "arn:aws:s3:::x"}]
)
def test_a_session_policy_may_say_what_is_not_meant(statement: dict[str, Any]) -> None:
    assert profiles.session_policy(json.dumps({"Statement": {"Effect": "Allow", **statement}}))


def test_a_policy_that_only_denies_is_taken_when_that_is_allowed(conversation: Any) -> None:
    request = {"sessionPolicy": json.dumps(DENY, separators=(",", ":"))}
    listed(conversation, PROFILE)
    conversation.expect("update_profile", {"profileId": UUID, **request}, {"profile": {**PROFILE, **request}})
    outcome, _warnings = ensure(conversation, session_policy=DENY, allow_deny_only=True)
    assert outcome.changed


def test_required_instance_properties_are_said_when_a_profile_is_made(conversation: Any) -> None:
    listed(conversation, None)
    request = {"name": "web", "enabled": True, "roleArns": [], "requireInstanceProperties": False}
    conversation.expect("create_profile", request, {"profile": PROFILE})
    ensure(conversation, role_arns=[], require_instance_properties=False)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_role_with_shorter_sessions_is_a_warning(conversation: Any, check_mode: bool) -> None:
    listed(conversation, PROFILE)
    looked_up(conversation, ROLES[0], seconds=7199)
    looked_up(conversation, ROLES[1], seconds=7200)
    if not check_mode:
        new = {**PROFILE, "durationSeconds": 7200}
        conversation.expect("update_profile", {"profileId": UUID, "durationSeconds": 7200}, {"profile": new})
    _outcome, [warning] = ensure(conversation, check_mode, duration=7200)
    assert warning == (
        f"The profile's sessions may last 7200 seconds, those of {ROLES[0]} 7199: STS refuses sessions that are wanted "
        "to last longer than the role allows."
    )


def test_a_role_that_is_there_no_more_is_a_warning(conversation: Any) -> None:
    new = {**PROFILE, "roleArns": ROLES[:1]}
    listed(conversation, PROFILE)
    conversation.beside("iam").refuse("get_role", "NoSuchEntity")
    conversation.expect("update_profile", {"profileId": UUID, "roleArns": ROLES[:1]}, {"profile": new})
    _outcome, warnings = ensure(conversation, role_arns=ROLES[:1])
    assert warnings == [f"The profile lists {ROLES[0]}, but there is no such role in IAM: STS refuses sessions for it."]


def test_a_new_role_that_does_not_come_leaves_all_as_it_was(conversation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda _seconds: None)
    listed(conversation, {**PROFILE, "roleArns": []})
    conversation.beside("sts").expect("get_caller_identity", {}, {"Account": ROLES[0].split(":")[4]})
    for _attempt in range(21):
        conversation.beside("iam").refuse("get_role", "NoSuchEntity")
    with pytest.raises(RolesAnywhereError, match="role_arns: there is no role"):
        ensure(conversation, role_arns=ROLES)


def test_check_mode_waits_for_no_role(conversation: Any) -> None:
    listed(conversation, None)
    conversation.beside("iam").refuse("get_role", "NoSuchEntity")
    outcome, warnings = ensure(conversation, check_mode=True, role_arns=ROLES[:1])
    assert (outcome.changed, warnings) == (True, [])


def test_what_else_changes_asks_iam_nothing(conversation: Any) -> None:
    new = {**PROFILE, "acceptRoleSessionName": True}
    listed(conversation, PROFILE)
    conversation.expect("update_profile", {"profileId": UUID, "acceptRoleSessionName": True}, {"profile": new})
    ensure(conversation, role_arns=ROLES, duration=3600, accept_role_session_name=True)


def test_a_field_that_is_taken_away_is_a_warning(conversation: Any) -> None:
    listed(conversation, {**PROFILE, "attributeMappings": MAPPINGS})
    outcome, [warning] = ensure(conversation, check_mode=True, attribute_mappings={"x509Issuer": []})
    assert outcome.changed
    assert warning == (
        "x509Issuer is not mapped any more: sessions carry no tags of it, so every condition with StringEquals on them "
        "is false, and every one with StringNotEquals is true."
    )


def test_a_field_of_a_new_profile_that_is_not_mapped_is_a_warning(conversation: Any) -> None:
    listed(conversation, None)
    _outcome, [warning] = ensure(conversation, check_mode=True, role_arns=[], attribute_mappings={"x509Issuer": []})
    assert warning.startswith("x509Issuer is not mapped any more")


def test_mappings_are_shown_in_one_order(conversation: Any) -> None:
    shown = profiles.KIND.readable({**PROFILE, "attributeMappings": MAPPINGS})["attributeMappings"]
    assert [mapping["certificateField"] for mapping in shown] == ["x509Issuer", "x509SAN"]
    assert [rule["specifier"] for rule in shown[1]["mappingRules"]] == ["DNS", "Name/*", "URI"]
    assert "attributeMappings" not in profiles.KIND.readable(PROFILE)


NEW_UUID = "00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
NEW_ARN = ARN.replace(UUID, NEW_UUID)
OLD: dict[str, Any] = {
    **PROFILE,
    "sessionPolicy": json.dumps(POLICY),
    "managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    "durationSeconds": 7200,
    "acceptRoleSessionName": True,
    "attributeMappings": MAPPINGS,
}
FRESH = {"profileId": NEW_UUID, "profileArn": NEW_ARN, "name": "web", "enabled": False, "attributeMappings": MAPPINGS}

FULL = [*MAPPINGS, {"certificateField": "x509Subject", "mappingRules": [{"specifier": "*"}]}]
CREATING = {  # without roles and without the session policy
    "name": "web",
    "enabled": False,
    "roleArns": [],
    "managedPolicyArns": OLD["managedPolicyArns"],
    "durationSeconds": 7200,
    "acceptRoleSessionName": True,
}


def tagged(conversation: Any, tags: dict[str, str]) -> None:
    pairs = [{"key": key, "value": value} for key, value in tags.items()]
    conversation.expect("list_tags_for_resource", {"resourceArn": ARN}, {"tags": pairs})


def test_the_successor_is_complete_before_the_old_profile_goes(conversation: Any) -> None:
    complete = {**FRESH, "enabled": True}
    listed(conversation, OLD)
    tagged(conversation, {"team": "web", "aws:cloudformation:stack-name": "x"})
    looked_up(conversation, *ROLES, seconds=7200)
    request = {
        "name": "web",
        "enabled": False,
        "roleArns": ROLES,
        "sessionPolicy": OLD["sessionPolicy"],
        "managedPolicyArns": OLD["managedPolicyArns"],
        "durationSeconds": 7200,
        "acceptRoleSessionName": True,
        "requireInstanceProperties": True,
        "tags": [{"key": "team", "value": "web"}],
    }
    conversation.expect("create_profile", request, {"profile": {**FRESH, "attributeMappings": FULL}})
    # the old profile does not map the subject any more
    request = {"profileId": NEW_UUID, "certificateField": "x509Subject"}
    conversation.expect("delete_attribute_mapping", request, {"profile": FRESH})
    conversation.expect("enable_profile", {"profileId": NEW_UUID}, {"profile": FRESH})
    conversation.expect("get_profile", {"profileId": NEW_UUID}, {"profile": complete})
    conversation.expect("delete_profile", {"profileId": UUID}, {"profile": OLD})
    outcome, warnings = ensure(conversation, require_instance_properties=True, allow_replace=True)
    assert outcome.changed
    assert outcome.before is not None
    assert outcome.before["profileArn"] == ARN
    assert outcome.after == complete
    assert warnings == [
        f"The profile 'web' was replaced: hosts that carry {ARN} get no sessions until they are given {NEW_ARN}."
    ]


def test_check_mode_tells_of_the_successor_and_makes_none(conversation: Any) -> None:
    listed(conversation, OLD)
    tagged(conversation, {"team": "web"})
    looked_up(conversation, *ROLES, seconds=7200)
    outcome, [warning] = ensure(
        conversation, True, session_policy="", allow_replace=True, tags={"stage": "trial"}, purge_tags=False
    )
    assert outcome.changed
    assert outcome.after is not None
    assert "sessionPolicy" not in outcome.after
    assert "profileArn" not in outcome.after
    assert outcome.before is not None
    assert outcome.before["tags"] == {"team": "web"}
    assert outcome.after["tags"] == {"team": "web", "stage": "trial"}
    assert outcome.after["durationSeconds"] == 7200
    assert warning == (
        f"The profile 'web' would be replaced: hosts that carry {ARN} would get no sessions until they are given its "
        "new ARN."
    )


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        ({}, {}, {"name": "web", "enabled": True}),
        ({"enabled": False}, {}, {"enabled": False}),
        ({"enabled": False}, {"enabled": True}, {"enabled": True}),
        ({}, {"enabled": False}, {"enabled": False}),
        ({}, {"name": "db"}, {"name": "db"}),
        ({}, {"name": None}, {"name": "web"}),
        ({"tags": {"a": "1"}}, {}, {"tags": {"a": "1"}}),
        ({"tags": {"a": "1", "aws:b": "2"}}, {"tags": {"c": "3"}}, {"tags": {"c": "3"}}),
        ({"tags": {"a": "1"}}, {"tags": {"c": "3"}, "purge_tags": False}, {"tags": {"a": "1", "c": "3"}}),
        ({"tags": {"a": "1"}}, {"tags": {}}, {"tags": {}}),
        (
            {},
            {"members": {"durationSeconds": 900}},
            {"members": {"roleArns": ROLES, "durationSeconds": 900, "acceptRoleSessionName": False}},
        ),
        (
            {"attributeMappings": MAPPINGS},
            {"sub_resources": {"attributeMappings": {"x509SAN": ["DNS"]}}},
            {"sub_resources": {"attributeMappings": {"x509Subject": (), "x509Issuer": ["*"], "x509SAN": ["DNS"]}}},
        ),
        ({}, {}, {"sub_resources": {"attributeMappings": {"x509Subject": (), "x509Issuer": (), "x509SAN": ()}}}),
    ],
)
def test_the_successor_has_what_is_there_and_what_is_wanted(
    current: dict[str, Any], wanted: dict[str, Any], expected: dict[str, Any]
) -> None:
    nothing: dict[str, Any] = {"name": "web", "members": {}, "enabled": None, "tags": None, "purge_tags": True}
    found = profiles.successor({**PROFILE, "tags": {}, **current}, Wanted(**{**nothing, **wanted}), clears_policy=False)
    assert {member: getattr(found, member) for member in expected} == expected


def test_the_successor_is_told_its_roles_even_if_there_were_none() -> None:
    current = {member: value for member, value in PROFILE.items() if member != "roleArns"}
    nothing = Wanted("web", {}, None, None, True)
    assert profiles.successor({**current, "tags": {}}, nothing, clears_policy=False).members["roleArns"] == []


def test_a_successor_that_cannot_be_completed_goes_and_the_old_profile_stays(conversation: Any) -> None:
    listed(conversation, {**OLD, "roleArns": []})
    tagged(conversation, {})
    conversation.expect("create_profile", CREATING, {"profile": {**FRESH, "attributeMappings": FULL}})
    conversation.refuse("delete_attribute_mapping", "AccessDeniedException")
    conversation.expect("delete_profile", {"profileId": NEW_UUID}, {"profile": FRESH})
    with pytest.raises(RolesAnywhereError, match="AWS denied DeleteAttributeMapping"):
        ensure(conversation, session_policy="", allow_replace=True)


def test_an_old_profile_that_cannot_be_deleted_is_named(conversation: Any) -> None:
    listed(conversation, {**OLD, "roleArns": []})
    tagged(conversation, {})
    conversation.expect("create_profile", CREATING, {"profile": FRESH})
    conversation.expect("enable_profile", {"profileId": NEW_UUID}, {"profile": FRESH})
    conversation.expect("get_profile", {"profileId": NEW_UUID}, {"profile": {**FRESH, "enabled": True}})
    conversation.refuse("delete_profile", "AccessDeniedException")
    with pytest.raises(RolesAnywhereError) as caught:
        ensure(conversation, session_policy="", allow_replace=True)
    assert str(caught.value).startswith(
        f"The profile 'web' has its successor, {NEW_ARN}, but could not be deleted itself: delete {ARN}. AWS denied"
    )
