# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator may do what its tasks need, where it was said, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import operator_policies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

ACCOUNT = "123456789012"
HERE: dict[str, Any] = {"account_id": ACCOUNT, "region": "eu-central-1"}
PREFIX = f"arn:aws:rolesanywhere:eu-central-1:{ACCOUNT}"
UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ANCHOR = f"{PREFIX}:trust-anchor/{UUID}"
PROFILE = f"{PREFIX}:profile/{UUID}"
CRL = f"{PREFIX}:crl/{UUID}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/workloads/web"
NEW_ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"  # as IAM sees it before it is there
AUTHORITY = f"arn:aws:acm-pca:eu-central-1:{ACCOUNT}:certificate-authority/{UUID}"
S3_OBJECT = "arn:aws:s3:::crls/crl/issuing.crl"
NARROWED = {
    "trust_anchor_arns": ANCHOR,
    "profile_arns": PROFILE,
    "crl_arns": CRL,
    "role_arns": ROLE,
    "acm_pca_arns": AUTHORITY,
    "s3_object_arns": S3_OBJECT,
}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/workloads"
POLICIES_OF_AWS = "arn:aws:iam::aws:policy/*"
DOCUMENTS = [
    (persona, options)
    for persona in operator_policies.PERSONAS
    for options in (
        {"role_arns": ROLE},
        {"role_arns": ROLE, "s3_object_arns": S3_OBJECT},
        NARROWED,
        {**NARROWED, "permissions_boundary_arn": BOUNDARY},
    )
]

# Service authorization reference: the resource type of an action; those that have none take "*" only.
RESOURCE_TYPES = {
    "TrustAnchor": "trust-anchor",
    "NotificationSettings": "trust-anchor",
    "Profile": "profile",
    "AttributeMapping": "profile",
    "Crl": "crl",
    "Subject": "subject",
}
WITHOUT_RESOURCE = ("List", "CreateTrustAnchor", "CreateProfile", "ImportCrl")
NO_OPERATIONS = {"PassRole"}  # of IAM: permissions that no operation of its own has


@cache
def operations(service: str) -> frozenset[str]:
    """Return the operations that botocore knows of a service."""
    return frozenset(boto3.client(service, region_name="eu-central-1").meta.service_model.operation_names)


def statements(persona: str, **options: Any) -> list[dict[str, Any]]:
    policy = operator_policies.build(persona, **HERE, **options)
    assert policy.warnings == []
    assert policy.document["Version"] == "2012-10-17"
    return policy.document["Statement"]


def rights(persona: str, **options: Any) -> dict[str, list[str]]:
    """Return the resources of each action."""
    found: dict[str, list[str]] = {}
    for statement in statements(persona, **options):
        resources = statement["Resource"]
        for action in statement["Action"]:
            found.setdefault(action, []).extend([resources] if isinstance(resources, str) else resources)
    return found


def grants(persona: str, **options: Any) -> Iterator[tuple[str, str, str]]:
    """Take apart what a persona may do: service, action, resource."""
    for action, resources in rights(persona, **options).items():
        service, _colon, name = action.partition(":")
        for resource in resources:
            yield service, name, resource


# What each may do


def test_a_publisher_updates_its_crl_and_looks_at_what_it_is_checked_against() -> None:
    assert operator_policies.build(
        "crl_publisher", **HERE, crl_arns=CRL, trust_anchor_arns=[ANCHOR], acm_pca_arns=AUTHORITY
    ).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "FindCrl",
                "Effect": "Allow",
                "Action": ["rolesanywhere:ListCrls"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}},
            },
            {
                "Sid": "UpdateCrl",
                "Effect": "Allow",
                "Action": ["rolesanywhere:GetCrl", "rolesanywhere:UpdateCrl"],
                "Resource": CRL,
            },
            {
                "Sid": "CheckCrlAgainstTrustAnchor",
                "Effect": "Allow",
                "Action": ["rolesanywhere:GetTrustAnchor"],
                "Resource": ANCHOR,
            },
            {
                "Sid": "CheckCrlAgainstPrivateCa",
                "Effect": "Allow",
                "Action": ["acm-pca:GetCertificateAuthorityCertificate"],
                "Resource": AUTHORITY,
            },
        ],
    }


def test_a_revoker_is_a_publisher_who_writes_the_inline_policies_of_named_roles() -> None:
    publisher, revoker = rights("crl_publisher"), rights("revoker", role_arns=ROLE)
    more = {action: resources for action, resources in revoker.items() if action not in publisher}
    assert {**publisher, **more} == revoker
    names = ("GetRole", "ListRolePolicies", "GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy")
    assert more == {"rolesanywhere:ListProfiles": ["*"], **{f"iam:{name}": [ROLE] for name in names}}


