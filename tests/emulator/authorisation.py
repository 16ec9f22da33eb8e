# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM must allow for a control-plane call (reference §4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import enforcement
from .callers import Caller
from .error_shapes import Fault, Refusal
from .patterns import Context
from .permissions import Permission
from .state import Store, partition_of

_KINDS = {
    "TrustAnchor": "trust-anchor",
    "NotificationSettings": "trust-anchor",
    "Profile": "profile",
    "AttributeMapping": "profile",
    "Crl": "crl",
    "Subject": "subject",
}


def authorise(caller: Caller, operation: str, values: dict[str, Any], store: Store, context: Context) -> None:
    """Raise Refusal unless the caller may make this call; context is what is known of the request."""
    if operation in ("CreateProfile", "UpdateProfile"):
        _refuse_roles_of_others(values, store)
    if not caller.is_administrator:
        for permission in permissions_for(operation, values, store):
            enforcement.check(caller, permission, context)


def kind_of(operation: str) -> str | None:
    """Name the kind of resource that an operation is about; None for the tag operations."""
    return next((kind for word, kind in _KINDS.items() if word in operation), None)


def permissions_for(operation: str, values: dict[str, Any], store: Store) -> Iterator[Permission]:
    """List what the caller of an operation with these input values must be allowed."""
    resource = _resource(operation, values, store)
    context = {**_request_tags(values), **_resource_tags(resource, store)}
    yield Permission(f"rolesanywhere:{operation}", resource, context)
    if values.get("tags") and operation != "TagResource":
        yield Permission("rolesanywhere:TagResource", resource, context)
    if operation in ("CreateProfile", "UpdateProfile"):
        for role in _roles(values, store):
            yield Permission("iam:PassRole", role, {"iam:PassedToService": "rolesanywhere.amazonaws.com"})
    if operation in ("CreateTrustAnchor", "UpdateTrustAnchor"):
        authority = values.get("source", {}).get("sourceData", {}).get("acmPcaArn")
        if authority:
            yield Permission("acm-pca:GetCertificateAuthorityCertificate", authority, {})
    if operation == "CreateTrustAnchor" and not store.trust_anchors:
        service = "rolesanywhere.amazonaws.com"
        role = f"role/aws-service-role/{service}/AWSServiceRoleForRolesAnywhere"
        yield Permission(
            "iam:CreateServiceLinkedRole",
            f"arn:{partition_of(store.region)}:iam::{store.account}:{role}",
            {"iam:AWSServiceName": service},
        )


def _refuse_roles_of_others(values: dict[str, Any], store: Store) -> None:
    """Refuse to pass a role on to another account, for which nobody has the right.

    IAM user guide, "Grant a user permissions to pass a role to an AWS service"; the sentence is that of other services.
    """
    accounts = {role.split(":")[4] for role in values.get("roleArns", ())}
    if accounts - {store.account}:
        raise Refusal(Fault.DENIED, "Cross-account pass role is not allowed.")


def _roles(values: dict[str, Any], store: Store) -> list[str]:
    """List the roles of a profile after the call: also one that only renames it passes them on, on the strict side."""
    if "roleArns" in values:
        return values["roleArns"]
    profile = store.profiles.get(values.get("profileId", ""))
    return profile.role_arns if profile else []


def _resource(operation: str, values: dict[str, Any], store: Store) -> str:
    kind = kind_of(operation)
    if kind is None:
        return values["resourceArn"]
    if operation.startswith("List"):
        return "*"
    identifier = next((value for name, value in values.items() if name.endswith("Id")), "*")
    return store.arn(f"{kind}/{identifier}")


def _request_tags(values: dict[str, Any]) -> Context:
    tags = values.get("tags", [])
    keys = [tag["key"] for tag in tags] + values.get("tagKeys", [])
    return {
        "aws:RequestTag/": [],
        "aws:TagKeys": keys,
        **{f"aws:RequestTag/{tag['key']}": tag["value"] for tag in tags},
    }


def _resource_tags(arn: str, store: Store) -> Context:
    resource = store.resource(arn)
    tags = resource.tags if resource else {}
    return {"aws:ResourceTag/": [], **{f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
