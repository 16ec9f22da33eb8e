# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names beside botocore's rules, and which ARNs and URLs are taken."""

from __future__ import annotations

import botocore.session
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.endpoints import (
    FIPS_REGIONS,
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

    def resolve(service, region, fips=False, dual_stack=False):
        rules = EndpointProvider(
            loader.load_service_model(service, "endpoint-rule-set-1"), loader.load_data("partitions")
        )
        return rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack).url

    return resolve


YOUNG_DUAL_STACK = {  # partitions that a botocore for Python 3.8 knows no dual stack of
    "us-iso-east-1": "api.aws.ic.gov",
    "us-isob-east-1": "api.aws.scloud",
    "us-isof-south-1": "api.aws.hci.ic.gov",
    "eu-isoe-west-1": "api.cloud-aws.adc-e.uk",
    "eusc-de-east-1": "api.amazonwebservices.eu",
}


@pytest.mark.parametrize(("region", "suffix"), YOUNG_DUAL_STACK.items())
def test_dual_stack_has_names_of_its_own(region, suffix):
    assert endpoint("rolesanywhere", region, dual_stack=True) == f"https://rolesanywhere.{region}.{suffix}"


@pytest.mark.parametrize(
    ("region", "dual_stack"),
    [
        (region, dual_stack)
        for region in REGIONS
        for dual_stack in (False, True)[: 1 if region in YOUNG_DUAL_STACK else 2]
    ],
)
def test_roles_anywhere_answers_where_botocore_finds_it(botocore_endpoint, region, dual_stack):
    expected = botocore_endpoint("rolesanywhere", region, dual_stack=dual_stack)
    assert endpoint("rolesanywhere", region, dual_stack=dual_stack) == expected
    if region in FIPS_REGIONS:
        expected = botocore_endpoint("rolesanywhere", region, fips=True, dual_stack=dual_stack)
        assert endpoint("rolesanywhere", region, fips=True, dual_stack=dual_stack) == expected


@pytest.mark.parametrize("region", REGIONS)
def test_sts_answers_where_botocore_finds_it(botocore_endpoint, region):
    assert endpoint("sts", region) == botocore_endpoint("sts", region)


def test_a_region_without_fips_endpoint_is_refused():
    with pytest.raises(SessionError, match="no FIPS endpoint in eu-central-1"):
        endpoint("rolesanywhere", "eu-central-1", fips=True)


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
