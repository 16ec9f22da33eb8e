# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: which roles a session may take, and what narrows it. Private to the collection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from . import arns, attribute_mappings, iam_roles, tags
from .errors import RolesAnywhereError
from .resources import Kind, Outcome, Resources, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Roles Anywhere stores more than STS takes at CreateSession:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (session policies).
MAXIMUM_MANAGED_POLICIES = 10
MAXIMUM_POLICY_CHARACTERS = 2048

SHORTEST_SESSION = 900  # seconds, as the longest: model type of durationSeconds
LONGEST_SESSION = 43200


def _policy(text: str) -> Any:
    """Read a stored session policy, or leave it as text: CreateProfile takes anything, and an empty one."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _same_policy(current: str | None, wanted: str) -> bool:
    present = _policy(current or "")
    return isinstance(present, dict) and not compare_policies(present, json.loads(wanted), default_version=None)


def _same_switch(current: bool | None, wanted: bool) -> bool:
    return bool(current) == wanted


def _same_set(current: list[str] | None, wanted: list[str]) -> bool:
    return set(current or []) == set(wanted)


def _readable(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    readable = dict(profile)
    if "sessionPolicy" in profile:
        readable["sessionPolicy"] = _policy(profile["sessionPolicy"])
    if profile.get("attributeMappings") is not None:  # in one order, whatever that of the service
        readable["attributeMappings"] = attribute_mappings.as_list(
            attribute_mappings.by_field(profile["attributeMappings"])
        )
    return readable


KIND = Kind(
    arns.PROFILE,
    member="profile",
    create="CreateProfile",
    comparisons={
        "roleArns": _same_set,
        "managedPolicyArns": _same_set,
        "sessionPolicy": _same_policy,
        "acceptRoleSessionName": _same_switch,
        "requireInstanceProperties": _same_switch,
    },
    readable=_readable,
    sub_resources={"attributeMappings": attribute_mappings.SUB_RESOURCE},
)

# What a profile that replaces another one takes over, beside its name, tags and mappings, and whether it is enabled.
_INHERITED = (
    "roleArns",
    "managedPolicyArns",
    "sessionPolicy",
    "durationSeconds",
    "acceptRoleSessionName",
    "requireInstanceProperties",
)


def ensure(profiles: Resources, options: Mapping[str, Any], check_mode: bool) -> tuple[Outcome, list[str]]:
    """Make a profile what the module's options say; return what was done and what a person should know.

    Raises RolesAnywhereError.
    """
    members = wanted_members(options, profiles.service.partition)
    sub_resources = {}
    if options["attribute_mappings"] is not None:
        sub_resources["attributeMappings"] = attribute_mappings.checked(options["attribute_mappings"])
    wanted = Wanted.of(options, members, sub_resources)
    current = profiles.find(options["name"], options["id"])
    if options["state"] == "absent":
        return profiles.delete(current, check_mode), []
    if current is None:
        profiles.check_creatable(wanted, options["id"], {"roleArns": "role_arns"})
        return _create(profiles, wanted, check_mode)
    clears_policy = _clears(options["session_policy"])
    fixed = what_is_fixed(current, wanted, clears_policy)
    if fixed is None:
        return _update(profiles, current, wanted, check_mode)
    if not options["allow_replace"]:
        raise RolesAnywhereError(
            f"{fixed}, for Roles Anywhere has no call that does: leave it as it is, or set allow_replace, with which a "
            "new profile takes the place of this one and has another ARN."
        )
    return _replace(profiles, current, wanted, clears_policy, check_mode)


def what_is_fixed(current: Mapping[str, Any], wanted: Wanted, clears_policy: bool) -> str | None:
    """Return the beginning of a sentence about what is wanted of a profile but cannot be done, None if all can be."""
    if clears_policy and "sessionPolicy" in current:
        return f"The session policy of the profile {current['name']!r} cannot be removed"
    wanted_properties = wanted.members.get("requireInstanceProperties")
    properties = current.get("requireInstanceProperties")
    if wanted_properties is not None and not _same_switch(properties, wanted_properties):
        is_now = "true" if properties else "false"
        return f"require_instance_properties of the profile {current['name']!r} is {is_now} and cannot be changed"
    return None


def successor(current: Mapping[str, Any], wanted: Wanted, clears_policy: bool) -> Wanted:
    """Return what is wanted of the profile that replaces another one: what that has, with what is wanted of it.

    current: with its tags.
    """
    members: dict[str, Any] = {"roleArns": []}
    members.update({member: current[member] for member in _INHERITED if member in current})
    if clears_policy:
        members.pop("sessionPolicy", None)
    changes = tags.changes(current["tags"], wanted.tags or {}, wanted.tags is not None and wanted.purge_tags)
    return Wanted(
        name=wanted.name or current["name"],
        members={**members, **wanted.members},
        enabled=current["enabled"] if wanted.enabled is None else wanted.enabled,
        # those of AWS itself cannot be given
        tags={key: text for key, text in tags.after(current["tags"], changes).items() if not key.startswith("aws:")},
        purge_tags=True,
        sub_resources={
            # every field is named: what is not mapped now must not be mapped again by the service's default
            "attributeMappings": {
                **dict.fromkeys(attribute_mappings.FIELDS, ()),
                **attribute_mappings.by_field(current.get("attributeMappings")),
                **wanted.sub_resources.get("attributeMappings", {}),
            }
        },
    )


def _create(profiles: Resources, wanted: Wanted, check_mode: bool) -> tuple[Outcome, list[str]]:
    longest = _longest_sessions(profiles, wanted.members["roleArns"], [], check_mode)
    outcome = profiles.create(wanted, check_mode)
    unmapped = _unmapped(attribute_mappings.SUB_RESOURCE.fresh, wanted)
    return outcome, unmapped + warnings_about(outcome.after or {}, longest)


def _update(
    profiles: Resources, current: dict[str, Any], wanted: Wanted, check_mode: bool
) -> tuple[Outcome, list[str]]:
    current = profiles.with_tags(current, wanted)
    changes = profiles.changes(current, wanted)
    longest: dict[str, int | None] = {}
    if {"roleArns", "durationSeconds"} & changes.members.keys():
        before = current.get("roleArns", [])
        longest = _longest_sessions(profiles, changes.members.get("roleArns", before), before, check_mode)
    outcome = profiles.update(current, changes, check_mode)
    unmapped = _unmapped(current.get("attributeMappings"), wanted)
    return outcome, unmapped + warnings_about(outcome.after or {}, longest)


def _replace(
    profiles: Resources, current: dict[str, Any], wanted: Wanted, clears_policy: bool, check_mode: bool
) -> tuple[Outcome, list[str]]:
    """Make the new profile complete before the old one is deleted, so that a failure leaves one that serves."""
    old_arn = profiles.arn_of(current)
    tagged = {**current, "tags": tags.read(profiles.service, old_arn)}
    asked_for_tags = wanted.tags is not None
    wanted = successor(tagged, wanted, clears_policy)
    longest = _longest_sessions(profiles, wanted.members["roleArns"], current.get("roleArns", []), check_mode)
    after = profiles.create(wanted, check_mode).after or {}
    if check_mode:
        replaced = (
            f"would be replaced: hosts that carry {old_arn} would get no sessions until they are given its new ARN"
        )
    else:
        new_arn = profiles.arn_of(after)
        replaced = f"was replaced: hosts that carry {old_arn} get no sessions until they are given {new_arn}"
        try:
            profiles.delete(current, check_mode)
        except RolesAnywhereError as error:
            raise RolesAnywhereError(
                f"The profile {current['name']!r} has its successor, {new_arn}, but could not be deleted itself: "
                f"delete {old_arn}. {error}"
            ) from error
    if asked_for_tags:
        current = tagged
    else:
        after.pop("tags", None)
    return Outcome(True, current, after), [
        f"The profile {current['name']!r} {replaced}.",
        *_unmapped(current.get("attributeMappings"), wanted),
        *warnings_about(after, longest),
    ]


def _longest_sessions(
    profiles: Resources, role_arns: Sequence[str], before: Sequence[str], check_mode: bool
) -> dict[str, int | None]:
    new = set(role_arns).difference(before)
    return iam_roles.longest_sessions(profiles.service, role_arns, new, wait=not check_mode)


def _unmapped(mappings: list[dict[str, Any]] | None, wanted: Wanted) -> list[str]:
    fields = attribute_mappings.removed(mappings, wanted.sub_resources.get("attributeMappings", {}))
    return [
        f"{field} is not mapped any more: sessions carry no tags of it, so every condition with StringEquals on them "
        "is false, and every one with StringNotEquals is true."
        for field in fields
    ]


def wanted_members(options: Mapping[str, Any], partition: str) -> dict[str, Any]:
    """Check the options and write those that are set as the service takes them. Raises RolesAnywhereError."""
    members: dict[str, Any] = {}
    if options["role_arns"] is not None:
        members["roleArns"] = _checked_arns("role_arns", options["role_arns"], arns.ROLE, partition)
    if options["managed_policy_arns"] is not None:
        members["managedPolicyArns"] = _checked_arns(
            "managed_policy_arns", options["managed_policy_arns"], arns.MANAGED_POLICY, partition
        )
    if options["session_policy"] is not None and not _clears(options["session_policy"]):
        members["sessionPolicy"] = session_policy(options["session_policy"], options["allow_deny_only"])
    if options["duration"] is not None:
        if not SHORTEST_SESSION <= options["duration"] <= LONGEST_SESSION:
            raise RolesAnywhereError(
                f"duration: {options['duration']} is not between {SHORTEST_SESSION} and {LONGEST_SESSION} seconds."
            )
        members["durationSeconds"] = options["duration"]
    if options["accept_role_session_name"] is not None:
        members["acceptRoleSessionName"] = options["accept_role_session_name"]
    if options["require_instance_properties"] is not None:
        members["requireInstanceProperties"] = options["require_instance_properties"]
    return members


def session_policy(text: str, allow_deny_only: bool = False) -> str:
    """Return a session policy without white space, which counts.

    Raises RolesAnywhereError if STS could not read it, or if it can grant nothing, unless that is allowed.
    """
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise RolesAnywhereError(f"session_policy is not JSON: {error}.") from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(statement, dict) for statement in statements):
        raise RolesAnywhereError("session_policy is not an IAM policy: it needs a Statement that is a list.")
    for number, statement in enumerate(statements, start=1):
        fault = _why_no_statement(statement)
        if fault:
            raise RolesAnywhereError(f"session_policy: statement {number} {fault}.")
    if not statements or not (allow_deny_only or any(statement.get("Effect") == "Allow" for statement in statements)):
        raise RolesAnywhereError(
            "session_policy allows nothing, and a session may do only what its role and its session policy both allow: "
            "add a statement that allows what the workload needs, or set allow_deny_only."
        )
    return json.dumps(policy, separators=(",", ":"))


def warnings_about(profile: Mapping[str, Any], longest_sessions: Mapping[str, int | None] | None = None) -> list[str]:
    """Return what Roles Anywhere stores but STS refuses when a session is made.

    longest_sessions: a role's ARN to the seconds that its sessions may last, or None if there is no such role.
    """
    warnings = []
    for arn, seconds in (longest_sessions or {}).items():
        if seconds is None:
            warnings.append(f"The profile lists {arn}, but there is no such role in IAM: STS refuses sessions for it.")
        elif profile.get("durationSeconds", 0) > seconds:
            warnings.append(
                f"The profile's sessions may last {profile['durationSeconds']} seconds, those of {arn} {seconds}: STS "
                "refuses sessions that are wanted to last longer than the role allows."
            )
    managed_policies = profile.get("managedPolicyArns") or []
    if len(managed_policies) > MAXIMUM_MANAGED_POLICIES:
        warnings.append(
            f"The profile has {len(managed_policies)} managed policies; STS refuses sessions with more than "
            f"{MAXIMUM_MANAGED_POLICIES}."
        )
    characters = len(profile.get("sessionPolicy") or "") + sum(len(arn) for arn in managed_policies)
    if characters > MAXIMUM_POLICY_CHARACTERS:
        warnings.append(
            f"The profile's session policy and managed policy ARNs have {characters} characters; STS refuses sessions "
            f"with more than {MAXIMUM_POLICY_CHARACTERS}."
        )
    return warnings


def _why_no_statement(statement: Mapping[str, Any]) -> str | None:
    """Say what a statement of a session policy lacks or cannot have, None if it is one.

    CreateProfile stores anything; STS would refuse every session.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "needs the Effect Allow or Deny"
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            return f"has {element}, which a session policy cannot have, for it is about the session: leave it out"
    for element in ("Action", "Resource"):
        if (element in statement) == (f"Not{element}" in statement):
            return f"needs {element} or Not{element}, one of the two"
    return None


def _clears(text: str | None) -> bool:
    return text is not None and text.strip() in ("", "{}", "null")


def _checked_arns(option: str, texts: list[str], wanted: arns.ResourceType, partition: str) -> list[str]:
    parsed = [arns.parse(option, text, wanted) for text in texts]
    arns.check_together(option, parsed)
    for arn in parsed:
        if arn.partition != partition:
            raise RolesAnywhereError(
                f"{option}: {arn.text!r} is of the partition {arn.partition}, but this task works in {partition}."
            )
    return sorted(set(texts))
