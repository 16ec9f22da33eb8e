# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who an access key belongs to, and what IAM says of him: users and sessions as moto's IAM and STS know them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import Group, IAMBackend, Role, User, iam_backends
from moto.sts.models import AssumedRole

from . import sessions
from .assume_role import Refused
from .patterns import Context
from .policies import Decision, Effect, Policy, Principal, decide
from .sessions import Session

# Keys that need no permission: "test" is the administrator of moto's default account, and an account's number that of
# this account. How accounts come to be is beyond this emulator: each is there, and empty, for whoever asks.
ADMINISTRATOR = "test"
ADMINISTRATOR_OF_ACCOUNT = re.compile("[0-9]{12}")
SECRET = "test"  # of all of them

IDENTITY_POLICY = "identity-based policy"
BOUNDARY = "permissions boundary"
SESSION_POLICY = "session policy"

# Keys that no caller here has: nobody signs in with a second factor or through a provider, no service calls along.
_NEVER = {
    "aws:FederatedProvider": (),
    "aws:MultiFactorAuthAge": (),
    "aws:MultiFactorAuthPresent": (),
    "aws:CalledVia": (),
    "aws:ViaAWSService": "false",
    "aws:PrincipalIsAWSService": "false",
}


@dataclass(frozen=True)
class Caller:
    """The owner of an access key."""

    account: str
    arn: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None
    expiration: datetime | None
    context: Context  # the condition keys that tell of the caller
    policies: Mapping[str, tuple[Policy, ...]]  # each kind that the caller has; every one of them must allow
    principal: Principal  # as trust policies name him
    session: Session | None = None
    is_administrator: bool = False  # one whose key needs no permission

    def decide(self, action: str, resource: str | None, context: Context) -> Decision:
        """Decide about an action on a resource (its ARN); context is what is known of the request."""
        if self.is_administrator:
            return Decision(Effect.ALLOW, "the administrator's key")
        everything = {**self.context, **context}
        decisions = {kind: decide(policies, action, resource, everything) for kind, policies in self.policies.items()}
        for effect in (Effect.EXPLICIT_DENY, Effect.IMPLICIT_DENY):
            for kind, decision in decisions.items():
                if decision.effect is effect:
                    return Decision(effect, _because(kind, action, effect))
        return Decision(Effect.ALLOW, decisions[IDENTITY_POLICY].reason)


def _because(kind: str, action: str, effect: Effect) -> str:
    """Say why not, as AWS does (IAM user guide, "Troubleshoot access denied error messages")."""
    if effect is Effect.EXPLICIT_DENY:
        return f"with an explicit deny in {'an' if kind[0] == 'i' else 'a'} {kind}"
    return f"because no {kind} allows the {action} action"


def find(access_key_id: str, partition: str) -> Caller | None:
    """Find the owner of an access key among all accounts of a partition."""
    if access_key_id == ADMINISTRATOR:
        return _administrator(access_key_id, DEFAULT_ACCOUNT_ID, partition)
    if ADMINISTRATOR_OF_ACCOUNT.fullmatch(access_key_id):
        return _administrator(access_key_id, access_key_id, partition)
    for account in list(iam_backends):
        backend = iam_backends[account][partition]
        for user in backend.users.values():
            for key in user.access_keys:
                if key.access_key_id == access_key_id and key.status == "Active":
                    return _user(backend, user, access_key_id, key.secret_access_key)
        found = sessions.find(account, partition, access_key_id)
        if found:
            return _session(backend, *found)
    return None


def _administrator(access_key_id: str, account: str, partition: str) -> Caller:
    # The ARN is the one that moto's GetCallerIdentity has for a key that it does not know.
    arn = f"arn:{partition}:sts::{account}:user/moto"
    return Caller(
        account=account,
        arn=arn,
        access_key_id=access_key_id,
        secret_access_key=SECRET,
        session_token=None,
        expiration=None,
        context={},
        policies={},
        principal=_principal(partition, account, arn),
        is_administrator=True,
    )


def _user(backend: IAMBackend, user: User, access_key_id: str, secret_access_key: str) -> Caller:
    groups = backend.get_groups_for_user(user.name)
    return Caller(
        account=backend.account_id,
        arn=user.arn,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=None,
        expiration=None,
        context={
            **_NEVER,
            **_principal_tags(_tags(user)),
            "aws:PrincipalArn": user.arn,
            "aws:PrincipalAccount": backend.account_id,
            "aws:PrincipalType": "User",
            "aws:userid": user.id,
            "aws:username": user.name,
            "aws:TokenIssueTime": (),
            "aws:SourceIdentity": (),
        },
        policies={IDENTITY_POLICY: _documents(user, *groups)},
        principal=_principal(backend.partition, backend.account_id, user.arn),
    )


def _session(backend: IAMBackend, assumed_role: AssumedRole, session: Session) -> Caller:
    role = sessions.find_role(backend.account_id, backend.partition, session.role_arn)
    policies = {IDENTITY_POLICY: _documents(role) if role else ()}
    if role and role.permissions_boundary_arn:
        policies[BOUNDARY] = _boundary(backend, role.permissions_boundary_arn)
    if session.policies is not None:
        policies[SESSION_POLICY] = session.policies
    return Caller(
        account=backend.account_id,
        arn=assumed_role.arn,
        access_key_id=assumed_role.access_key_id,
        secret_access_key=assumed_role.secret_access_key,
        session_token=assumed_role.session_token,
        expiration=session.expiration,
        context={
            **_NEVER,
            **_principal_tags({**_tags(role), **session.tags}),
            "aws:PrincipalArn": session.role_arn,
            "aws:PrincipalAccount": backend.account_id,
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": assumed_role.user_id,
            "aws:username": (),
            "aws:TokenIssueTime": session.issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:SourceIdentity": () if session.source_identity is None else session.source_identity,
        },
        policies=policies,
        principal=_principal(backend.partition, backend.account_id, session.role_arn, assumed_role.arn),
        session=session,
    )


def _tags(holder: User | Role | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in (holder and holder.tags) or ()}


def _principal_tags(tags: Mapping[str, str]) -> Context:
    return {"aws:PrincipalTag/": (), **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()}}


def _principal(partition: str, account: str, *arns: str) -> Principal:
    return Principal("AWS", (*arns, f"arn:{partition}:iam::{account}:root", account))


def _documents(*holders: User | Group | Role) -> tuple[Policy, ...]:
    """Collect inline and attached policies of users, groups and roles."""
    return tuple(sessions.read_policy(text) for holder in holders for text in _texts(holder))


def _boundary(backend: IAMBackend, arn: str) -> tuple[Policy, ...]:
    try:
        return (sessions.read_policy(sessions.managed_policy(backend, arn)),)
    except Refused:
        return ()  # a boundary whose policy is gone allows nothing


def _texts(holder: User | Group | Role) -> Iterable[str]:
    yield from holder.policies.values()
    for policy in holder.managed_policies.values():
        yield next(version.document for version in policy.versions if version.is_default)
