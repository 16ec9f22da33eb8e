# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles and their attribute mappings, with boto3 as the client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import UNKNOWN_ID, refusal, status

ROLE = "arn:aws:iam::123456789012:role/web"
DEFAULT_MAPPINGS = {"x509Issuer": ["*"], "x509SAN": ["DNS", "URI", "Name/*"], "x509Subject": ["*"]}


@pytest.fixture
def profile(rolesanywhere: Any) -> dict[str, Any]:
    return rolesanywhere.create_profile(name="web", roleArns=[ROLE])["profile"]


def _mappings(profile: dict[str, Any]) -> dict[str, list[str]]:
    return {
        mapping["certificateField"]: [rule["specifier"] for rule in mapping["mappingRules"]]
        for mapping in profile["attributeMappings"]
    }


def test_create_with_the_least(rolesanywhere: Any) -> None:
    response = rolesanywhere.create_profile(name="web", roleArns=[])
    profile = response["profile"]
    assert status(response) == 201
    # Never given: sessionPolicy, managedPolicyArns, requireInstanceProperties. They are absent, not null.
    assert set(profile) == {
        "profileId",
        "profileArn",
        "name",
        "roleArns",
        "enabled",
        "createdBy",
        "createdAt",
        "updatedAt",
        "durationSeconds",
        "acceptRoleSessionName",
        "attributeMappings",
    }
    assert profile["profileArn"] == f"arn:aws:rolesanywhere:{REGION}:123456789012:profile/{profile['profileId']}"
    assert profile["createdBy"] == "arn:aws:sts::123456789012:user/moto"
    assert (profile["enabled"], profile["durationSeconds"], profile["acceptRoleSessionName"]) == (False, 3600, False)
    assert list(_mappings(profile).items()) == list(DEFAULT_MAPPINGS.items())
    assert rolesanywhere.get_profile(profileId=profile["profileId"])["profile"] == profile


def test_create_with_everything(rolesanywhere: Any) -> None:
    values = {
        "name": "web",
        "roleArns": [ROLE],
        "requireInstanceProperties": True,
        "sessionPolicy": "{}",
        "managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "durationSeconds": 43200,
        "enabled": True,
        "acceptRoleSessionName": True,
    }
    profile = rolesanywhere.create_profile(**values)["profile"]
    assert {name: profile[name] for name in values} == values


@pytest.mark.parametrize(
    "change",
    [
        {"name": "renamed"},
        {"roleArns": []},
        {"sessionPolicy": "{}"},
        {"managedPolicyArns": []},
        {"durationSeconds": 900},
        {"acceptRoleSessionName": True},
        {},
    ],
)
def test_update_changes_what_is_given(rolesanywhere: Any, profile: dict[str, Any], change: dict[str, Any]) -> None:
    updated = rolesanywhere.update_profile(profileId=profile["profileId"], **change)["profile"]
    assert updated == {**profile, **change, "updatedAt": updated["updatedAt"]}
    assert updated["updatedAt"] > profile["updatedAt"]


def test_enable_and_disable(rolesanywhere: Any, emulator: EmulatorServer, profile: dict[str, Any]) -> None:
    identifier = profile["profileId"]
    assert rolesanywhere.enable_profile(profileId=identifier)["profile"]["enabled"] is True
    emulator.switches.stale_echo = True
    assert rolesanywhere.disable_profile(profileId=identifier)["profile"]["enabled"] is True
    assert rolesanywhere.get_profile(profileId=identifier)["profile"]["enabled"] is False


def test_delete_returns_what_was_deleted(rolesanywhere: Any, profile: dict[str, Any]) -> None:
    assert rolesanywhere.delete_profile(profileId=profile["profileId"])["profile"] == profile
    assert rolesanywhere.list_profiles()["profiles"] == []


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("get_profile", {}),
        ("update_profile", {}),
        ("delete_profile", {}),
        ("enable_profile", {}),
        ("disable_profile", {}),
        ("put_attribute_mapping", {"certificateField": "x509SAN", "mappingRules": []}),
        ("delete_attribute_mapping", {"certificateField": "x509SAN"}),
    ],
)
def test_unknown_profile(rolesanywhere: Any, operation: str, values: dict[str, Any]) -> None:
    expected = (404, "ResourceNotFoundException", f"Resource not found: {UNKNOWN_ID}")
    assert refusal(getattr(rolesanywhere, operation), profileId=UNKNOWN_ID, **values) == expected


