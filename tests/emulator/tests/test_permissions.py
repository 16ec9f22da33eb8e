# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call needs to be allowed: actions and resources read off the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .account import ACCOUNT, FLEET, Account, allow, deny, document, is_allowed, put, send, signed
from .calls import UNKNOWN_ID, refusal
from .private_authority import TEMPLATES, PrivateAuthority, make_request


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


def test_virtual_host(account: Account) -> None:
    session = account.session(session_policy=document(allow("s3:*", FLEET)))
    for bucket, status in (("fleet", 200), ("other", 403)):
        host = f"{bucket}.s3.{REGION}.amazonaws.com"
        headers = {**signed(session, "GET", f"http://{host}/web1/today"), "Host": host}
        assert send(account.emulator, "GET", "/web1/today", headers)[0] == status


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


def test_every_deleted_object_needs_permission(account: Account) -> None:
    account.allow_only(allow("s3:DeleteObject", "arn:aws:s3:::fleet/web1/*"))
    s3 = account.client("s3")
    for keys, allowed in ((["web1/today", "web2/today"], False), (["web1/today", "web1/new"], True)):
        objects = {"Objects": [{"Key": key} for key in keys]}
        assert is_allowed(s3.delete_objects, Bucket="fleet", Delete=objects) is allowed


def signed_call(account: Account, service: str, target: str, body: str, **headers: str) -> tuple[int, str]:
    """Send a call of the query or JSON protocol as it is written here."""
    session = account.session()
    kind = "application/x-amz-json-1.0" if "X-Amz-Target" in headers else "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind, **headers}
    request = AWSRequest("POST", f"{account.emulator.url}{target}", headers, body)
    credentials = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    SigV4Auth(credentials, service, REGION).add_auth(request)
    return send(account.emulator, "POST", target, dict(request.headers.items()), body.encode())


VERSION = "Version=2011-06-15"
IDENTITY = f"Action=GetCallerIdentity&{VERSION}"
TABLES = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
AMBIGUOUS: list[tuple[str, str, str, dict[str, str], int]] = [
    ("sts", "/", IDENTITY, {}, 200),
    ("sts", f"/?{IDENTITY}", f"Action=GetSessionToken&{VERSION}", {}, 403),
    ("sts", f"/?Action=GetSessionToken&{VERSION}", IDENTITY, {}, 403),
    ("sts", "/", IDENTITY, {"x-moto-account-id": "111122223333"}, 403),
    ("dynamodb", "/", "{}", TABLES, 200),
    ("dynamodb", "/?Action=DeleteTable", "{}", TABLES, 400),
    ("dynamodb", "/", '{"ExclusiveStartTableName":"a&Action=DeleteTable&b"}', TABLES, 400),
]


@pytest.mark.parametrize(("service", "target", "body", "headers", "status"), AMBIGUOUS)
def test_request_that_moto_could_take_for_another(
    account: Account, service: str, target: str, body: str, headers: dict[str, str], status: int
) -> None:
    account.allow_only(allow(["dynamodb:ListTables", "sts:GetCallerIdentity"]))
    assert signed_call(account, service, target, body, **headers)[0] == status


def test_s3_operation_that_the_emulator_does_not_know(account: Account) -> None:
    assert not is_allowed(account.client("s3").get_bucket_website, Bucket="fleet")


