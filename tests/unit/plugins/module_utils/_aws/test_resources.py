# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all three kinds share: found by name or id, compared, changed with the fewest calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import profiles
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import (
    Call,
    Outcome,
    Resources,
    SubResource,
    Wanted,
    check_name,
    differing,
    result_of,
)

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
OTHER = "00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{UUID}"
PROFILE: dict[str, Any] = {"profileId": UUID, "profileArn": ARN, "name": "web", "enabled": True, "roleArns": []}
NOTHING = Wanted(name="web", members={}, enabled=None, tags=None, purge_tags=True)

# A sub-resource for tests, whose values are those that the service shows.
MEMBER = "attributeMappings"
FIELD = "x509SAN"
FRESH = [{"certificateField": FIELD, "mappingRules": [{"specifier": "URI"}]}]
MAPPED = [{"certificateField": FIELD, "mappingRules": [{"specifier": "DNS"}]}]
PUT = {"profileId": UUID, **MAPPED[0]}
MAPPINGS = SubResource(
    calls=lambda current, wanted: [] if current == wanted else [Call("PutAttributeMapping", rules) for rules in wanted],
    after=lambda current, wanted: wanted,
    fresh=FRESH,
)


@pytest.fixture
def found(conversation: Any) -> Resources:
    return Resources(conversation, profiles.KIND)


@pytest.fixture
def mapped(conversation: Any) -> Resources:
    return Resources(conversation, replace(profiles.KIND, sub_resources={MEMBER: MAPPINGS}))


def test_name_is_found_on_any_page(conversation: Any, found: Resources) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [{**PROFILE, "name": "other"}], "nextToken": "2"})
    conversation.expect("list_profiles", {"nextToken": "2"}, {"profiles": [PROFILE]})
    assert found.find("web", None) == PROFILE


def test_two_of_one_name_are_found_across_pages_and_refused(conversation: Any, found: Resources) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [PROFILE], "nextToken": "2"})
    conversation.expect("list_profiles", {"nextToken": "2"}, {"profiles": [{**PROFILE, "profileId": OTHER}]})
    with pytest.raises(RolesAnywhereError) as caught:
        found.find("web", None)
    assert str(caught.value) == (
        f"There are 2 profiles named 'web' in eu-central-1: say which with id, one of {OTHER}, {UUID}."
    )


@pytest.mark.parametrize("identifier", [UUID, ARN])
def test_id_costs_one_call_and_lists_nothing(conversation: Any, found: Resources, identifier: str) -> None:
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": PROFILE})
    assert found.find("another name", identifier) == PROFILE


def test_unknown_id_is_nothing(conversation: Any, found: Resources) -> None:
    conversation.refuse("get_profile", "ResourceNotFoundException")
    assert found.find(None, UUID) is None


def test_all_of_a_name_or_all_there_are(conversation: Any, found: Resources) -> None:
    namesake, other = {**PROFILE, "profileId": OTHER}, {**PROFILE, "name": "other"}
    for name, expected in (("web", [PROFILE, namesake]), (None, [PROFILE, other, namesake]), ("nobody", [])):
        conversation.expect("list_profiles", {}, {"profiles": [PROFILE, other], "nextToken": "2"})
        conversation.expect("list_profiles", {"nextToken": "2"}, {"profiles": [namesake]})
        assert found.matching(name, None) == expected


def test_id_of_another_kind_is_refused_before_any_call(found: Resources) -> None:
    with pytest.raises(RolesAnywhereError, match="is neither the UUID nor the ARN of a profile"):
        found.find(None, ARN.replace("profile", "crl"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (NOTHING, ({}, None)),
        (replace(NOTHING, name=None), ({}, None)),
        (replace(NOTHING, name="db"), ({"name": "db"}, None)),
        (replace(NOTHING, enabled=True), ({}, None)),
        (replace(NOTHING, enabled=False), ({}, False)),
        (replace(NOTHING, members={"durationSeconds": 900}), ({"durationSeconds": 900}, None)),
    ],
)
def test_only_what_was_asked_for_is_compared(found: Resources, wanted: Wanted, expected: tuple[Any, Any]) -> None:
    changes = found.changes(PROFILE, wanted)
    assert (changes.members, changes.enabled) == expected
    assert bool(changes) is (expected != ({}, None))


def test_absent_is_compared_as_absent() -> None:
    assert differing({}, {"a": None}, {}) == {}
    assert differing({}, {"a": []}, {"a": lambda current, wanted: (current or []) == wanted}) == {}
    assert differing({}, {"a": False}, {}) == {"a": False}


