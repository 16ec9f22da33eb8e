# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences about values that violate the model, one row for each kind of constraint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.errors import ServiceError
from tests.emulator.model import service_model
from tests.emulator.validation import validate

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/7f3c0f5e-5f41-4c2a-9f0e-0b6d0a4f2c11"

UUID_PATTERN = "^.*[a-f0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}.*$"
TAG_PATTERN = "^[ a-zA-Z0-9_.:/=+@-]*$"
PATTERN = "Member must satisfy regular expression pattern: "
PROFILE = {"name": "x", "roleArns": []}
BUNDLE = {"name": "x", "source": {"sourceType": "BUNDLE"}}
TWO_SOURCES = {"name": "x", "source": {"sourceData": {"x509CertificateData": "PEM", "acmPcaArn": "arn"}}}
BAD_TAG = {"resourceArn": ANCHOR, "tags": [{"key": "a#b", "value": "x"}]}
LARGE_CRL = {"name": "x", "trustAnchorArn": ANCHOR, "crlData": b"0" * 300_001}

# Shape, value, what is named in the sentence, constraint that it violates.
VIOLATIONS = [
    ("CreateProfileRequest", {**PROFILE, "name": "X!"}, "Value 'X!' at 'name'", f"{PATTERN}^[ a-zA-Z0-9-_]*$"),
    (
        "CreateProfileRequest",
        {**PROFILE, "durationSeconds": 43201},
        "Value '43201' at 'durationSeconds'",
        "Member must have value less than or equal to 43200",
    ),
    (
        "UpdateProfileRequest",
        {"profileId": "7f3c0f5e-5f41-4c2a-9f0e-0b6d0a4f2c11", "durationSeconds": 899},
        "Value '899' at 'durationSeconds'",
        "Member must have value greater than or equal to 900",
    ),
    ("CreateProfileRequest", {"roleArns": []}, "Value null at 'name'", "Member must not be null"),
    (
        "CreateTrustAnchorRequest",
        BUNDLE,
        "Value 'BUNDLE' at 'source.sourceType'",
        "Member must satisfy enum value set: [AWS_ACM_PCA, CERTIFICATE_BUNDLE, SELF_SIGNED_REPOSITORY]",
    ),
    (
        "CreateTrustAnchorRequest",
        TWO_SOURCES,
        "Value at 'source.sourceData'",
        "Member must have exactly one member set",
    ),
    # Tags are sensitive: they are not repeated.
    ("TagResourceRequest", BAD_TAG, "Value at 'tags.1.member.key'", f"{PATTERN}{TAG_PATTERN}"),
    ("ImportCrlRequest", LARGE_CRL, "Value at 'crlData'", "Member must have length less than or equal to 300000"),
    (
        "ScalarTrustAnchorRequest",
        {"trustAnchorId": "x" * 36},
        f"Value '{'x' * 36}' at 'trustAnchorId'",
        f"{PATTERN}{UUID_PATTERN}",
    ),
    ("ListRequest", {"nextToken": ""}, "Value '' at 'nextToken'", "Member must have length greater than or equal to 1"),
]

VALID = [
    ("CreateProfileRequest", {"name": "a B-1_", "roleArns": []}),
    ("CreateProfileRequest", {"name": "x" * 255, "roleArns": ["arn:aws:iam::123456789012:role/path/x"] * 250}),
    ("ImportCrlRequest", {"name": "x", "trustAnchorArn": ANCHOR, "crlData": b"0" * 300_000}),
    ("TagResourceRequest", {"resourceArn": ANCHOR, "tags": [{"key": "a:/=+@-_. 1", "value": ""}]}),
]


def _refusal(shape: str, value: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refusal:
        validate(service_model().shape_for(shape), value)
    assert refusal.value.code == "ValidationException"
    return refusal.value.message


@pytest.mark.parametrize(("shape", "value", "named", "constraint"), VIOLATIONS)
def test_a_violation_is_told_as_aws_tells_it(shape: str, value: dict[str, Any], named: str, constraint: str) -> None:
    sentence = f"1 validation error detected: {named} failed to satisfy constraint: {constraint}"
    assert _refusal(shape, value) == sentence


def test_several_violations_stand_in_one_sentence() -> None:
    sentence = _refusal("CreateProfileRequest", {"name": "", "roleArns": ["arn:aws:iam::123456789012:role/x", "role"]})
    first = "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"
    role = "^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$"
    second = f"Value 'role' at 'roleArns.2.member' failed to satisfy constraint: {PATTERN}{role}"
    assert sentence == f"2 validation errors detected: {first}; {second}"


@pytest.mark.parametrize(("shape", "value"), VALID)
def test_values_within_the_constraints_pass(shape: str, value: dict[str, Any]) -> None:
    validate(service_model().shape_for(shape), value)


def test_one_member_too_many_in_a_list() -> None:
    role = "arn:aws:iam::123456789012:role/x"
    sentence = _refusal("CreateProfileRequest", {"name": "x", "roleArns": [role] * 251})
    assert f"Value '[{role}, {role}, " in sentence
    assert "]' at 'roleArns' failed to satisfy constraint: " in sentence
    assert sentence.endswith("Member must have length less than or equal to 250")


def test_tags_are_not_repeated_as_a_list_either() -> None:
    tags = [{"key": f"secret{number}", "value": ""} for number in range(201)]
    for values in ({"tags": tags}, {"tagKeys": [tag["key"] for tag in tags]}):
        shape = "TagResourceRequest" if "tags" in values else "UntagResourceRequest"
        sentence = _refusal(shape, {"resourceArn": ANCHOR, **values})
        assert "length less than or equal to 200" in sentence
        assert "secret" not in sentence