def test_an_auditor_reads_what_managed_policies_allow_those_of_the_account_and_of_aws_itself() -> None:
    for options in ({}, NARROWED):
        found = rights("auditor", **options)
        for name in ("GetPolicy", "GetPolicyVersion"):
            assert found[f"iam:{name}"] == ["arn:aws:iam::aws:policy/*", f"arn:aws:iam::{ACCOUNT}:policy/*"]


@pytest.mark.parametrize("persona", ["auditor", "fleet_operator"])
def test_those_who_look_change_nothing(persona: str) -> None:
    assert {name[:3] for _service, name, _resource in grants(persona, **NARROWED)} <= {"Get", "Lis", "Des"}


def test_a_fleet_operator_sees_neither_crls_nor_iam() -> None:
    assert not any(service != "rolesanywhere" or "Crl" in name for service, name, _resource in grants("fleet_operator"))


@pytest.mark.parametrize("persona", [name for name in operator_policies.PERSONAS if name != "administrator"])
def test_only_the_administrator_touches_trust_anchors_and_profiles_and_passes_roles(persona: str) -> None:
    for _service, name, _resource in grants(persona, role_arns=ROLE):
        about = ("TrustAnchor", "Profile", "Notification", "Mapping", "Tag", "PassRole", "ServiceLinkedRole")
        assert name.startswith(("Get", "List")) or not any(word in name for word in about)


def test_the_administrator_may_call_every_operation_of_roles_anywhere() -> None:
    allowed = {
        name for service, name, _resource in grants("administrator", role_arns=ROLE) if service == "rolesanywhere"
    }
    assert allowed == operations("rolesanywhere")


def test_roles_are_passed_to_roles_anywhere_only_and_the_linked_role_is_its_own() -> None:
    conditions = {
        statement["Action"][0]: (statement["Resource"], statement["Condition"]["StringEquals"])
        for statement in statements("administrator", role_arns=ROLE)
        if statement["Action"][0] in ("iam:PassRole", "iam:CreateServiceLinkedRole")
    }
    assert conditions == {
        "iam:PassRole": (ROLE, {"iam:PassedToService": "rolesanywhere.amazonaws.com"}),
        "iam:CreateServiceLinkedRole": (
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere",
            {"iam:AWSServiceName": "rolesanywhere.amazonaws.com"},
        ),
    }


# Service authorization reference of IAM: the actions on roles that have the condition key iam:PermissionsBoundary, but
# for that which takes a boundary off.
GIVING_RIGHTS = {
    "administrator": {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    },
    "revoker": {"iam:DeleteRolePolicy", "iam:PutRolePolicy"},
}


@pytest.mark.parametrize("persona", operator_policies.PERSONAS)
def test_rights_are_given_within_the_permissions_boundary_only(persona: str) -> None:
    bounded = statements(persona, role_arns=ROLE, permissions_boundary_arn=BOUNDARY)
    condition = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    within = {action for each in bounded if each.get("Condition") == condition for action in each["Action"]}
    without = {action for each in bounded if each.get("Condition") != condition for action in each["Action"]}
    assert within == GIVING_RIGHTS.get(persona, set())
    assert not within & without
    assert (within | without) - {"iam:PutRolePermissionsBoundary"} == set(rights(persona, role_arns=ROLE))


@pytest.mark.parametrize("options", [{}, {"permissions_boundary_arn": BOUNDARY}])
@pytest.mark.parametrize("persona", operator_policies.PERSONAS)
def test_nobody_takes_a_permissions_boundary_off(persona: str, options: dict[str, str]) -> None:
    boundary = {action for action in rights(persona, role_arns=ROLE, **options) if "Boundary" in action}
    assert boundary == ({"iam:PutRolePermissionsBoundary"} if options and persona == "administrator" else set())


# Where


@pytest.mark.parametrize("persona", operator_policies.PERSONAS)
def test_without_arns_the_account_and_region_are_the_bounds(persona: str) -> None:
    needed = {"role_arns": ROLE} if persona in ("administrator", "revoker") else {}
    for service, name, resource in grants(persona, **needed):
        if resource != "*":
            region = "" if service == "iam" else "eu-central-1"
            account = "aws" if resource == POLICIES_OF_AWS else ACCOUNT
            assert resource.split(":")[:5] == ["arn", "aws", service, region, account], name


@pytest.mark.parametrize("persona", operator_policies.PERSONAS)
def test_where_any_resource_is_meant_the_region_is_the_bound(persona: str) -> None:
    anywhere = [statement for statement in statements(persona, role_arns=ROLE) if statement["Resource"] == "*"]
    assert anywhere
    for statement in anywhere:
        assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}


