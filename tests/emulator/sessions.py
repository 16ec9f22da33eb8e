# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of IAM roles: moto's own, so that its STS and its services know the keys, and what moto leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from .assume_role import Refused, RoleRequest
from .policies import Policy


@dataclass(frozen=True)
class Session:
    """What moto does not keep of a session."""

    role_arn: str
    issued_at: datetime
    expiration: datetime
    source_identity: str | None
    tags: Mapping[str, str]
    policies: tuple[Policy, ...] | None  # session policies; None when the session was made without any


# Held by moto's own object: when moto forgets a session, or is reset, this is forgotten too.
_sessions: WeakKeyDictionary[AssumedRole, Session] = WeakKeyDictionary()


def find_role(account: str, partition: str, role_arn: str) -> Role | None:
    """Find a role in an account by its ARN."""
    try:
        return iam_backends[account][partition].get_role_by_arn(role_arn)
    except NotFoundException:
        return None


def vend(account: str, partition: str, region: str, wanted: RoleRequest, now: datetime) -> AssumedRole:
    """Make a session; its keys work with every service that moto serves. Raises Refused."""
    policies = _session_policies(iam_backends[account][partition], wanted)
    assumed_role = sts_backends[account][partition].assume_role(
        region_name=region,
        role_session_name=wanted.session_name,
        role_arn=wanted.role_arn,
        policy=wanted.session_policy or "",
        duration=wanted.duration_seconds,
        external_id="",
    )
    issued_at = now.replace(microsecond=0)
    assumed_role.expiration = issued_at + timedelta(seconds=wanted.duration_seconds)
    _sessions[assumed_role] = Session(
        role_arn=wanted.role_arn,
        issued_at=issued_at,
        expiration=assumed_role.expiration,
        source_identity=wanted.source_identity,
        tags=dict(wanted.tags),
        policies=policies,
    )
    return assumed_role


def find(account: str, partition: str, access_key_id: str) -> tuple[AssumedRole, Session] | None:
    """Find a session by its access key id."""
    assumed_role = sts_backends[account][partition].get_assumed_role_from_access_key(access_key_id)
    session = _sessions.get(assumed_role) if assumed_role else None
    return (assumed_role, session) if assumed_role and session else None


def _session_policies(backend: IAMBackend, wanted: RoleRequest) -> tuple[Policy, ...] | None:
    if wanted.session_policy is None and not wanted.managed_policy_arns:
        return None
    inline = [wanted.session_policy] if wanted.session_policy is not None else []
    managed = [managed_policy(backend, arn) for arn in wanted.managed_policy_arns]
    return tuple(read_policy(text) for text in (*inline, *managed))


def managed_policy(backend: IAMBackend, arn: str) -> str:
    """Read the default version of a managed policy; raises Refused when there is no such policy."""
    try:
        policy: Any = backend.get_policy(arn)
    except NotFoundException:
        raise Refused(f"there is no policy {arn}") from None
    return next(version.document for version in policy.versions if version.is_default)


def read_policy(text: str) -> Policy:
    """Parse a policy document; raises Refused when it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        raise Refused("a policy is not JSON") from None
    if not isinstance(document, dict):
        raise Refused("a policy is not a JSON object")
    return document
