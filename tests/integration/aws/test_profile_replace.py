# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile that takes the place of another, where AWS has no call for what is wanted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .controller import Controller

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
KEPT = ("name", "roleArns", "managedPolicyArns", "durationSeconds", "acceptRoleSessionName", "attributeMappings")


@pytest.fixture
def old(rolesanywhere: Any) -> Any:
    """Make a profile of which nothing is a default."""
    made = rolesanywhere.create_profile(
        name="web",
        roleArns=["arn:aws:iam::123456789012:role/gone"],
        sessionPolicy=json.dumps(READ),
        managedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
        durationSeconds=7200,
        acceptRoleSessionName=True,
        tags=[{"key": "Team", "value": "Web"}],
    )["profile"]
    identifier = made["profileId"]
    rolesanywhere.delete_attribute_mapping(profileId=identifier, certificateField="x509Issuer")
    rules = [{"specifier": "CN"}]
    rolesanywhere.delete_attribute_mapping(profileId=identifier, certificateField="x509Subject", specifiers=["*"])
    rolesanywhere.put_attribute_mapping(profileId=identifier, certificateField="x509Subject", mappingRules=rules)
    return rolesanywhere.get_profile(profileId=identifier)["profile"]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_successor_has_all_that_the_old_one_had(
    controller: Controller, rolesanywhere: Any, old: dict[str, Any], enabled: bool
) -> None:
    if enabled:
        rolesanywhere.enable_profile(profileId=old["profileId"])
    replaced = controller.four_steps("profile", name="web", require_instance_properties=True, allow_replace=True)

    [new] = rolesanywhere.list_profiles()["profiles"]
    assert {member: new[member] for member in KEPT} == {member: old[member] for member in KEPT}
    assert json.loads(new["sessionPolicy"]) == READ
    assert (new["requireInstanceProperties"], new["enabled"]) == (True, enabled)
    tags = rolesanywhere.list_tags_for_resource(resourceArn=new["profileArn"])["tags"]
    assert tags == [{"key": "Team", "value": "Web"}]
    assert new["profileArn"] != old["profileArn"]
    assert replaced["profile"]["profile_arn"] == new["profileArn"]
    assert replaced["warnings"][0] == (
        f"The profile 'web' was replaced: hosts that carry {old['profileArn']} get no sessions until they are given "
        f"{new['profileArn']}."
    )


def test_a_session_policy_is_removed_with_all_else_that_is_wanted(
    controller: Controller, rolesanywhere: Any, old: dict[str, Any]
) -> None:
    controller.four_steps(
        "profile",
        name="web",
        session_policy="",
        allow_replace=True,
        role_arns=[],
        duration=900,
        attribute_mappings={"x509Issuer": ["CN"]},
        tags={"stage": "trial"},
        purge_tags=False,
        enabled=True,
    )
    [new] = rolesanywhere.list_profiles()["profiles"]
    assert "sessionPolicy" not in new
    assert (new["roleArns"], new["durationSeconds"], new["enabled"]) == ([], 900, True)
    assert new["attributeMappings"][0] == {"certificateField": "x509Issuer", "mappingRules": [{"specifier": "CN"}]}
    assert new["attributeMappings"][1:] == old["attributeMappings"]
    assert new["managedPolicyArns"] == old["managedPolicyArns"]
    tags = rolesanywhere.list_tags_for_resource(resourceArn=new["profileArn"])["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {"Team": "Web", "stage": "trial"}
