# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARNs are taken apart in every partition, and what is not one of the right type is one sentence."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import arns
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ANCHOR = f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{UUID}"


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-central-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_all_partitions(partition: str, region: str) -> None:
    arn = arns.parse("id", f"arn:{partition}:rolesanywhere:{region}:123456789012:profile/{UUID}", arns.PROFILE)
    assert (arn.partition, arn.region, arn.account_id, arn.resource_id) == (partition, region, "123456789012", UUID)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (arns.ROLE, "arn:aws:iam::123456789012:role/web"),
        (arns.ROLE, "arn:aws:iam::123456789012:role/service-role/deep/web+x=1,2.3@4-5_6"),
        (arns.MANAGED_POLICY, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
        (arns.MANAGED_POLICY, "arn:aws-cn:iam::123456789012:policy/team/mine"),
    ],
)
def test_iam(wanted: arns.ResourceType, text: str) -> None:
    assert arns.parse("role_arns", text, wanted).text == text


def test_private_ca() -> None:
    arn = arns.parse("x", f"arn:aws-cn:acm-pca:cn-north-1:123456789012:certificate-authority/{UUID}", arns.PRIVATE_CA)
    assert (arn.partition, arn.region, arn.account_id, arn.resource_id) == (
        "aws-cn",
        "cn-north-1",
        "123456789012",
        UUID,
    )


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (arns.TRUST_ANCHOR, ANCHOR.replace("trust-anchor", "profile")),
        (arns.PRIVATE_CA, ANCHOR),
        (arns.PRIVATE_CA, f"arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/{UUID}/certificate/01"),
        (arns.TRUST_ANCHOR, ANCHOR + "\n"),
        (arns.TRUST_ANCHOR, ANCHOR + "\n[default]"),
        (arns.TRUST_ANCHOR, "x" + ANCHOR),
        (arns.TRUST_ANCHOR, ANCHOR.replace("123456789012", "12345678901")),
        (arns.TRUST_ANCHOR, ANCHOR.replace("123456789012", "١٢٣٤٥٦٧٨٩٠١٢")),
        (arns.TRUST_ANCHOR, ANCHOR.replace("arn:aws:", "arn:azure:")),
        (arns.TRUST_ANCHOR, ANCHOR.replace("eu-central-1", "")),
        (arns.ROLE, "arn:aws:iam::123456789012:user/web"),
        (arns.ROLE, "arn:aws:iam::123456789012:role/"),
        (arns.ROLE, "arn:aws:iam::aws:role/web"),
        (arns.ROLE, "arn:aws:iam::123456789012:role/a b"),
        (arns.ROLE, "arn:aws:iam::123456789012:role/é"),
        (arns.ROLE, "arn:aws:sts::123456789012:assumed-role/web/session"),
        (arns.MANAGED_POLICY, "arn:aws:iam::123456789012:role/web"),
        (arns.CRL, ""),
    ],
)
def test_wrong_type_names_option_value_and_shape(wanted: arns.ResourceType, text: str) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        arns.parse("the_option", text, wanted)
    sentence = str(caught.value)
    assert sentence.startswith("the_option: ")
    assert repr(text) in sentence
    assert wanted.example in sentence
    assert "\n" not in sentence


def test_identifier_is_a_uuid_or_an_arn_of_this_region() -> None:
    assert arns.identifier("id", UUID, arns.TRUST_ANCHOR, "eu-central-1") == UUID
    assert arns.identifier("id", ANCHOR, arns.TRUST_ANCHOR, "eu-central-1") == UUID
    with pytest.raises(RolesAnywhereError, match="is in the region eu-central-1, but this task works in us-east-1"):
        arns.identifier("id", ANCHOR, arns.TRUST_ANCHOR, "us-east-1")


@pytest.mark.parametrize("text", ["deadbeef", "", "fleet", ANCHOR.replace("trust-anchor", "crl"), UUID.upper()])
def test_what_is_no_identifier_is_told_both_that_are(text: str) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        arns.identifier("id", text, arns.TRUST_ANCHOR, "eu-central-1")
    assert str(caught.value) == (
        f"id: {text!r} is neither the UUID nor the ARN of a trust anchor; an ARN looks like "
        "arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<uuid>."
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["arn:aws:iam::123456789012:policy/a", "arn:aws:iam::210987654321:policy/a"],
        ["arn:aws:iam::123456789012:policy/a", "arn:aws-cn:iam::123456789012:policy/a"],
    ],
)
def test_together_means_one_partition_and_account(texts: list[str]) -> None:
    parsed = [arns.parse("managed_policy_arns", text, arns.MANAGED_POLICY) for text in texts]
    with pytest.raises(RolesAnywhereError, match="must be of one partition and account"):
        arns.check_together("managed_policy_arns", parsed)


def test_policies_of_aws_itself_go_with_any_account() -> None:
    texts = ["arn:aws:iam::123456789012:policy/a", "arn:aws:iam::aws:policy/ReadOnlyAccess"]
    arns.check_together("x", [arns.parse("x", text, arns.MANAGED_POLICY) for text in texts])
