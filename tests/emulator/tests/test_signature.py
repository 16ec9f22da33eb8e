# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of CreateSession (reference §2.2, §2.3), made with openssl: what is taken and what is not."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa

from .issuing import authority, leaf
from .raw_client import encode
from .world import World

KEYS = [
    rsa.generate_private_key(65537, 2048),
    rsa.generate_private_key(65537, 3072),
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP521R1()),
    mldsa.MLDSA44PrivateKey.generate(),
    mldsa.MLDSA65PrivateKey.generate(),
    mldsa.MLDSA87PrivateKey.generate(),
]
RSA = KEYS[0]
HELPER_HEADERS = {
    "amz-sdk-invocation-id": "1bb35a1c-4b4e-4d6c-8a3c-2a1d9e6d8f11",
    "amz-sdk-request": "attempt=1; max=3",
}


def moment(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("private_key", KEYS)
def test_keys(world: World, private_key: Any) -> None:
    world.leaf = leaf(world.issuing, private_key=private_key)
    assert world.create_session().status == 201
    other = leaf(world.issuing, private_key=KEYS[(KEYS.index(private_key) + 1) % len(KEYS)])
    assert world.create_session(pair=type(other)(world.leaf.certificate, other.private_key)).status == 403


TAKEN: list[dict[str, Any]] = [
    {"extra_headers": HELPER_HEADERS},
    {"extra_headers": {"user-agent": "CredHelper/1.8.0"}},
    {"extra_headers": {"user-agent": "CredHelper/1.8.0"}, "leave_unsigned": ["user-agent"]},
    {"content_type": None},
    {"extra_headers": {"accept-encoding": "  gzip  "}},
]


@pytest.mark.parametrize("changes", TAKEN)
def test_taken(world: World, changes: dict[str, Any]) -> None:
    assert world.create_session(**changes).status == 201


REFUSED: list[dict[str, Any]] = [
    {"timestamp": "2026-11-20T10:00:00Z"},
    {"scope_date": "20200101"},
    {"region": "us-east-1"},
    {"service": "sts"},
    {"credential": "4f00000000000000000000000000aa01"},
    {"credential": "7"},
    {"algorithm": "AWS4-X509-RSA-SHA256"},
    {"algorithm": "AWS4-X509-MLDSA"},
    {"algorithm": "AWS4-X509-ECDSA-SHA384"},
    {"algorithm": "AWS4-HMAC-SHA256"},
    {"backwards": True},
    {"leave_unsigned": ["host"]},
    {"leave_unsigned": ["x-amz-date"]},
    {"leave_unsigned": ["content-type"]},
    {"leave_unsigned": ["x-amz-x509"]},
]


@pytest.mark.parametrize("changes", REFUSED)
def test_refused(world: World, changes: dict[str, Any]) -> None:
    answer = world.create_session(**changes)
    assert (answer.status, answer.code, answer.message) == (403, "AccessDeniedException", "Invalid signature")


@pytest.mark.parametrize(("seconds", "status"), [(-290, 201), (290, 201), (-310, 403), (310, 403), (-1800, 403)])
def test_window(world: World, seconds: float, status: int) -> None:
    answer = world.create_session(timestamp=moment(seconds))
    assert (answer.status, answer.message) == (status, None if status == 201 else "Invalid signature")


AFTER_SIGNING: list[tuple[dict[str, str], bytes | None]] = [
    ({"x-amz-date": "20200101T000000Z"}, None),
    ({"host": "rolesanywhere.eu-central-1.amazonaws.com"}, None),
    ({"content-type": "application/x-amz-json-1.0"}, None),
    ({"Authorization": ""}, None),
    ({"Authorization": "AWS4-X509-ECDSA-SHA256 Credential=7"}, None),
    ({}, b'{"durationSeconds":900}'),
    ({}, b""),
]


@pytest.mark.parametrize(("headers", "body"), AFTER_SIGNING)
def test_changed_after_signing(world: World, headers: dict[str, str], body: bytes | None) -> None:
    answer = world.send(world.request(), headers, body)
    assert (answer.status, answer.message) == (403, "Invalid signature")


def test_query_changed_after_signing(world: World) -> None:
    request = world.request()
    headers = request.signed()
    request.query = {**request.query, "roleArn": world.add_role("db").arn}
    assert world.send(request, headers).message == "Invalid signature"


def test_chain_must_be_signed(world: World) -> None:
    world.anchor = world.add_anchor(root := authority("Root CA"))
    issuing = authority("Issuing CA", root)
    world.leaf = leaf(issuing)
    assert world.create_session([issuing.certificate]).status == 201
    answer = world.create_session([issuing.certificate], leave_unsigned=["x-amz-x509-chain"])
    assert answer.message == "Invalid signature"
    added = world.send(world.request(), {"x-amz-x509-chain": encode(issuing.certificate)})
    assert added.message == "Invalid signature"


def test_plus_in_the_query_is_a_space(world: World) -> None:
    world.profile.role_arns = ["a role"]
    request = world.request(space="+")
    request.query = {**request.query, "roleArn": "a role"}
    assert world.send(request).message == "Unable to assume role for a role."


def test_clock_of_the_service(world: World) -> None:
    world.later(3600)
    assert world.create_session().message == "Invalid signature"
    assert world.create_session(timestamp=moment(3600)).status == 201
    world.switches.clock_window = 4000
    assert world.create_session().status == 201


def test_switch_for_unsigned_headers(world: World) -> None:
    world.switches.unsigned_headers_tolerated = True
    assert world.create_session(leave_unsigned=["content-type", "x-amz-x509"]).status == 201


def test_switch_for_mismatched_algorithms(world: World) -> None:
    world.switches.mismatched_algorithm_tolerated = True
    assert world.create_session(algorithm="AWS4-X509-RSA-SHA256").status == 201
    assert world.create_session(algorithm="AWS4-X509-RSA-SHA384").message == "Invalid signature"


def test_awslabs_library_with_a_stronger_certificate(world: World) -> None:
    """It takes the algorithm's name from the certificate's signature (reference §2.2), which is refused here."""
    world.leaf = leaf(world.issuing, private_key=RSA, digest=hashes.SHA384())
    assert world.create_session().status == 201
    assert world.create_session(algorithm="AWS4-X509-RSA-SHA384").message == "Invalid signature"
