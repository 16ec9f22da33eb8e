# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Condition keys of IAM's own actions.

Service authorization reference, "Actions, resources, and condition keys for AWS Identity and Access Management".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.iam.models import Role, iam_backends

from .patterns import Context

# The actions that have iam:PermissionsBoundary: two name the boundary that there shall be, the others are about a role
# with the one that it has. moto's users have none.
_NAMING = {"CreateRole", "PutRolePermissionsBoundary", "CreateUser", "PutUserPermissionsBoundary"}
_OF_ROLES = {
    "AttachRolePolicy",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePolicy",
}


def condition_keys(operation: str, values: Mapping[str, Any], account: str, partition: str) -> Context:
    """Tell what IAM knows of a call with these input values; a key that it does not have is there without a value."""
    boundary: str | None = None
    if operation in _NAMING:
        boundary = values.get("PermissionsBoundary")
    elif operation in _OF_ROLES:
        role = _find_role(values.get("RoleName"), account, partition)
        boundary = role.permissions_boundary_arn if role else None
    return {"iam:PermissionsBoundary": boundary or ()}


def _find_role(role_name: Any, account: str, partition: str) -> Role | None:
    """Find a role by its name."""
    roles = iam_backends[account][partition].roles.values()
    return next((role for role in roles if role.name == role_name), None)
