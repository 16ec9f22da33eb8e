# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM in front of moto, for calls made with sessions of roles and with keys of users (threats §14)."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .account import ACCOUNT, Account, allow, deny, document
from .calls import refusal


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


def is_allowed(call: Callable[..., Any], **values: Any) -> bool:
    """Make a call, which must succeed or be refused for want of a permission."""
    try:
        call(**values)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403"):
            return False
        raise
    return True


def put(s3: Any, bucket: str, key: str = "web1/new") -> bool:
    return is_allowed(s3.put_object, Bucket=bucket, Key=key, Body=b"y")


FLEET = ["arn:aws:s3:::fleet", "arn:aws:s3:::fleet/*"]
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


# Service, and what it says to: no permission, an unknown key, a wrong secret, a wrong token, a wrong clock.
FAULTS: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "s3": (
        "list_buckets",
        [
            (403, "AccessDenied"),
            (403, "InvalidAccessKeyId"),
            (403, "SignatureDoesNotMatch"),
            (400, "InvalidToken"),
            (403, "RequestTimeTooSkewed"),
        ],
    ),
    "iam": (
        "list_users",
        [
            (403, "AccessDenied"),
            (403, "InvalidClientTokenId"),
            (403, "SignatureDoesNotMatch"),
            (403, "InvalidClientTokenId"),
            (403, "SignatureDoesNotMatch"),
        ],
    ),
    "ec2": (
        "describe_instances",
        [
            (403, "UnauthorizedOperation"),
            (401, "AuthFailure"),
            (401, "AuthFailure"),
            (401, "AuthFailure"),
            (400, "RequestExpired"),
        ],
    ),
    "dynamodb": (
        "list_tables",
        [
            (400, "AccessDeniedException"),
            (400, "UnrecognizedClientException"),
            (400, "InvalidSignatureException"),
            (400, "UnrecognizedClientException"),
            (400, "InvalidSignatureException"),
        ],
    ),
    "lambda": (
        "list_functions",
        [
            (403, "AccessDeniedException"),
            (403, "UnrecognizedClientException"),
            (403, "InvalidSignatureException"),
            (403, "UnrecognizedClientException"),
            (403, "InvalidSignatureException"),
        ],
    ),
}


@pytest.mark.parametrize(("service", "operation", "answers"), [(name, *rest) for name, rest in FAULTS.items()])
def test_refusals_by_protocol(account: Account, service: str, operation: str, answers: list[tuple[int, str]]) -> None:
    def answer(**changes: Any) -> tuple[int, str]:
        return refusal(getattr(account.client(service, **changes), operation))[:2]

    account.allow_only(deny())
    assert answer() == answers[0]
    account.allow_only(allow())
    assert answer(access_key="ASIAIOSFODNN7EXAMPLE") == answers[1]
    assert answer(secret="wrong") == answers[2]
    assert answer(session_token="wrong") == answer(session_token=None) == answers[3]
    account.emulator.switches.clock_offset = 301.0
    assert answer() == answers[4]


def test_wrong_secret_of_the_administrator(account: Account) -> None:
    s3 = client(account.emulator, "s3", secret="wrong")
    assert refusal(s3.list_buckets)[:2] == (403, "SignatureDoesNotMatch")