def test_identifier_must_be_an_id(rolesanywhere: Any, profile: dict[str, Any]) -> None:
    # Newer SDKs send ARNs as well; the reference knows ids only.
    code, message = refusal(rolesanywhere.get_profile, profileId=profile["profileArn"])[1:]
    assert code == "ValidationException"
    assert message.endswith(
        "at 'profileId' failed to satisfy constraint: Member must have length less than or equal to 36"
    )


def test_250_profiles(rolesanywhere: Any) -> None:
    for _ in range(250):
        rolesanywhere.create_profile(name="same name", roleArns=[])
    values = {"name": "same name", "roleArns": []}
    assert refusal(rolesanywhere.create_profile, **values)[:2] == (400, "ValidationException")


# Attribute mappings


def _put(rolesanywhere: Any, profile: dict[str, Any], field: str, *specifiers: str) -> dict[str, list[str]]:
    response = rolesanywhere.put_attribute_mapping(
        profileId=profile["profileId"],
        certificateField=field,
        mappingRules=[{"specifier": specifier} for specifier in specifiers],
    )
    return _mappings(response["profile"])


def test_put_replaces_one_field(rolesanywhere: Any, profile: dict[str, Any]) -> None:
    assert _put(rolesanywhere, profile, "x509Subject", "CN", "2.5.4.65") == {
        **DEFAULT_MAPPINGS,
        "x509Subject": ["CN", "2.5.4.65"],
    }


def test_put_may_merge(rolesanywhere: Any, emulator: EmulatorServer, profile: dict[str, Any]) -> None:
    emulator.switches.attribute_mapping_put_merges = True
    assert _put(rolesanywhere, profile, "x509SAN", "Name/CN", "DNS")["x509SAN"] == ["DNS", "URI", "Name/*", "Name/CN"]


@pytest.mark.parametrize("specifier", ["Name", "Name/", "Name/*"])
def test_name_is_normalised(rolesanywhere: Any, profile: dict[str, Any], specifier: str) -> None:
    assert _put(rolesanywhere, profile, "x509SAN", specifier)["x509SAN"] == ["Name/*"]


@pytest.mark.parametrize(
    ("field", "specifier"),
    [
        ("x509SAN", "*"),
        ("x509SAN", "URI/*"),
        ("x509SAN", "CN"),
        ("x509Subject", "Name/CN"),
        ("x509Subject", ""),
        ("x509Issuer", "C N"),
        ("x509Issuer", "2.5."),
    ],
)
def test_undefined_specifiers(rolesanywhere: Any, profile: dict[str, Any], field: str, specifier: str) -> None:
    values = {
        "profileId": profile["profileId"],
        "certificateField": field,
        "mappingRules": [{"specifier": specifier}],
    }
    assert refusal(rolesanywhere.put_attribute_mapping, **values)[:2] == (400, "ValidationException")


def test_delete_some_specifiers(rolesanywhere: Any, profile: dict[str, Any]) -> None:
    response = rolesanywhere.delete_attribute_mapping(
        profileId=profile["profileId"], certificateField="x509SAN", specifiers=["URI", "Name"]
    )
    assert _mappings(response["profile"]) == {**DEFAULT_MAPPINGS, "x509SAN": ["DNS"]}


def test_delete_a_field(rolesanywhere: Any, profile: dict[str, Any]) -> None:
    response = rolesanywhere.delete_attribute_mapping(profileId=profile["profileId"], certificateField="x509Issuer")
    assert set(_mappings(response["profile"])) == {"x509SAN", "x509Subject"}


def test_null_mappings(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    emulator.switches.attribute_mappings_null = True
    profile = rolesanywhere.create_profile(name="web", roleArns=[])["profile"]
    assert "attributeMappings" not in profile
    assert _put(rolesanywhere, profile, "x509SAN", "URI") == {"x509SAN": ["URI"]}
