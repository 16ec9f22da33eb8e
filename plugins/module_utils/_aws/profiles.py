# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: which roles a session may take, and what narrows it. Private to the collection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from . import arns
from .errors import RolesAnywhereError
from .resources import Kind, Outcome, Resources, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

# Roles Anywhere stores more than STS takes at CreateSession:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (session policies).
MAXIMUM_MANAGED_POLICIES = 10
MAXIMUM_POLICY_CHARACTERS = 2048

SHORTEST_SESSION = 900  # seconds, as the longest: model type of durationSeconds
LONGEST_SESSION = 43200


def _same_policy(current: str | None, wanted: str) -> bool:
    return current is not None and not compare_policies(json.loads(current), json.loads(wanted), default_version=None)


def _same_set(current: list[str] | None, wanted: list[str]) -> bool:
    return set(current or []) == set(wanted)


def _readable(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    if "sessionPolicy" not in profile:
        return profile
    return {**profile, "sessionPolicy": json.loads(profile["sessionPolicy"])}


KIND = Kind(
    arns.PROFILE,
    member="profile",
    create="CreateProfile",
    comparisons={
        "roleArns": _same_set,
        "managedPolicyArns": _same_set,
        "sessionPolicy": _same_policy,
        "acceptRoleSessionName": lambda current, wanted: bool(current) == wanted,
    },
    readable=_readable,
)


def ensure(profiles: Resources, options: Mapping[str, Any], check_mode: bool) -> tuple[Outcome, list[str]]:
    """Make a profile what the module's options say; return what was done and what a person should know.

    Raises RolesAnywhereError.
    """
    wanted = Wanted.of(options, wanted_members(options, profiles.service.partition))
    current = profiles.find(options["name"], options["id"])
    if options["state"] == "absent":
        return profiles.delete(current, check_mode), []
    if current is None:
        profiles.check_creatable(wanted, options["id"], {"roleArns": "role_arns"})
        outcome = profiles.create(wanted, check_mode)
    else:
        if _clears(options["session_policy"]) and "sessionPolicy" in current:
            raise RolesAnywhereError(
                f"The session policy of the profile {current['name']!r} cannot be removed, for Roles Anywhere has no "
                "call that does: delete the profile and create it anew, or give another session policy."
            )
        current = profiles.with_tags(current, wanted)
        outcome = profiles.update(current, profiles.changes(current, wanted), check_mode)
    return outcome, warnings_about(outcome.after or {})


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
        members["sessionPolicy"] = session_policy(options["session_policy"])
    if options["duration"] is not None:
        if not SHORTEST_SESSION <= options["duration"] <= LONGEST_SESSION:
            raise RolesAnywhereError(
                f"duration: {options['duration']} is not between {SHORTEST_SESSION} and {LONGEST_SESSION} seconds."
            )
        members["durationSeconds"] = options["duration"]
    if options["accept_role_session_name"] is not None:
        members["acceptRoleSessionName"] = options["accept_role_session_name"]
    return members


def session_policy(text: str) -> str:
    """Return a session policy without white space, which counts. Raises RolesAnywhereError if it can grant nothing."""
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise RolesAnywhereError(f"session_policy is not JSON: {error}.") from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(statement, dict) for statement in statements):
        raise RolesAnywhereError("session_policy is not an IAM policy: it needs a Statement that is a list.")
    if not any(statement.get("Effect") == "Allow" for statement in statements):
        raise RolesAnywhereError(
            "session_policy allows nothing, and a session may do only what its role and its session policy both allow: "
            "add a statement that allows what the workload needs."
        )
    return json.dumps(policy, separators=(",", ":"))


def warnings_about(profile: Mapping[str, Any]) -> list[str]:
    """Return what Roles Anywhere stores but STS refuses when a session is made."""
    warnings = []
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
