# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM must allow for a control-plane call (reference §4.2), and the sentence of its refusal (§1.12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request

from .authentication import Caller
from .errors import ServiceError
from .policies import Effect, decide
from .state import Store, partition_of

_KINDS = {
    "TrustAnchor": "trust-anchor",
    "NotificationSettings": "trust-anchor",
    "Profile": "profile",
    "AttributeMapping": "profile",
    "Crl": "crl",
    "Subject": "subject",
}


@dataclass(frozen=True)
class Permission:
    """One action on one resource, with the condition keys that belong to it."""

    action: str
    resource: str
    context: dict[str, str | list[str]] = field(default_factory=dict)


def authorise(caller: Caller, request: Request, operation: str, values: dict[str, Any], store: Store) -> None:
    """Raise AccessDeniedException unless the caller may make this call."""
    if caller.is_administrator:
        return
    for permission in permissions_for(operation, values, store):
        context = {**_request_context(caller, request, store), **permission.context}
        decision = decide(caller.policies, permission.action, permission.resource, context)
        if not decision.allowed:
            raise ServiceError("AccessDeniedException", _refusal(caller, permission, decision.effect))


def _request_context(caller: Caller, request: Request, store: Store) -> dict[str, str | list[str]]:
    return {
        "aws:PrincipalArn": caller.arn,
        "aws:PrincipalAccount": caller.account,
        "aws:RequestedRegion": store.region,
        "aws:SourceIp": request.remote_addr or [],
        "aws:SecureTransport": "true" if request.is_secure else "false",
    }


def _refusal(caller: Caller, permission: Permission, effect: Effect) -> str:
    if effect is Effect.EXPLICIT_DENY:
        reason = "with an explicit deny in an identity-based policy"
    else:
        reason = f"because no identity-based policy allows the {permission.action} action"
    return (
        f"User: {caller.arn} is not authorized to perform: {permission.action} "
        f"on resource: {permission.resource} {reason}"
    )


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
        for role in values.get("roleArns", ()):
            yield Permission("iam:PassRole", role, {"iam:PassedToService": "rolesanywhere.amazonaws.com"})
    if operation in ("CreateTrustAnchor", "UpdateTrustAnchor"):
        authority = values.get("source", {}).get("sourceData", {}).get("acmPcaArn")
        if authority:
            yield Permission("acm-pca:GetCertificateAuthorityCertificate", authority)
    if operation == "CreateTrustAnchor" and not store.trust_anchors:
        service = "rolesanywhere.amazonaws.com"
        role = f"role/aws-service-role/{service}/AWSServiceRoleForRolesAnywhere"
        yield Permission(
            "iam:CreateServiceLinkedRole",
            f"arn:{partition_of(store.region)}:iam::{store.account}:{role}",
            {"iam:AWSServiceName": service},
        )


def _resource(operation: str, values: dict[str, Any], store: Store) -> str:
    kind = kind_of(operation)
    if kind is None:
        return values["resourceArn"]
    if operation.startswith("List"):
        return "*"
    identifier = next((value for name, value in values.items() if name.endswith("Id")), "*")
    return store.arn(f"{kind}/{identifier}")


def _request_tags(values: dict[str, Any]) -> dict[str, str | list[str]]:
    tags = values.get("tags", [])
    keys = [tag["key"] for tag in tags] + values.get("tagKeys", [])
    return {
        "aws:RequestTag/": [],
        "aws:TagKeys": keys,
        **{f"aws:RequestTag/{tag['key']}": tag["value"] for tag in tags},
    }


def _resource_tags(arn: str, store: Store) -> dict[str, str | list[str]]:
    resource = store.resource(arn)
    tags = resource.tags if resource else {}
    return {"aws:ResourceTag/": [], **{f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