def send(
    emulator: EmulatorServer, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UNSIGNED = [
    ("GET", "/", {}, b""),
    ("GET", "/fleet/web1/today", {}, b""),
    ("PUT", "/fleet/new", {}, b"x"),
    ("POST", "/", FORM, b"Action=ListUsers&Version=2010-05-08"),
    ("POST", "/", FORM, b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&RoleSessionName=xx"),
    ("GET", "/", {"Authorization": "AWS test:c2lnbmF0dXJl"}, b""),
    ("GET", "/", {"Authorization": "Basic dGVzdDp0ZXN0"}, b""),
]


@pytest.mark.parametrize(("method", "path", "headers", "body"), UNSIGNED)
def test_unsigned(account: Account, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
    status, text = send(account.emulator, method, path, headers, body)
    assert status == 403
    assert "AccessDenied" in text


def test_presigned_urls_are_not_taken(account: Account) -> None:
    url = account.client("s3").generate_presigned_url("get_object", Params={"Bucket": "fleet", "Key": "web1/today"})
    status, _ = send(account.emulator, "GET", url.partition(f":{account.emulator.port}")[2], {})
    assert status == 403


def signed(session: AssumedRole, method: str, url: str, body: bytes = b"", **headers: str) -> dict[str, str]:
    request = AWSRequest(method, url, headers, body)
    credentials = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    return dict(request.headers.items())


def test_virtual_host(account: Account) -> None:
    session = account.session(session_policy=document(allow("s3:*", FLEET)))
    for bucket, status in (("fleet", 200), ("other", 403)):
        host = f"{bucket}.s3.{REGION}.amazonaws.com"
        headers = {**signed(session, "GET", f"http://{host}/web1/today"), "Host": host}
        assert send(account.emulator, "GET", "/web1/today", headers)[0] == status


def test_body_changed_after_signing(account: Account) -> None:
    session = account.session()
    url = f"http://127.0.0.1:{account.emulator.port}/fleet/new"
    headers = signed(session, "PUT", url, b"good")
    assert send(account.emulator, "PUT", "/fleet/new", headers, b"evil")[0] == 403
    assert send(account.emulator, "PUT", "/other/new", headers, b"good")[0] == 403
    assert send(account.emulator, "PUT", "/fleet/new", {**headers, "x-amz-acl": "public-read"}, b"good")[0] == 403
    assert send(account.emulator, "PUT", "/fleet/new", headers, b"good")[0] == 200


def test_signed_chunks_are_not_taken(account: Account) -> None:
    url = f"http://127.0.0.1:{account.emulator.port}/fleet/new"
    headers = signed(account.session(), "PUT", url, b"x")
    headers["X-Amz-Content-SHA256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    status, text = send(account.emulator, "PUT", "/fleet/new", headers, b"x")
    assert (status, "NotImplemented" in text) == (501, True)


def test_s3_control_is_not_known(account: Account) -> None:
    url = f"http://127.0.0.1:{account.emulator.port}/v20180820/configuration/publicAccessBlock"
    headers = signed(account.session(), "GET", url, **{"x-amz-account-id": ACCOUNT})
    assert send(account.emulator, "GET", "/v20180820/configuration/publicAccessBlock", headers)[0] == 403


KEYS = ["a b/c", "a?b", "a%2Fb", "ä/ö", "a//b", "a+b", "a&b=c", "./x/../y"]


@pytest.mark.parametrize("key", KEYS)
def test_odd_keys(account: Account, key: str) -> None:
    account.allow_only(allow("s3:*Object", f"arn:aws:s3:::fleet/{key.replace('?', '${?}')}"))
    s3 = account.client("s3")
    s3.put_object(Bucket="fleet", Key=key, Body=b"y")
    assert s3.get_object(Bucket="fleet", Key=key)["Body"].read() == b"y"
    assert not put(s3, "fleet", f"{key}x")


S3_CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    # The permission that is missing, and the call that it is missing for.
    ("s3:DeleteObject", lambda s3: s3.delete_object(Bucket="fleet", Key="web1/today")),
    ("s3:DeleteObject", lambda s3: s3.delete_objects(Bucket="fleet", Delete={"Objects": [{"Key": "web1/today"}]})),
    ("s3:DeleteObjectVersion", lambda s3: s3.delete_object(Bucket="fleet", Key="web1/today", VersionId="1")),
    ("s3:GetObject", lambda s3: s3.copy_object(Bucket="fleet", Key="copy", CopySource="other/web1/today")),
    ("s3:PutObject", lambda s3: s3.copy_object(Bucket="fleet", Key="copy", CopySource="other/web1/today")),
    ("s3:PutObject", lambda s3: s3.create_multipart_upload(Bucket="fleet", Key="long")),
    ("s3:PutObjectAcl", lambda s3: s3.put_object(Bucket="fleet", Key="new", Body=b"", ACL="public-read")),
    ("s3:PutObjectTagging", lambda s3: s3.put_object(Bucket="fleet", Key="new", Body=b"", Tagging="a=b")),
    ("s3:ListBucketVersions", lambda s3: s3.list_object_versions(Bucket="fleet")),
    ("s3:PutBucketPolicy", lambda s3: s3.put_bucket_policy(Bucket="fleet", Policy=document())),
    ("s3:PutLifecycleConfiguration", lambda s3: s3.delete_bucket_lifecycle(Bucket="fleet")),
]


@pytest.mark.parametrize(("permission", "call"), S3_CALLS)
def test_names_of_s3_permissions(account: Account, permission: str, call: Callable[[Any], Any]) -> None:
    account.allow_only({"Effect": "Allow", "NotAction": permission, "Resource": "*"})
    s3 = account.client("s3")
    assert not is_allowed(lambda: call(s3))
    account.allow_only(allow("s3:*"))
    call(s3)


def test_s3_operation_that_the_emulator_does_not_know(account: Account) -> None:
    assert not is_allowed(account.client("s3").get_bucket_website, Bucket="fleet")


RESOURCES: list[tuple[str, str, dict[str, Any], str]] = [
    ("iam", "get_role", {"RoleName": "web"}, f"arn:aws:iam::{ACCOUNT}:role/web"),
    ("dynamodb", "describe_table", {"TableName": "hosts"}, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/hosts"),
    ("ssm", "get_parameter", {"Name": "/web/port"}, f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/web/port"),
    (
        "sns",
        "get_topic_attributes",
        {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"},
        f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
    ),
    ("lambda", "get_function", {"FunctionName": "f"}, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"),
]


@pytest.mark.parametrize(("service", "operation", "values", "resource"), RESOURCES)
def test_resources(account: Account, service: str, operation: str, values: dict[str, Any], resource: str) -> None:
    """On another resource the call is denied; on this one it comes to the service, which knows no such thing."""
    call = getattr(account.client(service), operation)
    account.allow_only(allow(f"{service}:*", f"{resource}x"))
    assert refusal(call, **values)[1].startswith("AccessDenied")
    account.allow_only(allow(f"{service}:*", resource))
    if service == "iam":
        assert call(**values)
    else:
        assert "NotFound" in refusal(call, **values)[1]


def test_resource_that_cannot_be_told(account: Account) -> None:
    """Only "*" allows what the emulator cannot name; a deny of anything counts for it."""
    kms = account.client("kms")
    for statements, allowed in (
        ([allow("kms:*")], True),
        ([allow("kms:*", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*")], False),
        ([allow("kms:*"), deny("kms:*", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")], False),
    ):
        account.allow_only(*statements)
        assert is_allowed(kms.list_keys) is allowed


def test_permissions_boundary(account: Account) -> None:
    boundary = account.iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("s3:GetObject")))
    account.role_arn = account.add_role("bound", allow(), PermissionsBoundary=boundary["Policy"]["Arn"])
    s3 = account.client("s3")
    assert is_allowed(s3.get_object, Bucket="fleet", Key="web1/today")
    status, code, message = refusal(s3.put_object, Bucket="fleet", Key="new", Body=b"")
    assert (status, code) == (403, "AccessDenied")
    assert message.endswith("because no permissions boundary allows the s3:PutObject action")


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


class Users:
    """An IAM user with one key."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.iam.create_user(UserName="ann")
        self.key = account.iam.create_access_key(UserName="ann")["AccessKey"]

    def client(self, service: str) -> Any:
        """Make a client with the user's key."""
        return client(
            self.account.emulator, service, access_key=self.key["AccessKeyId"], secret=self.key["SecretAccessKey"]
        )


def test_users(account: Account) -> None:
    ann = Users(account)
    s3 = ann.client("s3")
    assert not put(s3, "fleet")
    account.iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(allow("s3:*", FLEET)))
    assert put(s3, "fleet")
    assert not put(s3, "other")
    assert ann.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    account.iam.put_user_policy(
        UserName="ann",
        PolicyName="p",
        PolicyDocument=document(allow("s3:*", "arn:aws:s3:::fleet/${aws:username}/*")),
    )
    assert put(s3, "fleet", "ann/new")
    assert not put(s3, "fleet", "bob/new")


def test_groups_and_managed_policies_of_users(account: Account) -> None:
    s3 = Users(account).client("s3")
    account.iam.create_group(GroupName="admins")
    account.iam.put_group_policy(GroupName="admins", PolicyName="p", PolicyDocument=document(allow("s3:*", FLEET)))
    assert not put(s3, "fleet")
    account.iam.add_user_to_group(GroupName="admins", UserName="ann")
    assert put(s3, "fleet")
    policy = account.iam.create_policy(PolicyName="deny", PolicyDocument=document(deny("s3:PutObject")))
    account.iam.attach_user_policy(UserName="ann", PolicyArn=policy["Policy"]["Arn"])
    assert not put(s3, "fleet")


def test_inactive_key(account: Account) -> None:
    ann = Users(account)
    account.iam.update_access_key(UserName="ann", AccessKeyId=ann.key["AccessKeyId"], Status="Inactive")
    assert refusal(ann.client("sts").get_caller_identity)[:2] == (403, "InvalidClientTokenId")


def test_other_clients_of_the_same_process_see_no_leniency(account: Account) -> None:
    """boto3's resource interface, with another retry mode and addressing, meets the same walls."""
    session = account.session(session_policy=document(allow("s3:*", FLEET)))
    resource = boto3.resource(
        "s3",
        endpoint_url=account.emulator.url,
        region_name=REGION,
        aws_access_key_id=session.access_key_id,
        aws_secret_access_key=session.secret_access_key,
        aws_session_token=session.session_token,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    assert is_allowed(resource.Object("fleet", "new").put, Body=b"y")
    assert not is_allowed(resource.Object("other", "new").put, Body=b"y")