RESOURCES: list[tuple[str, str, dict[str, Any], str]] = [
    ("iam", "get_role", {"RoleName": "web"}, f"arn:aws:iam::{ACCOUNT}:role/web"),
    ("dynamodb", "describe_table", {"TableName": "hosts"}, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/hosts"),
    ("glacier", "describe_vault", {"vaultName": "backup"}, f"arn:aws:glacier:{REGION}:{ACCOUNT}:vaults/backup"),
    ("ssm", "get_parameter", {"Name": "/web/port"}, f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/web/port"),
    (
        "sns",
        "get_topic_attributes",
        {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"},
        f"arn:aws:sns:{REGION}:{ACCOUNT}:t",
    ),
    (
        "acm-pca",
        "describe_certificate_authority",
        {"CertificateAuthorityArn": f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/{UNKNOWN_ID}"},
        f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/{UNKNOWN_ID}",
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


def test_path_of_a_role_is_part_of_its_resource(account: Account) -> None:
    account.add_role("db", Path="/data/")
    iam = account.client("iam")
    account.allow_only(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:role/*b"), deny("iam:*", "arn:aws:iam::*:role/data/*"))
    assert not is_allowed(iam.get_role, RoleName="db")
    assert is_allowed(iam.get_role, RoleName="web")
    assert not is_allowed(iam.create_role, RoleName="xb", Path="/data/", AssumeRolePolicyDocument=document())


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


def test_template_of_a_certificate(account: Account) -> None:
    """A key of AWS Private CA's own: who may issue for clients must not make CAs."""
    private_ca = PrivateAuthority(client(account.emulator, "acm-pca")).activate()
    theirs = account.client("acm-pca")
    private_ca.acm_pca = theirs
    blank = "BlankEndEntityCertificate_APIPassthrough/V1"
    condition = {"StringEquals": {"acm-pca:TemplateArn": f"{TEMPLATES}/{blank}"}}
    account.allow_only(allow("acm-pca:IssueCertificate", private_ca.arn, Condition=condition))
    assert private_ca.ask(make_request(), template=blank)
    for template in (None, "SubordinateCACertificate_PathLen0/V1"):
        assert refusal(private_ca.ask, csr=make_request(), template=template)[:2] == (400, "AccessDeniedException")


OUTER, INNER = (f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in ("outer", "inner"))
# The call, and with which boundary of the role (None: without) it is allowed where the condition names OUTER.
BOUNDED: list[tuple[str, dict[str, str], set[str | None]]] = [
    ("create_role", {"PermissionsBoundary": OUTER}, {None, OUTER, INNER}),
    ("create_role", {"PermissionsBoundary": INNER}, set()),
    ("create_role", {}, set()),
    ("put_role_permissions_boundary", {"PermissionsBoundary": OUTER}, {None, OUTER, INNER}),
    ("put_role_permissions_boundary", {"PermissionsBoundary": INNER}, set()),
    ("put_role_policy", {"PolicyName": "new", "PolicyDocument": document(allow())}, {OUTER}),
    ("delete_role_policy", {"PolicyName": "inline"}, {OUTER}),
    ("attach_role_policy", {"PolicyArn": OUTER}, {OUTER}),
    ("detach_role_policy", {"PolicyArn": INNER}, {OUTER}),
    ("delete_role_permissions_boundary", {}, {OUTER}),
    ("update_role_description", {"Description": "new"}, set()),  # has no such key
]


@pytest.mark.parametrize("boundary", [None, OUTER, INNER])
@pytest.mark.parametrize(("call", "values", "allowed_with"), BOUNDED)
def test_permissions_boundary_as_a_condition(
    account: Account, call: str, values: dict[str, str], allowed_with: set[str | None], boundary: str | None
) -> None:
    for policy_name in ("outer", "inner"):
        account.iam.create_policy(PolicyName=policy_name, PolicyDocument=document(allow()))
    account.add_role("target", allow(), **({"PermissionsBoundary": boundary} if boundary else {}))
    account.iam.attach_role_policy(RoleName="target", PolicyArn=INNER)
    account.allow_only(allow("iam:*", Condition={"StringEquals": {"iam:PermissionsBoundary": OUTER}}))
    given = {"RoleName": "target", **values}
    if call == "create_role":
        given |= {"RoleName": "new", "AssumeRolePolicyDocument": document()}
    assert is_allowed(getattr(account.client("iam"), call), **given) is (boundary in allowed_with)
