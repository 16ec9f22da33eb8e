# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What calls with sessions of roles may do: session policies, conditions, expiry, boundaries (threats §14)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from moto.iam.models import iam_backends

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer

from .account import ACCOUNT, FLEET, Account, allow, deny, document, is_allowed, put
from .calls import refusal


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


INTERSECTIONS: list[tuple[list[Any], str | None, list[str], bool]] = [
    # the role's statements, the inline session policy, the managed session policies, whether fleet may be written
    ([allow()], None, [], True),
    ([], None, [], False),
    ([allow("s3:GetObject")], None, [], False),
    ([allow()], document(allow("s3:*", FLEET)), [], True),
    ([allow()], document(allow("s3:GetObject", FLEET)), [], False),
    ([allow("s3:*", FLEET)], document(allow("s3:*", "arn:aws:s3:::other/*")), [], False),
    ([allow("s3:GetObject")], document(allow()), [], False),  # a session policy gives nothing of its own
    ([allow()], document(allow(), deny("s3:PutObject")), [], False),
    ([allow(), deny("s3:PutObject")], document(allow()), [], False),
    ([allow()], None, [document(allow("s3:*", FLEET))], True),
    ([allow()], None, [document(allow("s3:GetObject"))], False),
    ([allow()], document(allow("s3:GetObject")), [document(allow("s3:PutObject"))], True),  # together one set
    ([allow()], document(allow("s3:PutObject")), [document(deny("s3:PutObject"))], False),
    ([allow()], "{}", [], False),
]


@pytest.mark.parametrize(("role", "inline", "managed", "allowed"), INTERSECTIONS)
def test_session_policies(
    account: Account, role: list[Any], inline: str | None, managed: list[str], allowed: bool
) -> None:
    account.allow_only(*role or [deny("none:None")])
    backend = iam_backends[ACCOUNT]["aws"]
    arns = [backend.create_policy("", "/", text, f"policy-{number}", []).arn for number, text in enumerate(managed)]
    session = account.session(session_policy=inline, managed_policy_arns=arns)
    assert put(account.client("s3", session), "fleet") is allowed


def test_one_bucket(account: Account) -> None:
    """The quickstart's session policy: one bucket is there, the other is not."""
    s3 = account.client("s3", account.session(session_policy=document(allow("s3:*", FLEET))))
    assert s3.put_object(Bucket="fleet", Key="new", Body=b"y")
    assert s3.get_object(Bucket="fleet", Key="new")["Body"].read() == b"y"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="fleet")["Contents"]] == ["new", "web1/today"]
    sentence = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/web/4faa is not authorized to perform: s3:PutObject on resource: "
        "arn:aws:s3:::other/new because no session policy allows the s3:PutObject action"
    )
    assert refusal(s3.put_object, Bucket="other", Key="new", Body=b"y") == (403, "AccessDenied", sentence)
    for call in (s3.get_object, s3.head_object):
        assert not is_allowed(call, Bucket="other", Key="web1/today")
    for call in (s3.list_objects_v2, s3.list_objects, s3.head_bucket, s3.get_bucket_location, s3.delete_bucket):
        assert not is_allowed(call, Bucket="other")
    assert not is_allowed(s3.list_buckets)


def test_caller_identity_needs_no_permission(account: Account) -> None:
    account.allow_only(deny())
    identity = account.client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/4faa"
    assert identity["Account"] == ACCOUNT
    assert identity["UserId"].endswith(":4faa")


