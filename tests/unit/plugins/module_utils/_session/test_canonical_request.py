# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that are signed, beside a vector made with openssl alone and beside botocore's."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.canonical_request import (
    Scope,
    authorization,
    canonical_request,
    query_string,
    signed_headers,
    string_to_sign,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import read_certificate
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as some

VECTOR = json.loads((Path(__file__).parent / "vectors" / "create_session.json").read_text())
SCOPE = Scope(datetime(2026, 11, 20, 7, 26, 56, tzinfo=timezone.utc), "eu-central-1", "rolesanywhere")


def test_the_vector_is_reproduced_to_the_last_byte(tmp_path):
    certificate = read_certificate(VECTOR["certificate"].encode())
    leaf = base64.b64encode(certificate.der).decode()
    headers = {
        "X-Amz-X509-Chain": f"{leaf},{leaf}",
        "X-Amz-X509": leaf,
        "X-Amz-Date": SCOPE.timestamp,
        "Host": "127.0.0.1:8443",
        "Content-Type": "application/json",
        "Amz-Sdk-Request": "attempt=1; max=3",
        "Amz-Sdk-Invocation-Id": "0d9a3b7c-1111-4222-8333-444455556666",
    }
    query = query_string(
        [
            (
                "trustAnchorArn",
                "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-2222-4333-8444-555555555555",
            ),
            (
                "profileArn",
                "arn:aws:rolesanywhere:eu-central-1:123456789012:profile/66666666-7777-4888-9999-000000000000",
            ),
            ("roleArn", "arn:aws:iam::123456789012:role/fleet/web+1"),
        ]
    )
    canonical = canonical_request("POST", "/sessions", query, headers, b'{"durationSeconds":3600}')
    assert canonical == VECTOR["canonical-request"]
    text = string_to_sign("AWS4-X509-RSA-SHA256", SCOPE, canonical)
    assert text == VECTOR["string-to-sign"]
    descriptor = os.open(tmp_path / "private-key.pem", os.O_RDWR | os.O_CREAT, 0o600)
    os.write(descriptor, VECTOR["private-key"].encode())
    signature = openssl.sign(descriptor, text.encode()).hex()
    os.close(descriptor)
    header = authorization("AWS4-X509-RSA-SHA256", str(certificate.serial), SCOPE, headers, signature)
    assert header == VECTOR["authorization"]


def test_the_moment_is_told_in_utc():
    east = timezone(timedelta(hours=3))
    scope = Scope(datetime(2026, 1, 1, 1, 30, tzinfo=east), "us-east-1", "sts")
    assert (scope.timestamp, str(scope)) == ("20251231T223000Z", "20251231/us-east-1/sts/aws4_request")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], ""),
        ([("b", "1"), ("a", "2"), ("A", "3")], "A=3&a=2&b=1"),
        ([("a", "x y+z/~-_.:%")], "a=x%20y%2Bz%2F~-_.%3A%25"),
        ([("a", "ü"), ("a", "b")], "a=%C3%BC&a=b"),
    ],
)
def test_a_query_is_escaped_as_rfc_3986_has_it(parameters, expected):
    assert query_string(parameters) == expected


HEADER_NAMES = some.sampled_from(["X-Amz-Date", "x-amz-x509", "Content-Type", "Amz-Sdk-Request", "X-B", "X-a"])
HEADER_VALUES = some.text(some.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    headers=some.dictionaries(HEADER_NAMES, HEADER_VALUES),
    parameters=some.lists(some.tuples(some.text("abAB-_.~ /+:=&ü", min_size=1), some.text("abAB-_.~ /+:=&ü%"))),
    body=some.binary(max_size=30),
)
def test_botocore_has_the_same_canonical_request(headers, parameters, body):
    headers = {"Host": "sts.eu-central-1.amazonaws.com", **headers}
    query = query_string(parameters)
    signer = SigV4Auth(Credentials("AKID", "secret"), "sts", "eu-central-1")
    request = AWSRequest("POST", f"https://{headers['Host']}/sessions?{query}", headers, body)
    request.context["timestamp"] = SCOPE.timestamp
    ours = canonical_request("POST", "/sessions", query, headers, body)
    assert ours == signer.canonical_request(request)
    assert signed_headers(headers) == signer.signed_headers(signer.headers_to_sign(request))
    scope = SCOPE._replace(service="sts")
    assert string_to_sign("AWS4-HMAC-SHA256", scope, ours) == signer.string_to_sign(request, ours)
