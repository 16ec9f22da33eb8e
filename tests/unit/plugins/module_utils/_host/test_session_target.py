# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARNs of the right kind in every partition, and one sentence for the wrong ones."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.session_target import session_target
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError

ID = "01234567-89ab-4def-8123-456789abcdef"


def arns(partition="aws", region="eu-central-1", account="123456789012"):
    return {
        "trust_anchor_arn": f"arn:{partition}:rolesanywhere:{region}:{account}:trust-anchor/{ID}",
        "profile_arn": f"arn:{partition}:rolesanywhere:{region}:{account}:profile/{ID}",
        "role_arn": f"arn:{partition}:iam::{account}:role/fleet/web",
    }


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-central-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_the_region_is_the_trust_anchors_in_every_partition(partition, region):
    assert session_target(**arns(partition, region)).region == region


@pytest.mark.parametrize("option", ["trust_anchor_arn", "profile_arn", "role_arn"])
@pytest.mark.parametrize("other", ["trust_anchor_arn", "profile_arn", "role_arn", "a word", " ", "a line\n"])
def test_an_arn_of_the_wrong_kind_is_told_by_the_options_name(option, other):
    if option == other:
        other = "a line\n"
    value = {**arns(), "a line\n": arns()[option] + "\n"}.get(other, other)
    with pytest.raises(HostError) as error:
        session_target(**{**arns(), option: value})
    assert str(error.value).startswith(f"{option} is {value!r}, but must look like arn:aws:")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"profile_arn": arns(region="us-east-1")["profile_arn"]}, "same region"),
        ({"region": "us-east-1"}, "us-east-1"),
        ({"endpoint_url": "ftp://127.0.0.1"}, "https"),
        ({"endpoint_url": "http://example.com"}, "https"),
        ({"endpoint_url": "http://127.0.0.1\n"}, "endpoint"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, told):
    with pytest.raises(SessionError, match=told):
        session_target(**{**arns(), **changes})


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_missing_arn_is_told(nothing):
    with pytest.raises(HostError, match="role_arn is missing; it must look like arn:aws:iam::ACCOUNT:role/NAME"):
        session_target(**{**arns(), "role_arn": nothing})


def test_an_endpoint_on_this_machine_may_be_plain_http():
    assert session_target(**arns(), endpoint_url="http://127.0.0.1:5555").endpoint_url == "http://127.0.0.1:5555"
