# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision of a set of policies: what allows, what denies, and that doubt never allows."""

from __future__ import annotations

import pytest

from tests.emulator.policies import Effect, Principal, decide

ALLOW, EXPLICIT, IMPLICIT = Effect.ALLOW, Effect.EXPLICIT_DENY, Effect.IMPLICIT_DENY

OBJECT = "arn:aws:s3:::fleet/web1/today"
CONTEXT = {"aws:PrincipalTag/x509Subject/CN": "web1", "aws:PrincipalTag/": (), "aws:SecureTransport": "true"}


def allow(**elements: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}


def deny(**elements: object) -> dict[str, object]:
    return {**allow(), "Effect": "Deny", **elements}


UNKNOWN_KEY = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
TLS_ONLY = {"Bool": {"aws:SecureTransport": "true"}}
NO_TLS = {"Bool": {"aws:SecureTransport": "false"}}

IDENTITY_POLICIES = [
    ([], IMPLICIT),
    ([allow()], ALLOW),
    ([allow(Action="s3:PutObject")], IMPLICIT),
    ([allow(), deny()], EXPLICIT),
    ([deny(), allow()], EXPLICIT),
    ([allow(), deny(Action="s3:PutObject")], ALLOW),
    # Action
    ([allow(Action="S3:getobject")], ALLOW),
    ([allow(Action="s3:Get*")], ALLOW),
    ([allow(Action="*")], ALLOW),
    ([allow(Action=["s3:ListBucket", "s3:Get?bject"])], ALLOW),
    ([allow(Action="s3:Get")], IMPLICIT),
    ([allow(Action="s3:${*}")], IMPLICIT),
    # Resource
    ([allow(Resource="arn:aws:s3:::fleet/*")], ALLOW),
    ([allow(Resource="arn:aws:s3:::fleet")], IMPLICIT),
    ([allow(Resource="arn:aws:s3:::Fleet/*")], IMPLICIT),
    ([allow(Resource=["arn:aws:s3:::other/*", "arn:aws:s3:::fleet/web1/*"])], ALLOW),
    ([allow(Resource="arn:aws:s3:::fleet/${aws:PrincipalTag/x509Subject/CN}/*")], ALLOW),
    ([allow(Resource="arn:aws:s3:::fleet/${aws:PrincipalTag/x509Subject/OU}/*")], IMPLICIT),
    ([allow(), deny(Resource="arn:aws:s3:::fleet/${aws:PrincipalTag/x509Subject/OU}/*")], EXPLICIT),
    ([allow(Resource="arn:aws:s3*")], IMPLICIT),
    ([allow(), deny(Resource="arn:aws:s3*")], EXPLICIT),
    # The Not forms
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], ALLOW),
    ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], IMPLICIT),
    ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}], ALLOW),
    ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::fleet/*"}], IMPLICIT),
    ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::fleet/*"}], ALLOW),
    # Conditions
    ([allow(Condition=TLS_ONLY)], ALLOW),
    ([allow(Condition=NO_TLS)], IMPLICIT),
    ([allow(), deny(Condition=NO_TLS)], ALLOW),
    # Doubt
    ([allow(Condition=UNKNOWN_KEY)], IMPLICIT),
    ([allow(), deny(Condition=UNKNOWN_KEY)], EXPLICIT),
    ([allow(), deny(Condition=UNKNOWN_KEY, Resource="arn:aws:s3:::other/*")], ALLOW),
    ([allow(Principal="*")], IMPLICIT),
    ([allow(Comment="x")], IMPLICIT),
    ([allow(NotAction="iam:*")], IMPLICIT),
    ([allow(Action=[])], IMPLICIT),
    ([allow(Action=3)], IMPLICIT),
    ([allow(), {"Effect": "Perhaps", "Action": "*", "Resource": "*"}], EXPLICIT),
]


@pytest.mark.parametrize(("statements", "effect"), IDENTITY_POLICIES)
def test_identity_policies(statements: list[dict[str, object]], effect: Effect) -> None:
    policies = [{"Version": "2012-10-17", "Statement": [statement]} for statement in statements]
    assert decide(policies, "s3:GetObject", OBJECT, CONTEXT).effect is effect
    together = [{"Version": "2012-10-17", "Statement": statements}]
    assert decide(together, "s3:GetObject", OBJECT, CONTEXT).effect is effect


@pytest.mark.parametrize(
    ("statements", "effect"),
    [
        ([allow()], ALLOW),
        ([allow(Resource="arn:aws:s3:::*")], IMPLICIT),
        ([allow(), deny(Resource="arn:aws:s3:::other")], EXPLICIT),
    ],
)
def test_a_resource_that_is_not_known(statements: list[dict[str, object]], effect: Effect) -> None:
    assert decide([{"Statement": statements}], "s3:GetObject", None, CONTEXT).effect is effect


@pytest.mark.parametrize(
    ("document", "effect"),
    [
        ({"Statement": allow()}, ALLOW),
        ({}, EXPLICIT),
        ({"Statement": "Allow"}, EXPLICIT),
        ({"Version": "2008-10-17", "Statement": allow(Resource="arn:aws:s3:::fleet/${*}")}, EXPLICIT),
    ],
)
def test_documents(document: dict[str, object], effect: Effect) -> None:
    assert decide([document], "s3:GetObject", OBJECT, CONTEXT).effect is effect


SERVICE = Principal("Service", ("rolesanywhere.amazonaws.com",))
USER = Principal("AWS", ("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:root", "123456789012"))

TRUST_POLICIES = [
    ("Allow", {"Principal": {"Service": "rolesanywhere.amazonaws.com"}}, SERVICE, ALLOW),
    ("Allow", {"Principal": {"Service": ["ec2.amazonaws.com", "rolesanywhere.amazonaws.com"]}}, SERVICE, ALLOW),
    ("Allow", {"Principal": {"Service": "ec2.amazonaws.com"}}, SERVICE, IMPLICIT),
    ("Allow", {"Principal": {"Service": "*"}}, SERVICE, IMPLICIT),
    ("Allow", {"Principal": {"AWS": "*"}}, SERVICE, IMPLICIT),
    ("Allow", {"Principal": "*"}, SERVICE, IMPLICIT),
    ("Deny", {"Principal": "*"}, SERVICE, EXPLICIT),
    ("Deny", {"Principal": {"Service": "ec2.amazonaws.com"}}, SERVICE, IMPLICIT),
    ("Deny", {"NotPrincipal": {"Service": "rolesanywhere.amazonaws.com"}}, SERVICE, IMPLICIT),
    ("Deny", {"NotPrincipal": {"Service": "ec2.amazonaws.com"}}, SERVICE, EXPLICIT),
    ("Allow", {"NotPrincipal": {"Service": "ec2.amazonaws.com"}}, SERVICE, IMPLICIT),
    ("Allow", {}, SERVICE, IMPLICIT),
    ("Allow", {"Principal": {"Service": "rolesanywhere.amazonaws.com"}, "Resource": "*"}, SERVICE, IMPLICIT),
    ("Allow", {"Principal": {"AWS": "arn:aws:iam::123456789012:user/ann"}}, USER, ALLOW),
    ("Allow", {"Principal": {"AWS": ["123456789012"]}}, USER, ALLOW),
    ("Allow", {"Principal": {"AWS": "*"}}, USER, ALLOW),
    ("Allow", {"Principal": {"AWS": "arn:aws:iam::123456789012:user/bob"}}, USER, IMPLICIT),
    ("Allow", {"Principal": {"Service": "rolesanywhere.amazonaws.com"}}, USER, IMPLICIT),
]


@pytest.mark.parametrize(("effect", "elements", "principal", "expected"), TRUST_POLICIES)
def test_trust_policies(effect: str, elements: dict[str, object], principal: Principal, expected: Effect) -> None:
    policy = {"Statement": [{"Effect": effect, "Action": "sts:AssumeRole", **elements}]}
    assert decide([policy], "sts:AssumeRole", None, CONTEXT, principal).effect is expected


def test_the_reason_names_the_statement() -> None:
    decision = decide([{"Statement": [deny(Sid="Quarantine")]}], "s3:GetObject", OBJECT, CONTEXT)
    assert decision.reason.startswith("statement Quarantine denies s3:GetObject")