def test_creating_says_enabled_in_so_many_words(conversation: Any, found: Resources) -> None:
    request = {"name": "web", "enabled": True, "roleArns": [], "tags": [{"key": "team", "value": "a"}]}
    conversation.expect("create_profile", request, {"profile": PROFILE})
    outcome = found.create(replace(NOTHING, members={"roleArns": []}, tags={"team": "a"}), check_mode=False)
    assert outcome == Outcome(True, None, {**PROFILE, "tags": {"team": "a"}})


def test_creating_disabled(conversation: Any, found: Resources) -> None:
    request = {"name": "web", "enabled": False, "roleArns": []}
    conversation.expect("create_profile", request, {"profile": {**PROFILE, "enabled": False}})
    found.create(replace(NOTHING, members={"roleArns": []}, enabled=False), check_mode=False)


def test_access_is_taken_away_first_and_the_stale_answer_is_not_believed(conversation: Any, found: Resources) -> None:
    stale = {"profile": PROFILE}
    new = {**PROFILE, "name": "db", "enabled": False}
    conversation.expect("disable_profile", {"profileId": UUID}, stale)
    conversation.expect("update_profile", {"profileId": UUID, "name": "db"}, {"profile": {**PROFILE, "name": "db"}})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": new})
    changes = found.changes(PROFILE, replace(NOTHING, name="db", enabled=False))
    assert found.update(PROFILE, changes, check_mode=False) == Outcome(True, PROFILE, new)


def test_access_is_given_last(conversation: Any, found: Resources) -> None:
    current = {**PROFILE, "enabled": False}
    conversation.expect("update_profile", {"profileId": UUID, "name": "db"}, {"profile": current})
    conversation.expect("enable_profile", {"profileId": UUID}, {"profile": current})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": PROFILE})
    changes = found.changes(current, replace(NOTHING, name="db", enabled=True))
    assert found.update(current, changes, check_mode=False).after == PROFILE


def test_an_update_alone_is_one_call(conversation: Any, found: Resources) -> None:
    new = {**PROFILE, "name": "db"}
    conversation.expect("update_profile", {"profileId": UUID, "name": "db"}, {"profile": new})
    assert found.update(PROFILE, found.changes(PROFILE, replace(NOTHING, name="db")), check_mode=False).after == new


def test_tags_are_read_only_when_asked_for(conversation: Any, found: Resources) -> None:
    assert found.with_tags(PROFILE, NOTHING) == PROFILE
    conversation.expect("list_tags_for_resource", {"resourceArn": ARN}, {"tags": [{"key": "a", "value": "1"}]})
    assert found.with_tags(PROFILE, replace(NOTHING, tags={}))["tags"] == {"a": "1"}


@pytest.mark.parametrize(
    ("current", "wanted", "purge", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, True, None),
        ({"a": "1"}, {}, False, None),
        ({"aws:x": "1"}, {}, True, None),
        ({"a": "1"}, {"a": "2"}, True, {"a": "2"}),
        ({"a": "1", "b": "2"}, {"a": "1"}, True, {"a": "1"}),
        ({"a": "1", "b": "2"}, {"c": "3"}, False, {"a": "1", "b": "2", "c": "3"}),
        ({"a": "1", "Ab": "2"}, {"Cd": "3"}, True, {"Cd": "3"}),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_tags(
    conversation: Any,
    found: Resources,
    current: dict[str, str],
    wanted: dict[str, str],
    purge: bool,
    expected: dict[str, str] | None,
    check_mode: bool,
) -> None:
    profile = {**PROFILE, "tags": current}
    removed = sorted(key for key in current if expected is not None and key not in expected)
    written = [{"key": k, "value": v} for k, v in (expected or {}).items() if current.get(k) != v]
    if removed and not check_mode:
        conversation.expect("untag_resource", {"resourceArn": ARN, "tagKeys": removed}, {})
    if written and not check_mode:
        conversation.expect("tag_resource", {"resourceArn": ARN, "tags": written}, {})
    changes = found.changes(profile, replace(NOTHING, tags=wanted, purge_tags=purge))
    outcome = found.update(profile, changes, check_mode)
    assert outcome.changed is (expected is not None)
    assert outcome.after is not None
    assert outcome.after["tags"] == (current if expected is None else expected)


def test_check_mode_makes_no_call_and_predicts(found: Resources) -> None:
    wanted = replace(NOTHING, members={"roleArns": ["x"]}, enabled=False)
    assert found.create(wanted, check_mode=True).after == {"name": "web", "enabled": False, "roleArns": ["x"]}
    outcome = found.update(PROFILE, found.changes(PROFILE, wanted), check_mode=True)
    assert outcome == Outcome(True, PROFILE, {**PROFILE, "roleArns": ["x"], "enabled": False})
    assert found.delete(PROFILE, check_mode=True) == Outcome(True, PROFILE, None)
    assert found.delete(None, check_mode=True) == Outcome(False, None, None)


def test_deleting(conversation: Any, found: Resources) -> None:
    conversation.expect("delete_profile", {"profileId": UUID}, {"profile": PROFILE})
    assert found.delete(PROFILE, check_mode=False).changed


@pytest.mark.parametrize(
    ("identifier", "members", "message"),
    [
        (UUID, {"roleArns": []}, f"There is no profile {UUID} in eu-central-1; leave id out to create one."),
        (None, {}, "There is no profile named 'web' in eu-central-1 yet: give role_arns to create it."),
    ],
)
def test_what_cannot_be_created(
    found: Resources, identifier: str | None, members: dict[str, Any], message: str
) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        found.check_creatable(replace(NOTHING, members=members), identifier, {"roleArns": "role_arns"})
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["", "a/b", "a\n", "é", "x" * 256, "a.b"])
def test_names_that_aws_refuses(name: str) -> None:
    with pytest.raises(RolesAnywhereError, match="name: "):
        check_name(name)


