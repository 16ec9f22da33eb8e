# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's trust policy in CreateSession (reference §4.1): what lets a certificate in and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.x509.oid import NameOID

from .issuing import leaf, name
from .world import ACCOUNT, ACTIONS, World, trust_policy

CN = "aws:PrincipalTag/x509Subject/CN"


@pytest.fixture(scope="module")
def world() -> World:
    made = World()
    made.leaf = leaf(made.issuing, name("web1", (NameOID.ORGANIZATIONAL_UNIT_NAME, "web")))
    return made


def statement(*actions: str, **elements: Any) -> dict[str, Any]:
    return trust_policy(*actions, **elements)["Statement"][0]


# {anchor} stands for the ARN of the trust anchor.
CONDITIONS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"StringEquals": {CN: "web1"}}, True),
    ({"StringEquals": {CN: "web2"}}, False),
    ({"StringEquals": {CN: ["web2", "web1"]}}, True),
    ({"StringLike": {CN: "web*"}}, True),
    ({"StringLike": {CN: "db*"}}, False),
    ({"StringEquals": {"aws:PrincipalTag/x509Subject/O": "Example"}}, False),
    ({"StringEqualsIfExists": {"aws:PrincipalTag/x509Subject/O": "Example"}}, True),
    ({"StringNotEquals": {"aws:PrincipalTag/x509Subject/O": "Example"}}, True),
    ({"StringNotEquals": {CN: "web1"}}, False),
    ({"StringEquals": {"aws:PrincipalTag/x509Issuer/CN": "Issuing CA"}}, True),
    ({"StringEquals": {"aws:RequestTag/x509Subject/OU": "web"}}, True),
    ({"StringEquals": {"aws:RequestTag/x509Subject/OU": "db"}}, False),
    ({"ForAllValues:StringLike": {"aws:TagKeys": ["x509Subject/*", "x509Issuer/*"]}}, True),
    ({"ForAllValues:StringLike": {"aws:TagKeys": ["x509Subject/*"]}}, False),
    ({"ArnEquals": {"aws:SourceArn": "{anchor}"}}, True),
    ({"ArnLike": {"aws:SourceArn": f"arn:aws:rolesanywhere:*:{ACCOUNT}:trust-anchor/*"}}, True),
    ({"ArnEquals": {"aws:SourceArn": "{anchor}x"}}, False),
    ({"StringEquals": {"aws:SourceArn": "{anchor}"}}, True),
    ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
    ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, False),
    ({"StringEquals": {"sts:SourceIdentity": "CN=web1"}}, True),
    ({"StringEquals": {"sts:SourceIdentity": "CN=web2"}}, False),
    ({"StringEquals": {"sts:RoleSessionName": "4f00000000000000000000000000aa01"}}, True),
    ({"StringEquals": {"sts:ExternalId": "x"}}, False),
    ({"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}}, True),
    ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
    ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
    ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),  # not known of a call that a service makes
    ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
    ({"StringMatches": {CN: "web1"}}, False),
]


def placed(value: Any, world: World) -> Any:
    if isinstance(value, dict):
        return {key: placed(inner, world) for key, inner in value.items()}
    return value.replace("{anchor}", world.anchor.arn) if isinstance(value, str) else value


@pytest.mark.parametrize(("condition", "is_let_in"), CONDITIONS)
def test_condition(world: World, condition: dict[str, Any], is_let_in: bool) -> None:
    world.trust(trust_policy(Condition=placed(condition, world)))
    assert world.create_session().status == (201 if is_let_in else 403)


ALLOW = statement()
SPLIT = [
    statement("sts:AssumeRole", "sts:SetSourceIdentity", Condition={"StringEquals": {"sts:SourceIdentity": "CN=web1"}}),
    statement("sts:TagSession", Condition={"StringEquals": {CN: "web1"}}),
]
STATEMENTS: list[tuple[list[dict[str, Any]], bool]] = [
    ([], False),
    ([ALLOW], True),
    ([statement("sts:*")], True),
    ([statement("*")], True),
    (SPLIT, True),
    (SPLIT[:1], False),
    (SPLIT[1:], False),
    ([statement(action) for action in ACTIONS], True),
    *(([statement(*(action for action in ACTIONS if action != left_out))], False) for left_out in ACTIONS),
    ([statement("sts:AssumeRoleWithWebIdentity", *ACTIONS[1:])], False),
    ([statement(Principal={"Service": ["ec2.amazonaws.com", "rolesanywhere.amazonaws.com"]})], True),
    ([statement(Principal={"AWS": "*"})], False),
    ([statement(Principal="*")], False),
    ([statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})], False),
    ([ALLOW, statement("sts:TagSession", Effect="Deny")], False),
    ([ALLOW, statement(Effect="Deny", Condition={"StringEquals": {CN: "web1"}})], False),
    ([ALLOW, statement(Effect="Deny", Condition={"StringEquals": {CN: "web2"}})], True),
    ([ALLOW, statement(Effect="Deny", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})], False),
    ([ALLOW, statement(Effect="Deny", Principal="*")], False),
]


@pytest.mark.parametrize(("statements", "is_let_in"), STATEMENTS)
def test_statements(world: World, statements: list[dict[str, Any]], is_let_in: bool) -> None:
    world.trust({"Version": "2012-10-17", "Statement": statements})
    assert world.create_session().status == (201 if is_let_in else 403)


def test_trust_policy_that_is_not_json(world: World) -> None:
    world.role.assume_role_policy_document = "{"
    assert world.create_session().status == 403


def test_role_of_another_account(world: World) -> None:
    arn = "arn:aws:iam::111122223333:role/web"
    world.profile.role_arns.append(arn)
    answer = world.create_session(query={**world.request().query, "roleArn": arn})
    assert answer.message == f"Unable to assume role for {arn}."