DAY = timedelta(days=1)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def conditions() -> list[tuple[dict[str, Any], bool]]:
    now = datetime.now(timezone.utc)
    return [
        ({"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web2"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/x509Subject/O": "Example"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, True),  # a tag of the role
        ({"StringEquals": {"aws:SourceIdentity": "CN=web1"}}, True),
        ({"StringEquals": {"aws:SourceIdentity": "CN=web2"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"DateGreaterThan": {"aws:TokenIssueTime": iso(now - DAY)}}, True),
        ({"DateLessThan": {"aws:TokenIssueTime": iso(now - DAY)}}, False),
        ({"DateLessThan": {"aws:CurrentTime": iso(now + DAY)}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": iso(now + DAY)}}, False),
        ({"NumericLessThan": {"aws:EpochTime": str(int((now + DAY).timestamp()))}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/web"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/db*"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
        ({"StringLike": {"aws:userid": "AROA*:4faa"}}, True),
        ({"Null": {"aws:username": "true"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": REGION}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"Bool": {"aws:ViaAWSService": "false"}}, True),
        ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, False),  # not emulated, so never true
        ({"StringEqualsIfExists": {"s3:x-amz-acl": "private"}}, False),
    ]


@pytest.mark.parametrize(("condition", "allowed"), conditions())
def test_conditions(account: Account, condition: dict[str, Any], allowed: bool) -> None:
    account.iam.tag_role(RoleName="web", Tags=[{"Key": "team", "Value": "blue"}])
    account.allow_only(allow("s3:*", Condition=condition))
    assert put(account.client("s3"), "fleet") is allowed


def test_tag_in_the_resource(account: Account) -> None:
    account.allow_only(allow("s3:*", "arn:aws:s3:::fleet/${aws:PrincipalTag/x509Subject/CN}/*"))
    s3 = account.client("s3")
    assert put(s3, "fleet", "web1/new")
    assert not put(s3, "fleet", "web2/new")
    assert not put(account.client("s3", account.session(tags={})), "fleet", "web1/new")


def test_condition_on_a_listing(account: Account) -> None:
    account.allow_only(allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "web1/*"}}))
    s3 = account.client("s3")
    assert is_allowed(s3.list_objects_v2, Bucket="fleet", Prefix="web1/")
    assert not is_allowed(s3.list_objects_v2, Bucket="fleet", Prefix="web2/")
    assert not is_allowed(s3.list_objects_v2, Bucket="fleet")


def test_deny_of_older_sessions(account: Account) -> None:
    """How sessions are ended: a deny dated by aws:TokenIssueTime; sessions made after it work."""
    old = account.client("s3")
    assert put(old, "fleet")
    now = account.emulator.switches.now() + timedelta(seconds=1)
    account.allow_only(allow(), deny(Condition={"DateLessThan": {"aws:TokenIssueTime": iso(now)}}))
    assert not put(old, "fleet")
    account.emulator.switches.clock_offset = 2.0
    assert put(account.client("s3"), "fleet")


EXPIRED = [
    ("s3", "list_buckets", (400, "ExpiredToken")),
    ("sts", "get_caller_identity", (403, "ExpiredToken")),
    ("iam", "list_users", (403, "ExpiredToken")),
    ("ec2", "describe_instances", (400, "RequestExpired")),
    ("dynamodb", "list_tables", (400, "ExpiredTokenException")),
    ("lambda", "list_functions", (403, "ExpiredTokenException")),
]


@pytest.mark.parametrize(("service", "operation", "answer"), EXPIRED)
def test_expiry(account: Account, service: str, operation: str, answer: tuple[int, str]) -> None:
    account.emulator.switches.clock_window = 10**6
    call = getattr(account.client(service, account.session(duration_seconds=900)), operation)
    account.emulator.switches.clock_offset = 890.0
    call()
    account.emulator.switches.clock_offset = 900.0
    assert refusal(call)[:2] == answer


def test_permissions_boundary(account: Account) -> None:
    boundary = account.iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:GetObject")))
    account.role_arn = account.add_role("bound", allow(), PermissionsBoundary=boundary["Policy"]["Arn"])
    s3 = account.client("s3")
    assert is_allowed(s3.get_object, Bucket="fleet", Key="web1/today")
    status, code, message = refusal(s3.put_object, Bucket="fleet", Key="new", Body=b"")
    assert (status, code) == (403, "AccessDenied")
    assert message.endswith("because no permissions boundary allows the s3:PutObject action")


def test_boundary_whose_policy_is_gone(account: Account) -> None:
    boundary = account.iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow()))["Policy"]["Arn"]
    account.role_arn = account.add_role("bound", allow(), PermissionsBoundary=boundary)
    s3 = account.client("s3")
    assert put(s3, "fleet")
    account.iam.delete_policy(PolicyArn=boundary)
    assert not put(s3, "fleet")


def test_role_that_was_deleted(account: Account) -> None:
    s3 = account.client("s3")
    account.iam.delete_role_policy(RoleName="web", PolicyName="inline")
    account.iam.delete_role(RoleName="web")
    assert not put(s3, "fleet")


def test_bucket_policy_widens_nothing(account: Account) -> None:
    account.allow_only(deny("none:None"))
    everybody = {**allow("s3:*", FLEET), "Principal": "*"}
    account.s3.put_bucket_policy(Bucket="fleet", Policy=document(everybody))
    assert not put(account.client("s3"), "fleet")