@pytest.mark.parametrize("persona", operator_policies.PERSONAS)
def test_the_arns_that_are_given_are_the_bounds(persona: str) -> None:
    allowed = {*NARROWED.values(), f"{PREFIX}:subject/*", POLICIES_OF_AWS, f"arn:aws:iam::{ACCOUNT}:policy/*", "*"}
    found = {resource for _service, _name, resource in grants(persona, **NARROWED)}
    assert found - {NEW_ROLE} <= allowed


def test_a_role_with_a_path_is_looked_for_by_its_name_before_it_is_made() -> None:
    assert rights("administrator", role_arns=ROLE)["iam:GetRole"] == [ROLE, NEW_ROLE]
    assert rights("administrator", role_arns=NEW_ROLE)["iam:GetRole"] == [NEW_ROLE]
    assert [name for _service, name, resource in grants("administrator", role_arns=ROLE) if resource == NEW_ROLE] == [
        "GetRole"
    ]


@pytest.mark.parametrize(
    ("option", "arn", "action"),
    [
        ("trust_anchor_arns", ANCHOR, "rolesanywhere:CreateTrustAnchor"),
        ("trust_anchor_arns", ANCHOR, "iam:CreateServiceLinkedRole"),
        ("profile_arns", PROFILE, "rolesanywhere:CreateProfile"),
        ("crl_arns", CRL, "rolesanywhere:ImportCrl"),
    ],
)
def test_who_works_on_named_resources_creates_no_others(option: str, arn: str, action: str) -> None:
    assert action in rights("administrator", role_arns=ROLE)
    assert action not in rights("administrator", role_arns=ROLE, **{option: arn})


@pytest.mark.parametrize("persona", ["administrator", "crl_publisher", "revoker"])
def test_s3_is_read_where_an_object_is_named(persona: str) -> None:
    assert "s3:GetObject" not in rights(persona, role_arns=ROLE)
    assert rights(persona, role_arns=ROLE, s3_object_arns=S3_OBJECT)["s3:GetObject"] == [S3_OBJECT]


def test_several_arns_are_sorted_and_named_once() -> None:
    other = f"{PREFIX}:crl/00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
    assert rights("crl_publisher", crl_arns=[CRL, other, CRL])["rolesanywhere:UpdateCrl"] == [other, CRL]


@pytest.mark.parametrize(
    ("region", "partition", "expected"),
    [
        ("eu-central-1", None, "aws"),
        ("cn-north-1", None, "aws-cn"),
        ("us-gov-west-1", None, "aws-us-gov"),
        ("us-iso-east-1", None, "aws-iso"),
        ("eusc-de-east-1", None, "aws-eusc"),
        ("moon-base-1", "aws-moon", "aws-moon"),
    ],
)
def test_partitions(region: str, partition: str | None, expected: str) -> None:
    role = f"arn:{expected}:iam::{ACCOUNT}:role/web"
    document = operator_policies.build(
        "administrator", account_id=ACCOUNT, region=region, partition=partition, role_arns=role
    ).document
    resources = {statement["Resource"] for statement in document["Statement"]} - {"*"}
    assert {resource.split(":")[1] for resource in resources} == {expected}
    assert f"arn:{expected}:rolesanywhere:{region}:{ACCOUNT}:profile/*" in resources


# What AWS knows


@pytest.mark.parametrize(("persona", "options"), DOCUMENTS)
def test_every_action_is_one_of_the_service(persona: str, options: dict[str, str]) -> None:
    for service, name, _resource in grants(persona, **options):
        assert name in {*operations(service), *(NO_OPERATIONS if service == "iam" else ())}


@pytest.mark.parametrize(("persona", "options"), DOCUMENTS)
def test_every_action_has_a_resource_of_its_type(persona: str, options: dict[str, str]) -> None:
    for service, name, resource in grants(persona, **options):
        kind = resource.split(":", 5)[-1].split("/")[0]
        if service != "rolesanywhere":
            iam = "policy" if name in ("GetPolicy", "GetPolicyVersion") else "role"
            owner = {"iam": iam, "acm-pca": "certificate-authority", "s3": "crls"}[service]
            assert (resource.split(":")[2], kind) == (service, owner), name
        elif name.startswith(WITHOUT_RESOURCE):
            assert resource == "*", name
        elif name in ("TagResource", "UntagResource"):
            assert kind in RESOURCE_TYPES.values()
        else:
            assert [kind] == [found for word, found in RESOURCE_TYPES.items() if word in name], name


