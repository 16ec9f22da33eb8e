# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role and two buckets, and sessions of the role, for tests of what calls with them may do."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.sts.models import AssumedRole

from tests.emulator import sessions
from tests.emulator.assume_role import RoleRequest
from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

ACCOUNT = "123456789012"
FLEET = ["arn:aws:s3:::fleet", "arn:aws:s3:::fleet/*"]
TAGS = {"x509Subject/CN": "web1", "x509Subject/OU": "web"}


def allow(action: str | list[str] = "*", resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: str | list[str] = "*", resource: str | list[str] = "*", **elements: Any) -> dict[str, Any]:
    return {**allow(action, resource, **elements), "Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Account:
    """A role and two buckets, and sessions of the role as CreateSession makes them."""

    def __init__(self, emulator: EmulatorServer) -> None:
        self.emulator = emulator
        self.iam = client(emulator, "iam")
        self.s3 = client(emulator, "s3")
        for bucket in ("fleet", "other"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            self.s3.put_object(Bucket=bucket, Key="web1/today", Body=b"x")
        self.role_arn = self.add_role("web", allow())

    def add_role(self, name: str, *statements: dict[str, Any], principal: Any = None, **options: Any) -> str:
        """Make a role with an inline policy."""
        trust = {
            "Effect": "Allow",
            "Principal": principal or {"Service": "rolesanywhere.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy, **options)["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        return arn

    def allow_only(self, *statements: dict[str, Any]) -> None:
        """Give the role another inline policy."""
        self.iam.put_role_policy(RoleName="web", PolicyName="inline", PolicyDocument=document(*statements))

    def session(self, **wanted: Any) -> AssumedRole:
        """Make a session of the role."""
        request = {
            "role_arn": self.role_arn,
            "session_name": "4faa",
            "duration_seconds": 3600,
            "source_identity": "CN=web1",
            "tags": TAGS,
        }
        asked = RoleRequest(**{**request, **wanted})
        return sessions.vend(ACCOUNT, "aws", REGION, asked, self.emulator.switches.now())

    def client(self, service: str, session: AssumedRole | None = None, **changes: Any) -> Any:
        """Make a client with a session."""
        session = session or self.session()
        keys = {
            "access_key": session.access_key_id,
            "secret": session.secret_access_key,
            "session_token": session.session_token,
        }
        return client(self.emulator, service, **{**keys, **changes})


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
    """Write an object, if that is allowed."""
    return is_allowed(s3.put_object, Bucket=bucket, Key=key, Body=b"y")


def send(
    emulator: EmulatorServer, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str]:
    """Send a request as it is; returns status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def signed(session: AssumedRole, method: str, url: str, body: bytes = b"", **headers: str) -> dict[str, str]:
    """Write the headers of a signed S3 request."""
    request = AWSRequest(method, url, headers, body)
    credentials = Credentials(session.access_key_id, session.secret_access_key, session.session_token)
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    return dict(request.headers.items())
