# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures with an access key beside AWS's published test suite and botocore."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.canonical_request import Scope
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Credentials
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.signature_v4 import signed
from botocore import credentials as botocore_credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest


def test_the_post_vanilla_case_of_aws_s_test_suite():
    scope = Scope(datetime(2015, 8, 30, 12, 36, tzinfo=timezone.utc), "us-east-1", "service")
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "")
    headers = signed(credentials, scope, "POST", "/", "", {"Host": "example.amazonaws.com"}, b"")
    assert headers == {
        "Host": "example.amazonaws.com",
        "X-Amz-Date": "20150830T123600Z",
        "Authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
            " SignedHeaders=host;x-amz-date,"
            " Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
    }


@pytest.mark.parametrize("token", ["", "session-token//=="])
@pytest.mark.parametrize("body", [b"", b"Action=GetCallerIdentity&Version=2011-06-15"])
def test_botocore_signs_alike(token, body):
    scope = Scope(datetime(2026, 11, 20, 7, 26, 56, tzinfo=timezone.utc), "eu-central-1", "sts")
    given = {"Host": "sts.eu-central-1.amazonaws.com", "Content-Type": "application/x-www-form-urlencoded"}
    ours = signed(Credentials("ASIA1", "secret/key", token), scope, "POST", "/", "", given, body)

    signer = SigV4Auth(botocore_credentials.Credentials("ASIA1", "secret/key", token or None), "sts", "eu-central-1")
    headers = {name: value for name, value in ours.items() if name != "Authorization"}
    request = AWSRequest("POST", "https://sts.eu-central-1.amazonaws.com/", headers, body)
    request.context["timestamp"] = scope.timestamp
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert ours["Authorization"].endswith(f"Signature={signer.signature(text, request)}")
    assert ours.get("X-Amz-Security-Token", "") == token