@pytest.mark.parametrize(("persona", "options"), DOCUMENTS)
def test_statements_have_names_of_their_own_that_iam_takes(persona: str, options: dict[str, str]) -> None:
    names = [statement["Sid"] for statement in statements(persona, **options)]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() for name in names)


# What is refused


@pytest.mark.parametrize(
    ("persona", "options", "message"),
    [
        ("admin", {}, "'admin' is none of the personas"),
        ("auditor", {"account_id": "1234"}, "account_id: '1234' is not an account, which has twelve digits"),
        ("auditor", {"account_id": 123456789012}, "account_id: .*write it in quotes"),
        ("auditor", {"region": "*"}, "region: '\\*' is not a region"),
        ("auditor", {"region": "eu-central-1\n"}, "is not a region"),
        ("auditor", {"region": "moon-base-1"}, "botocore knows no partition for moon-base-1; set partition"),
        ("auditor", {"partition": "*"}, "partition: '\\*' is not a partition"),
        ("auditor", {"crl_arns": []}, "crl_arns is empty; name at least one ARN"),
        ("auditor", {"crl_arns": ""}, "crl_arns: '' is not the ARN of a CRL"),
        ("auditor", {"crl_arns": ANCHOR}, "is not the ARN of a CRL"),
        ("auditor", {"crl_arns": [CRL, f"{PREFIX}:crl/*"]}, "is not the ARN of a CRL"),
        ("auditor", {"crl_arns": CRL.replace("eu-central-1", "us-east-1")}, "region us-east-1, not eu-central-1"),
        ("auditor", {"role_arns": ROLE.replace(ACCOUNT, "210987654321")}, "account 210987654321, not 123456789012"),
        ("auditor", {"role_arns": ROLE.replace("aws", "aws-cn")}, "partition aws-cn, not aws"),
        ("auditor", {"acm_pca_arns": ROLE}, "is not the ARN of a Private CA"),
        ("crl_publisher", {"s3_object_arns": "arn:aws:s3:::crls"}, "is not the ARN of a CRL in S3"),
        ("crl_publisher", {"s3_object_arns": "arn:aws:s3:::crls/*"}, "is not the ARN of a CRL in S3"),
        ("crl_publisher", {"s3_object_arns": "arn:aws:s3:::crls/${aws:username}"}, "is not the ARN of a CRL in S3"),
        (
            "revoker",
            {"permissions_boundary_arn": ROLE},
            "permissions_boundary_arn: .* is not the ARN of a managed policy",
        ),
        ("revoker", {"permissions_boundary_arn": f"{BOUNDARY}*"}, "is not the ARN of a managed policy"),
        ("revoker", {"permissions_boundary_arn": ""}, "is not the ARN of a managed policy"),
        (
            "revoker",
            {"permissions_boundary_arn": BOUNDARY.replace(ACCOUNT, "210987654321")},
            "permissions_boundary_arn: .* is of the account 210987654321, not 123456789012",
        ),
        ("administrator", {}, "role_arns: the administrator writes to IAM roles; name those roles"),
        ("revoker", {}, "role_arns: the revoker writes to IAM roles; name those roles"),
        ("revoker", {"role_arns": f"arn:aws:iam::{ACCOUNT}:role/*"}, "is not the ARN of a role"),
    ],
)
def test_refusals(persona: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        operator_policies.build(persona, **{**HERE, **options})


def test_a_policy_of_awss_own_can_be_the_boundary() -> None:
    boundary = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    last = statements("revoker", role_arns=ROLE, permissions_boundary_arn=boundary)[-1]
    assert last["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": boundary}}


@pytest.mark.parametrize(("roles", "warned"), [(10, False), (100, True)])
def test_a_policy_that_iam_would_refuse_is_warned_about(roles: int, warned: bool) -> None:
    names = [f"arn:aws:iam::{ACCOUNT}:role/workload-{number:03}" for number in range(roles)]
    warnings = operator_policies.build("administrator", **HERE, role_arns=names).warnings
    assert bool(warnings) is warned
    assert all("IAM takes 6144" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("region", "partition", "warned"),
    [
        ("eu-central-1", None, False),
        ("cn-north-1", None, False),
        ("eusc-de-east-1", None, False),
        ("eu-central-9", None, True),
        ("eu-central-9", "aws", False),
    ],
)
def test_a_region_that_is_not_known_is_warned_about(region: str, partition: str | None, warned: bool) -> None:
    policy = operator_policies.build("auditor", account_id=ACCOUNT, region=region, partition=partition)
    sentence = f"botocore knows no Roles Anywhere in {region}: if that is mistyped, this policy allows nothing."
    assert policy.warnings == ([sentence] if warned else [])
