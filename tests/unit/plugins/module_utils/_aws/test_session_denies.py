# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends sessions, and when it may go."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import session_denies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
ROLE = "arn:aws:iam::123456789012:role/path/web"
HOUR = timedelta(hours=1)


def test_all_sessions_or_those_of_some_identities_are_denied() -> None:
    (statement,) = session_denies.document(NOW, ["CN=web2", "CN=web1"])["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
    assert statement["Condition"] == {
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-20T10:00:00Z"},
        "StringEquals": {"aws:SourceIdentity": ["CN=web1", "CN=web2"]},
    }
    (everybody,) = session_denies.document(NOW, [])["Statement"]
    assert everybody["Condition"] == {"DateLessThan": {"aws:TokenIssueTime": "2026-11-20T10:00:00Z"}}


@pytest.mark.parametrize(
    ("deny", "now", "done"),
    [
        (session_denies.document(NOW, []), NOW + HOUR - timedelta(seconds=1), False),
        (session_denies.document(NOW, ["CN=web1"]), NOW + HOUR, True),
        ({"Version": "2012-10-17", "Statement": []}, NOW + HOUR, False),
        ({"Statement": [{"Condition": {"DateLessThan": {"aws:TokenIssueTime": "soon"}}}]}, NOW + HOUR, False),
        ({"Statement": {"Effect": "Deny"}}, NOW + HOUR, False),
    ],
)
def test_a_policy_goes_when_the_longest_session_has_ended(deny: dict[str, Any], now: datetime, done: bool) -> None:
    assert session_denies.has_done_its_work(deny, HOUR, now) is done


def profiles(conversation: Any, *role_arns: str) -> None:
    listed = [{"profileArn": f"profile {number}", "roleArns": [arn]} for number, arn in enumerate(role_arns)]
    conversation.expect("list_profiles", {}, {"profiles": listed})


def role(conversation: Any, date: str | None = "Fri, 20 Nov 2026 10:00:00 GMT", **policies: Any) -> None:
    iam = conversation.beside("iam")
    headers = {} if date is None else {"date": date}
    found = {"Path": "/", "RoleName": "web", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": NOW}
    response = {"Role": {**found, "MaxSessionDuration": 3600}, "ResponseMetadata": {"HTTPHeaders": headers}}
    iam.expect("get_role", {"RoleName": "web"}, response)
    if date is not None:
        iam.expect("list_role_policies", {"RoleName": "web"}, {"PolicyNames": list(policies)})


def test_the_roles_of_all_profiles_are_looked_at_once_and_those_that_are_gone_left_out(conversation: Any) -> None:
    profiles(conversation, ROLE, ROLE, "arn:aws:iam::123456789012:role/gone")
    conversation.beside("iam").refuse("get_role", "NoSuchEntity")
    role(conversation, other={})
    look = session_denies.look(conversation, [])
    assert look == ([session_denies.Role("web", ROLE, HOUR, {})], NOW)


def test_a_profile_that_is_not_there_is_one_sentence(conversation: Any) -> None:
    profiles(conversation, ROLE)
    with pytest.raises(RolesAnywhereError, match="there is no profile profile 7"):
        session_denies.look(conversation, ["profile 0", "profile 7"])


def test_profiles_without_roles_are_one_sentence(conversation: Any) -> None:
    profiles(conversation)
    with pytest.raises(RolesAnywhereError, match="no sessions to end"):
        session_denies.look(conversation, [])


def test_each_role_is_tried_and_those_that_failed_are_named(conversation: Any) -> None:
    iam = conversation.beside("iam")
    iam.refuse("delete_role_policy", "AccessDenied")
    iam.expect("delete_role_policy", {"RoleName": "db", "PolicyName": "x"}, {})
    requests = [{"RoleName": name, "PolicyName": "x"} for name in ("web", "db")]
    with pytest.raises(RolesAnywhereError, match=r"Not every role could be changed\. web: AWS denied DeleteRolePolicy"):
        session_denies.change(conversation, "DeleteRolePolicy", requests)
