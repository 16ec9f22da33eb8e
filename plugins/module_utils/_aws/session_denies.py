# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""End sessions that were handed out already: a policy on each role that denies them all. Private to the collection.

AWS's own way to revoke sessions denies by the time at which they were issued:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from .errors import RolesAnywhereError
from .service import NotFoundError, Service

PREFIX = "RolesAnywhereEndSessions-"
"""What the names of these policies begin with."""


class Role(NamedTuple):
    """An IAM role with the denies that it has, by the name of their policy."""

    name: str
    arn: str
    longest_session: timedelta
    denies: Mapping[str, Mapping[str, Any]]


class Look(NamedTuple):
    """The roles that profiles list and that are there, and what time it was at AWS."""

    roles: list[Role]
    moment: datetime


def document(issued_before: datetime, source_identities: Collection[str]) -> dict[str, Any]:
    """Write the policy that denies everything to sessions issued before a time.

    source_identities: whose sessions; all sessions of the role if there are none.
    """
    condition: dict[str, Any] = {"DateLessThan": {"aws:TokenIssueTime": iso(issued_before)}}
    if source_identities:
        condition["StringEquals"] = {"aws:SourceIdentity": sorted(source_identities)}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}],
    }


def issued_before(deny: Mapping[str, Any]) -> datetime | None:
    """Return the time of a policy that :func:`document` wrote, None for one that somebody else wrote."""
    try:
        return from_iso(deny["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def has_done_its_work(deny: Mapping[str, Any], longest_session: timedelta, now: datetime) -> bool:
    """Say whether all sessions that a policy denies have ended by themselves."""
    moment = issued_before(deny)
    return moment is not None and moment + longest_session <= now


def look(service: Service, profile_arns: Collection[str] | None) -> Look:
    """Read the roles of these profiles, or of all profiles of the account and region.

    Raises RolesAnywhereError, and for a profile that is not there.
    """
    profiles = service.all_pages("ListProfiles", "profiles")
    missing = set(profile_arns or []) - {profile["profileArn"] for profile in profiles}
    if missing:
        raise RolesAnywhereError(f"profile_arns: there is no profile {min(missing)}.")
    arns = {
        arn
        for profile in profiles
        if not profile_arns or profile["profileArn"] in profile_arns
        for arn in profile.get("roleArns", [])
    }
    iam = service.beside("iam")
    roles, moments = [], []
    for arn in sorted(arns):
        name = arn.rpartition("/")[2]
        try:
            response = iam.call("GetRole", RoleName=name)
        except NotFoundError:
            continue
        longest = timedelta(seconds=response["Role"]["MaxSessionDuration"])
        roles.append(Role(name, arn, longest, _denies_of(iam, name)))
        moments.append(_date_of(response))
    if not roles:
        raise RolesAnywhereError("The profiles have no role that is there, so that there are no sessions to end.")
    return Look(roles, max(moments))


def change(service: Service, operation: str, requests: Iterable[Mapping[str, str]]) -> None:
    """Make the same call of IAM for one role after the other, each with a RoleName.

    Raises RolesAnywhereError after the last one, naming all that failed.
    """
    iam, failures = service.beside("iam"), []
    for request in requests:
        try:
            iam.call(operation, **request)
        except RolesAnywhereError as error:
            failures.append(f"{request['RoleName']}: {error}")
    if failures:
        raise RolesAnywhereError(f"Not every role could be changed. {' '.join(failures)}")


def _denies_of(iam: Service, role_name: str) -> dict[str, Mapping[str, Any]]:
    """Read the policies of ours that a role has."""
    listed = iam.call("ListRolePolicies", RoleName=role_name)["PolicyNames"]
    return {
        name: iam.call("GetRolePolicy", RoleName=role_name, PolicyName=name)["PolicyDocument"]
        for name in listed
        if name.startswith(PREFIX)
    }


def _date_of(response: Mapping[str, Any]) -> datetime:
    """Return the time at AWS, whose clock dates the sessions too."""
    try:
        return parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        raise RolesAnywhereError("AWS did not say what time it is: give issued_before.") from None
