# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM roles: looked at once each, waited for when they are new, and never a must."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.iam_roles import longest_sessions

PLAIN = "arn:aws:iam::123456789012:role/plain"
IN_A_PATH = "arn:aws:iam::123456789012:role/team/web/in-a-path"


@pytest.fixture
def iam(conversation: Any) -> Any:
    return conversation.beside("iam")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that were waited, which take no time."""
    seconds: list[float] = []
    monkeypatch.setattr("botocore.waiter.time.sleep", seconds.append)
    return seconds


def works_in(conversation: Any, account_id: str) -> None:
    """Declare that the caller's account is asked for."""
    conversation.beside("sts").expect("get_caller_identity", {}, {"Account": account_id})


def is_there(iam: Any, arn: str, seconds: int = 3600, other_arn: str | None = None) -> None:
    """Declare that a role is looked for by its name and found."""
    path, _slash, name = arn.partition(":role")[2].rpartition("/")
    role = {
        "Path": path + "/",
        "RoleName": name,
        "RoleId": "AROAEXAMPLEEXAMPLE00",
        "Arn": other_arn or arn,
        "CreateDate": datetime(2026, 11, 20, tzinfo=timezone.utc),
        "MaxSessionDuration": seconds,
    }
    iam.expect("get_role", {"RoleName": name}, {"Role": role, "ResponseMetadata": {"HTTPStatusCode": 200}})


def test_each_role_is_one_call(conversation: Any, iam: Any) -> None:
    is_there(iam, PLAIN, 3600)
    is_there(iam, IN_A_PATH, 43200)
    assert longest_sessions(conversation, [PLAIN, IN_A_PATH], {PLAIN}, wait=True) == {PLAIN: 3600, IN_A_PATH: 43200}


def test_a_new_role_is_waited_for(conversation: Any, iam: Any, slept: list[float]) -> None:
    works_in(conversation, "123456789012")
    for _attempt in range(3):
        iam.refuse("get_role", "NoSuchEntity")
    is_there(iam, PLAIN)
    is_there(iam, PLAIN, 7200)
    assert longest_sessions(conversation, [PLAIN], {PLAIN}, wait=True) == {PLAIN: 7200}
    assert len(slept) == 2


def test_a_new_role_that_does_not_come_is_a_sentence(conversation: Any, iam: Any, slept: list[float]) -> None:
    works_in(conversation, "123456789012")
    for _attempt in range(21):
        iam.refuse("get_role", "NoSuchEntity")
    with pytest.raises(RolesAnywhereError) as caught:
        longest_sessions(conversation, [PLAIN], {PLAIN}, wait=True)
    assert str(caught.value) == (f"role_arns: there is no role {PLAIN} in IAM, and none came while it was waited for.")
    assert 15 <= sum(slept) <= 20


def test_a_role_of_another_account_is_not_waited_for(conversation: Any, iam: Any, slept: list[float]) -> None:
    works_in(conversation, "210987654321")
    iam.refuse("get_role", "NoSuchEntity")
    with pytest.raises(RolesAnywhereError) as caught:
        longest_sessions(conversation, [PLAIN], {PLAIN}, wait=True)
    assert str(caught.value) == (
        f"role_arns: {PLAIN} is of the account 123456789012, but this task works in 210987654321; a profile lists "
        "roles of its own account."
    )
    assert slept == []


def test_a_new_role_is_waited_for_where_the_account_cannot_be_asked_for(
    conversation: Any, iam: Any, slept: list[float]
) -> None:
    conversation.beside("sts").refuse("get_caller_identity", "InvalidClientTokenId")
    iam.refuse("get_role", "NoSuchEntity")
    is_there(iam, PLAIN)
    is_there(iam, PLAIN, 7200)
    assert longest_sessions(conversation, [PLAIN], {PLAIN}, wait=True) == {PLAIN: 7200}


def test_check_mode_does_not_wait_and_leaves_out_what_may_still_be_made(
    conversation: Any, iam: Any, slept: list[float]
) -> None:
    iam.refuse("get_role", "NoSuchEntity")
    is_there(iam, IN_A_PATH)
    assert longest_sessions(conversation, [PLAIN, IN_A_PATH], {PLAIN}, wait=False) == {IN_A_PATH: 3600}
    assert slept == []


def test_a_role_that_was_there_before_is_not_waited_for(conversation: Any, iam: Any, slept: list[float]) -> None:
    iam.refuse("get_role", "NoSuchEntity")
    assert longest_sessions(conversation, [PLAIN], set(), wait=True) == {PLAIN: None}
    assert slept == []


@pytest.mark.parametrize("wait", [True, False])
def test_a_new_role_of_another_path_is_a_sentence(conversation: Any, iam: Any, wait: bool) -> None:
    other = PLAIN.replace("role/", "role/team/")
    is_there(iam, PLAIN, other_arn=other)
    with pytest.raises(RolesAnywhereError) as caught:
        longest_sessions(conversation, [PLAIN], {PLAIN}, wait=wait)
    assert str(caught.value) == f"role_arns: there is no role {PLAIN} in IAM; the one with that name is {other}."


def test_an_old_role_that_was_made_anew_under_another_path_is_not_there(conversation: Any, iam: Any) -> None:
    is_there(iam, PLAIN, other_arn=IN_A_PATH)
    assert longest_sessions(conversation, [PLAIN], set(), wait=True) == {PLAIN: None}


@pytest.mark.parametrize("code", ["AccessDenied", "ServiceFailure", "ValidationError"])
def test_who_may_not_look_goes_on_without(conversation: Any, iam: Any, code: str) -> None:
    is_there(iam, PLAIN)
    iam.refuse("get_role", code)
    roles = [PLAIN, IN_A_PATH, PLAIN + "2"]
    assert longest_sessions(conversation, roles, set(roles), wait=True) == {PLAIN: 3600}


def test_no_role_is_no_call(conversation: Any, iam: Any) -> None:
    assert longest_sessions(conversation, [], set(), wait=True) == {}