@pytest.mark.parametrize("name", [None, "a", "Fleet of 2026_a-b", "x" * 255])
def test_names_that_aws_accepts(name: str | None) -> None:
    check_name(name)


def test_results_are_snake_case_in_utc_and_keep_the_case_of_what_users_wrote() -> None:
    moment = datetime(2026, 11, 20, 11, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    policy = {"Statement": [{"Effect": "Allow"}]}
    given = {"createdAt": moment, "roleArns": ["x"], "sessionPolicy": policy, "tags": {"CamelCase": "x"}}
    assert result_of(given) == {
        "created_at": "2026-11-20T10:00:00Z",
        "role_arns": ["x"],
        "session_policy": policy,
        "tags": {"CamelCase": "x"},
    }


def test_the_diff_has_no_time_stamps_and_the_result_has(found: Resources) -> None:
    now = datetime.now(timezone.utc)
    profile = {**PROFILE, "createdAt": now, "updatedAt": now}
    result = found.result(Outcome(True, None, profile))
    assert result["changed"] is True
    assert result["diff"]["before"] == {}
    assert set(result["profile"]) - set(result["diff"]["after"]) == {"created_at", "updated_at"}
    assert "profile" not in found.result(Outcome(True, profile, None))


def wanting(**given: Any) -> Wanted:
    """Want the sub-resource, and what else is given."""
    return replace(NOTHING, sub_resources={MEMBER: MAPPED}, **given)


def created(conversation: Any, *, enabled: bool = False, mappings: Any = None) -> None:
    """Declare that a profile is created, disabled unless something else is said."""
    request = {"name": "web", "enabled": enabled, "roleArns": []}
    profile = {**PROFILE, "enabled": enabled, **({MEMBER: mappings} if mappings else {})}
    conversation.expect("create_profile", request, {"profile": profile})


@pytest.mark.parametrize("enabled", [None, True])
def test_a_new_one_is_enabled_once_it_has_its_sub_resources(
    conversation: Any, mapped: Resources, enabled: bool | None
) -> None:
    complete = {**PROFILE, MEMBER: MAPPED}
    created(conversation, mappings=FRESH)
    conversation.expect("put_attribute_mapping", PUT, {"profile": {**complete, "enabled": False}})
    conversation.expect("enable_profile", {"profileId": UUID}, {"profile": {**complete, "enabled": False}})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    outcome = mapped.create(wanting(members={"roleArns": []}, enabled=enabled), check_mode=False)
    assert outcome == Outcome(True, None, complete)


def test_a_new_one_that_is_to_be_disabled_stays_so(conversation: Any, mapped: Resources) -> None:
    complete = {**PROFILE, "enabled": False, MEMBER: MAPPED}
    created(conversation)
    conversation.expect("put_attribute_mapping", PUT, {"profile": complete})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    assert mapped.create(wanting(members={"roleArns": []}, enabled=False), check_mode=False).after == complete


def test_a_new_one_that_comes_as_it_is_wanted_is_only_enabled(conversation: Any, mapped: Resources) -> None:
    complete = {**PROFILE, MEMBER: MAPPED}
    created(conversation, mappings=MAPPED)
    conversation.expect("enable_profile", {"profileId": UUID}, {"profile": complete})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    assert mapped.create(wanting(members={"roleArns": []}), check_mode=False).after == complete


def test_a_new_one_is_not_given_twice_what_it_was_made_with(conversation: Any, mapped: Resources) -> None:
    complete = {**PROFILE, MEMBER: MAPPED}
    request = {"name": "web", "enabled": False, "roleArns": [], "requireInstanceProperties": True}
    conversation.expect("create_profile", request, {"profile": PROFILE})  # which may say less than it was given
    conversation.expect("put_attribute_mapping", PUT, {"profile": complete})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    mapped.create(wanting(members={"roleArns": [], "requireInstanceProperties": True}), check_mode=False)


def test_what_the_creating_operation_takes_is_given_to_it(conversation: Any) -> None:
    kind = replace(profiles.KIND, sub_resources={"roleArns": replace(MAPPINGS, at_creation=True)})
    created(conversation, enabled=True)
    Resources(conversation, kind).create(replace(NOTHING, sub_resources={"roleArns": []}), check_mode=False)


def test_a_new_one_that_cannot_be_completed_is_deleted_again(conversation: Any, mapped: Resources) -> None:
    created(conversation)
    conversation.refuse("put_attribute_mapping", "AccessDeniedException")
    conversation.expect("delete_profile", {"profileId": UUID}, {"profile": PROFILE})
    with pytest.raises(RolesAnywhereError, match=r"^AWS denied PutAttributeMapping;"):
        mapped.create(wanting(members={"roleArns": []}), check_mode=False)


def test_a_new_one_that_can_neither_be_completed_nor_deleted_is_named(conversation: Any, mapped: Resources) -> None:
    created(conversation)
    conversation.refuse("put_attribute_mapping", "AccessDeniedException")
    conversation.refuse("delete_profile", "AccessDeniedException")
    with pytest.raises(RolesAnywhereError) as caught:
        mapped.create(wanting(members={"roleArns": []}), check_mode=False)
    assert str(caught.value).startswith(
        f"The new profile 'web' is incomplete, and could not be deleted again: delete {UUID}, then run again. "
        "AWS denied PutAttributeMapping"
    )


def test_sub_resources_that_are_as_wanted_make_no_call(mapped: Resources) -> None:
    current = {**PROFILE, MEMBER: MAPPED}
    changes = mapped.changes(current, wanting())
    assert not changes
    assert mapped.update(current, changes, check_mode=False) == Outcome(False, current, current)


def test_sub_resources_are_written_between_update_and_enable(conversation: Any, mapped: Resources) -> None:
    current = {**PROFILE, "enabled": False}
    complete = {**PROFILE, "name": "db", MEMBER: MAPPED}
    conversation.expect("update_profile", {"profileId": UUID, "name": "db"}, {"profile": current})
    conversation.expect("put_attribute_mapping", PUT, {"profile": current})
    conversation.expect("enable_profile", {"profileId": UUID}, {"profile": current})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    changes = mapped.changes(current, wanting(name="db", enabled=True))
    assert mapped.update(current, changes, check_mode=False) == Outcome(True, current, complete)


def test_sub_resources_are_written_when_access_has_been_taken_away(conversation: Any, mapped: Resources) -> None:
    complete = {**PROFILE, "enabled": False, MEMBER: MAPPED}
    conversation.expect("disable_profile", {"profileId": UUID}, {"profile": PROFILE})
    conversation.expect("put_attribute_mapping", PUT, {"profile": PROFILE})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": complete})
    changes = mapped.changes(PROFILE, wanting(enabled=False))
    assert mapped.update(PROFILE, changes, check_mode=False).after == complete


def test_sub_resources_are_read_back_and_other_ones_are_a_sentence(conversation: Any, mapped: Resources) -> None:
    conversation.expect("put_attribute_mapping", PUT, {"profile": {**PROFILE, MEMBER: MAPPED}})
    conversation.expect("get_profile", {"profileId": UUID}, {"profile": PROFILE})
    with pytest.raises(RolesAnywhereError) as caught:
        mapped.update(PROFILE, mapped.changes(PROFILE, wanting()), check_mode=False)
    assert str(caught.value) == (
        "The profile 'web' has other attributeMappings than it was given: run again, and look at it in AWS if they "
        "stay so."
    )


def test_check_mode_foretells_sub_resources(conversation: Any, mapped: Resources) -> None:
    adding = replace(MAPPINGS, after=lambda current, wanted: [*(current or []), *wanted])
    found = Resources(conversation, replace(mapped.kind, sub_resources={MEMBER: adding}))
    made = found.create(wanting(), check_mode=True).after
    assert made == {"name": "web", "enabled": True, MEMBER: [*FRESH, *MAPPED]}
    changed = found.update(PROFILE, found.changes(PROFILE, wanting()), check_mode=True)
    assert changed == Outcome(True, PROFILE, {**PROFILE, MEMBER: MAPPED})
