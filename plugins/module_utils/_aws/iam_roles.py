# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM roles that profiles list: whether they are there, and how long their sessions may be. Private to the collection.

Roles Anywhere takes any ARN and refuses the sessions later, without a cause. IAM is looked at so that there is a
sentence before that: a caller that may not look, or that cannot reach IAM, goes on without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import arns
from .errors import RolesAnywhereError
from .service import NotFoundError, Service

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def longest_sessions(
    service: Service, role_arns: Iterable[str], new: Collection[str], wait: bool
) -> dict[str, int | None]:
    """Return how long a session of each role may last, in seconds; None for one that is there no more.

    service: Roles Anywhere in the roles' account.
    new: those of the roles that may have been made a moment ago, so that IAM does not show them everywhere yet.
    wait: whether new ones are waited for, as long as botocore's waiter role_exists does, which is about 20 seconds.
    What cannot be known is left out: new roles that are not waited for, and all from IAM's first refusal on.
    Raises RolesAnywhereError if a new role does not come, or if the role of its name has another ARN.
    """
    iam = service.beside("iam")
    found: dict[str, int | None] = {}
    for arn in role_arns:
        try:
            role = _get(iam, arn)
        except RolesAnywhereError:
            break
        if role is None and arn in new:
            if not wait:
                continue
            _check_account(service, arn)
            role = _await(iam, arn)
        if role is not None and role["Arn"] != arn:
            if arn in new:
                raise RolesAnywhereError(
                    f"role_arns: there is no role {arn} in IAM; the one with that name is {role['Arn']}."
                )
            role = None
        found[arn] = None if role is None else role["MaxSessionDuration"]
    return found


def _get(iam: Service, arn: str) -> dict[str, Any] | None:
    try:
        role: dict[str, Any] = iam.call("GetRole", RoleName=_name(arn))["Role"]
    except NotFoundError:
        return None
    return role


def _check_account(service: Service, arn: str) -> None:
    """Refuse a role of another account before it is waited for in vain."""
    try:
        account_id = service.account_id()
    except RolesAnywhereError:
        return
    owner = arns.parse("role_arns", arn, arns.ROLE).account_id
    if owner != account_id:
        raise RolesAnywhereError(
            f"role_arns: {arn} is of the account {owner}, but this task works in {account_id}; a profile lists roles "
            "of its own account."
        )


def _await(iam: Service, arn: str) -> dict[str, Any]:
    try:
        iam.wait("RoleExists", RoleName=_name(arn))
        role = _get(iam, arn)
    except RolesAnywhereError:
        role = None
    if role is None:
        raise RolesAnywhereError(f"role_arns: there is no role {arn} in IAM, and none came while it was waited for.")
    return role


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]  # what stands before it is the path
