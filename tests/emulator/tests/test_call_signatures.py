# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls are authentic, and how each protocol says that one is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .account import Account, allow, deny, send, signed
from .calls import refusal


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


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
