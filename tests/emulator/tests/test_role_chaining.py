# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""sts:AssumeRole with a session, a user's key and the administrator's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.models import iam_backends

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .account import ACCOUNT, Account, allow, deny, document
from .calls import refusal

WEB = f"arn:aws:iam::{ACCOUNT}:role/web"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


def client_of(account: Account, service: str, credentials: dict[str, Any]) -> Any:
    return client(
        account.emulator,
        service,
        access_key=credentials["AccessKeyId"],
        secret=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
    )


def test_chain(account: Account) -> None:
    """The next session has the source identity, but not the tags of the first (reference §2.7)."""
    account.add_role("db", allow(), principal={"AWS": WEB})
    sts = account.client("sts")
    answer = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/db", RoleSessionName="next")
    assert answer["SourceIdentity"] == "CN=web1"
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/db/next"
    db = client_of(account, "sts", answer["Credentials"])
    assert db.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    s3 = client_of(account, "s3", answer["Credentials"])
    for condition, allowed in (
        ({"StringEquals": {"aws:SourceIdentity": "CN=web1"}}, True),
        ({"Null": {"aws:PrincipalTag/x509Subject/CN": "true"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"}}, False),
    ):
        policy = document(allow(Condition=condition))
        account.iam.put_role_policy(RoleName="db", PolicyName="inline", PolicyDocument=policy)
        if allowed:
            s3.list_buckets()
        else:
            assert refusal(s3.list_buckets)[1] == "AccessDenied"


TRUST: list[tuple[Any, bool]] = [
    ({"AWS": WEB}, True),
    ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/4faa"}, True),
    ({"AWS": ROOT}, True),
    ({"AWS": ACCOUNT}, True),
    ({"AWS": "*"}, True),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, False),
    ({"Service": "rolesanywhere.amazonaws.com"}, False),
]


@pytest.mark.parametrize(("principal", "allowed"), TRUST)
def test_trust_policy(account: Account, principal: Any, allowed: bool) -> None:
    arn = account.add_role("db", principal=principal)
    call = account.client("sts").assume_role
    if allowed:
        assert call(RoleArn=arn, RoleSessionName="next")
    else:
        assert refusal(call, RoleArn=arn, RoleSessionName="next")[:2] == (403, "AccessDenied")


PERMISSIONS: list[tuple[list[dict[str, Any]], bool]] = [
    ([allow("sts:*")], True),
    ([allow(["sts:AssumeRole", "sts:SetSourceIdentity"], f"arn:aws:iam::{ACCOUNT}:role/db")], True),
    ([allow("sts:AssumeRole")], False),  # the source identity goes along, and needs its permission
    ([allow("sts:*", f"arn:aws:iam::{ACCOUNT}:role/other")], False),
    ([allow("sts:*"), deny("sts:AssumeRole")], False),
]


@pytest.mark.parametrize(("statements", "allowed"), PERMISSIONS)
def test_permissions_of_the_caller(account: Account, statements: list[dict[str, Any]], allowed: bool) -> None:
    arn = account.add_role("db", principal={"AWS": WEB})
    account.allow_only(*statements)
    call = account.client("sts").assume_role
    if allowed:
        assert call(RoleArn=arn, RoleSessionName="next")
    else:
        assert refusal(call, RoleArn=arn, RoleSessionName="next")[:2] == (403, "AccessDenied")


def test_session_policies_of_the_chain(account: Account) -> None:
    arn = account.add_role("db", allow(), principal={"AWS": WEB})
    backend = iam_backends[ACCOUNT]["aws"]
    managed = backend.create_policy("", "/", document(allow("s3:ListAllMyBuckets")), "managed", []).arn
    for policies in (
        {"Policy": document(allow("s3:ListAllMyBuckets"))},
        {"PolicyArns": [{"arn": managed}]},
    ):
        answer = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="next", **policies)
        s3 = client_of(account, "s3", answer["Credentials"])
        assert s3.list_buckets()
        assert refusal(s3.get_object, Bucket="fleet", Key="web1/today")[1] == "AccessDenied"


def test_tags_of_the_request(account: Account) -> None:
    arn = account.add_role("db", allow(), principal={"AWS": WEB})
    tags = [{"Key": "team", "Value": "blue"}]
    answer = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="next", Tags=tags)
    policy = document(allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    account.iam.put_role_policy(RoleName="db", PolicyName="inline", PolicyDocument=policy)
    assert client_of(account, "s3", answer["Credentials"]).list_buckets()


REFUSED: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"SourceIdentity": "somebody"}, (403, "AccessDenied")),
    ({"DurationSeconds": 3601}, (400, "ValidationError")),
    ({"SourceIdentity": "web 1"}, (403, "AccessDenied")),
    ({"Policy": "{"}, (403, "AccessDenied")),
    ({"Policy": " " * 2049}, (403, "AccessDenied")),
    ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}, (403, "AccessDenied")),
    ({"RoleArn": "arn:aws:iam::111122223333:role/none"}, (403, "AccessDenied")),
    ({"TransitiveTagKeys": ["team"]}, (400, "ValidationError")),
]


@pytest.mark.parametrize(("values", "answer"), REFUSED)
def test_refused(account: Account, values: dict[str, Any], answer: tuple[int, str]) -> None:
    arn = account.add_role("db", principal={"AWS": WEB})
    account.iam.update_role(RoleName="db", MaxSessionDuration=7200)
    call = account.client("sts").assume_role
    assert refusal(call, **{"RoleArn": arn, "RoleSessionName": "next", **values})[:2] == answer


def test_administrator(account: Account) -> None:
    """The administrator needs no permission, but the role must trust his account."""
    sts = client(account.emulator, "sts")
    trusting = account.add_role("db", principal={"AWS": ROOT}, MaxSessionDuration=7200)
    answer = sts.assume_role(RoleArn=trusting, RoleSessionName="next", DurationSeconds=7200)
    assert client_of(account, "sts", answer["Credentials"]).get_caller_identity()["Arn"].endswith("/db/next")
    assert refusal(sts.assume_role, RoleArn=trusting, RoleSessionName="next", DurationSeconds=7201) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    assert refusal(sts.assume_role, RoleArn=WEB, RoleSessionName="next")[1] == "AccessDenied"


def test_external_id(account: Account) -> None:
    arn = account.add_role("db", principal={"AWS": ROOT})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ROOT},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    account.iam.update_assume_role_policy(RoleName="db", PolicyDocument=policy)
    sts = client(account.emulator, "sts")
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="next")[1] == "AccessDenied"
    assert sts.assume_role(RoleArn=arn, RoleSessionName="next", ExternalId="secret")
