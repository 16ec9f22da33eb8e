# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names beside botocore's rules, and which ARNs and URLs are taken."""

from __future__ import annotations

import botocore.session
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.endpoints import (
    checked_endpoint,
    endpoint,
    session_region,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from botocore.endpoint_provider import EndpointProvider

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-2222-4333-8444-555555555555"
PROFILE = "arn:aws:rolesanywhere:eu-central-1:123456789012:profile/66666666-7777-4888-9999-000000000000"
ROLE = "arn:aws:iam::123456789012:role/fleet/web"

REGIONS = (
    "us-east-1",
    "eu-central-1",
    "ap-southeast-7",
    "il-central-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "us-isof-south-1",
    "eu-isoe-west-1",
    "eusc-de-east-1",
)


@pytest.fixture(scope="module")
def botocore_endpoint():
    loader = botocore.session.Session().get_component("data_loader")

    def resolve(service, region):
        rules = EndpointProvider(
            loader.load_service_model(service, "endpoint-rule-set-1"), loader.load_data("partitions")
        )
        return rules.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False).url

    return resolve


@pytest.mark.parametrize("service", ["rolesanywhere", "sts"])
@pytest.mark.parametrize("region", REGIONS)
def test_a_service_answers_where_botocore_finds_it(botocore_endpoint, service, region):
    assert endpoint(service, region) == botocore_endpoint(service, region)


@pytest.mark.parametrize("region", ["", "eu", "eu-central-1.evil.example/", "eu-central-1\n", "EU-CENTRAL-1"])
def test_what_is_no_region_becomes_no_host_name(region):
    with pytest.raises(SessionError, match="is not an AWS region"):
        endpoint("rolesanywhere", region)


def test_the_region_is_the_trust_anchors():
    assert session_region(ANCHOR, PROFILE, ROLE) == "eu-central-1"
    assert session_region(ANCHOR, PROFILE, ROLE, "eu-central-1") == "eu-central-1"


@pytest.mark.parametrize(
    ("anchor", "profile", "role", "region", "reason"),
    [
        (PROFILE, PROFILE, ROLE, None, "not the ARN of a trust anchor"),
        (ANCHOR, ANCHOR, ROLE, None, "not the ARN of a Roles Anywhere profile"),
        (ANCHOR, PROFILE, ANCHOR, None, "not the ARN of an IAM role"),
        (ANCHOR + "\n", PROFILE, ROLE, None, "not the ARN of a trust anchor"),
        (ANCHOR, PROFILE, ROLE + "\n[default]", None, "not the ARN of an IAM role"),
        (ANCHOR, PROFILE, ROLE.replace("role/", "user/"), None, "not the ARN of an IAM role"),
        ("", PROFILE, ROLE, None, "not the ARN of a trust anchor"),
        (ANCHOR, PROFILE.replace("eu-central-1", "us-east-1"), ROLE, None, "same region and account"),
        (ANCHOR, PROFILE.replace("12:profile", "13:profile"), ROLE, None, "same region and account"),
        (ANCHOR, PROFILE, ROLE, "us-east-1", "the trust anchor is of eu-central-1"),
    ],
)
def test_arns_of_another_kind_or_place_are_refused(anchor, profile, role, region, reason):
    with pytest.raises(SessionError, match=reason):
        session_region(anchor, profile, role, region)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://rolesanywhere.eu-central-1.amazonaws.com", None),
        (
            "https://vpce-1.rolesanywhere.eu-central-1.vpce.amazonaws.com:8443/base/",
            "https://vpce-1.rolesanywhere.eu-central-1.vpce.amazonaws.com:8443/base",
        ),
        ("http://127.0.0.1:5555", None),
        ("http://127.8.9.1:5555/", "http://127.8.9.1:5555"),
        ("http://localhost:5555", None),
        ("http://[::1]:5555", None),
    ],
)
def test_an_endpoint_is_taken(url, expected):
    assert checked_endpoint(url) == (expected or url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://rolesanywhere.eu-central-1.amazonaws.com", "must use https"),
        ("http://127.0.0.1.evil.example", "must use https"),
        ("http://localhost.evil.example", "must use https"),
        ("http://10.0.0.1:5555", "must use https"),
        ("http://0.0.0.0:5555", "must use https"),
        ("http://127.0.0.1@evil.example", "must look like"),
        ("https://user:word@host", "must look like"),
        ("ftp://127.0.0.1", "must look like"),
        ("file:///etc/passwd", "must look like"),
        ("127.0.0.1:5555", "must look like"),
        ("https://", "must look like"),
        ("https://host?x=1", "must look like"),
        ("https://host#x", "must look like"),
        ("https://host:0", "must look like"),
        ("https://host:port", "must look like"),
        ("https://host:99999", "must look like"),
        ("https://ho st", "must look like"),
        ("https://host\r\nX-Evil: 1", "must look like"),
        ("https://[::1", "must look like"),
        ("", "must look like"),
    ],
)
def test_an_endpoint_that_secrets_must_not_go_to_is_refused(url, reason):
    with pytest.raises(SessionError, match=reason):
        checked_endpoint(url)
