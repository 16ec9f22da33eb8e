# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trust policy lets in by mistake, or can never let in, is said in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.trust_policy_faults import find

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
OU = "aws:PrincipalTag/x509Subject/OU"
CN = "aws:PrincipalTag/x509Subject/CN"
SOURCE = {"ArnEquals": {"aws:SourceArn": ANCHOR}}
GOOD = {**SOURCE, "StringEquals": {OU: "web"}}
ROLES_ANYWHERE = {"Service": "rolesanywhere.amazonaws.com"}

NO_STATEMENT = "No statement allows anything to rolesanywhere.amazonaws.com"
NO_ANCHOR = "No condition on aws:SourceArn names a trust anchor"
NO_CERTIFICATE = "No condition on the certificate's subject or SAN"


def statement(*condition: Any, **elements: Any) -> dict[str, Any]:
    """Write a statement with nothing wrong, but for the condition and the elements that are given."""
    return {
        "Effect": "Allow",
        "Principal": ROLES_ANYWHERE,
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": condition[0] if condition else GOOD,
        **elements,
    }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def expect(document: Any, *sentences: str, **options: Any) -> None:
    """Compare the faults with how each sentence begins, or what it holds."""
    faults = find(document, **options)
    assert len(faults) == len(sentences), faults
    assert all(sentence in fault for fault, sentence in zip(faults, sentences)), faults


# What is as it should be


@pytest.mark.parametrize(
    "options",
    [
        {"subject": {"OU": "web"}},
        {"subject": {"CN": ["web1", "web2"]}, "issuer": {"CN": "Issuing"}},
        {"san": {"DNS": "web1.example.org"}, "account_id": "123456789012"},
        {"subject": {"CN": "web*"}, "like": True},
    ],
)
def test_what_the_filter_trust_policy_makes_has_no_fault(options: dict[str, Any]) -> None:
    document = trust_policies.build([ANCHOR], **options).document
    assert find(document) == []
    assert find(json.dumps(document)) == []


EXAMPLE_OF_AWS = policy(
    statement(
        {"StringEquals": {"sts:SourceIdentity": "CN=web1"}, "ArnEquals": {"aws:SourceArn": [ANCHOR]}},
        Action=["sts:AssumeRole", "sts:SetSourceIdentity"],
    ),
    statement({"StringEquals": {CN: "web1"}}, Action="sts:TagSession"),
)


@pytest.mark.parametrize(
    "document",
    [
        EXAMPLE_OF_AWS,
        {"Statement": statement()},
        policy(statement(Action="sts:*")),
        policy(statement(Action="*")),
        policy(statement(Action=["STS:assumerole", "sts:S?tSourceIdentity", "sts:Tag*"])),
        policy(statement(), statement(None, Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")),
        policy(statement(), statement({}, Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        policy(statement({**SOURCE, "ForAnyValue:StringEquals": {OU: "web"}})),
        policy(statement({"ArnLike": {"aws:sourcearn": ANCHOR}, "StringLike": {OU.lower(): "web?"}})),
        policy(statement({"StringEquals": {"aws:SourceArn": ANCHOR, "aws:RequestTag/x509SAN/DNS": "web1"}})),
        policy(statement({**SOURCE, "StringLike": {"sts:SourceIdentity": "CN=web*"}})),
        policy(statement(), statement({"StringEquals": {CN: "web9"}}, Effect="Deny")),
        policy(statement(), statement({"Bool": {"aws:SecureTransport": "false"}}, Effect="Deny", Principal="*")),
    ],
)
def test_policies_without_a_fault(document: dict[str, Any]) -> None:
    assert find(document) == []


# Who and what


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [statement(Principal={"Service": "ec2.amazonaws.com"})],
        [statement(Principal={"AWS": "arn:aws:iam::123456789012:root"})],
        [statement(Effect="Deny")],
        [statement(Principal=None)],
    ],
)
def test_nothing_is_allowed_to_roles_anywhere(statements: list[dict[str, Any]]) -> None:
    expect(policy(*statements), NO_STATEMENT)


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"])
def test_an_action_is_missing(action: str) -> None:
    others = [name for name in trust_policies.ACTIONS if name != action]
    expect(policy(statement(Action=others)), f"No statement allows {action}, ")
    without_action = {key: value for key, value in statement().items() if key != "Action"}
    expect(policy({**without_action, "NotAction": action}), f"No statement allows {action}, ")


@pytest.mark.parametrize(
    ("principal", "admitted"),
    [
        ("*", "everybody"),
        ({"AWS": "*"}, "everybody"),
        ({"Service": ["rolesanywhere.amazonaws.com", "ec2.amazonaws.com"]}, "ec2.amazonaws.com"),
        ({**ROLES_ANYWHERE, "AWS": "123456789012"}, "123456789012"),
    ],
)
def test_another_principal_is_admitted_by_the_same_statement(principal: Any, admitted: str) -> None:
    expect(policy(statement(Principal=principal)), f"Statement 1 admits {admitted} beside or instead of rolesanywhere")


def test_everybody_but_one_is_everybody() -> None:
    document = statement(NotPrincipal={"AWS": "123456789012"})
    del document["Principal"]
    expect(policy(document), "Statement 1 admits everybody")


def test_statements_are_called_by_number_and_name() -> None:
    expect(policy(statement(), statement(Principal="*", Sid="Web")), "Statement 2 (Web) admits everybody")


# Trust anchors and certificates


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        {"ArnNotEquals": {"aws:SourceArn": ANCHOR}},
        {"ArnEqualsIfExists": {"aws:SourceArn": ANCHOR}},
        {"Null": {"aws:SourceArn": "false"}},
        {"ForAllValues:ArnEquals": {"aws:SourceArn": ANCHOR}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:rolesanywhere:*:123456789012:*"}},
        {"ArnLike": {"aws:SourceArn": [ANCHOR, "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/*"]}},
        {"StringLike": {"aws:SourceArn": "*"}},
    ],
)
def test_no_trust_anchor_is_named(condition: dict[str, Any]) -> None:
    subject = {**condition.get("StringEquals", {}), OU: "web"}
    expect(policy(statement({**condition, "StringEquals": subject})), NO_ANCHOR)


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": {"aws:PrincipalTag/x509Issuer/CN": "Issuing"}},
        {"StringEquals": {"aws:PrincipalTag/team": "web"}},
        {"StringLike": {OU: "*"}},
        {"StringLike": {OU: ["web", "**"]}},
        {"StringLike": {"sts:SourceIdentity": "CN=*"}},
        {"StringNotEquals": {"sts:SourceIdentity": "CN=web9"}},
    ],
)
def test_no_certificate_is_named(condition: dict[str, Any]) -> None:
    expect(policy(statement({**SOURCE, **condition})), NO_CERTIFICATE)


def test_without_any_condition_both_are_said() -> None:
    expect(policy(statement(None)), NO_ANCHOR, NO_CERTIFICATE)


def test_a_second_statement_without_the_condition_is_a_way_around_it() -> None:
    expect(policy(statement(), statement(SOURCE)), NO_CERTIFICATE)
    expect(policy(statement(), statement({"StringEquals": {OU: "db"}})), NO_ANCHOR)


def test_a_condition_on_one_of_the_actions_is_enough_for_it_is_needed() -> None:
    rest = statement(None, Action=["sts:AssumeRole", "sts:SetSourceIdentity"])
    expect(policy(rest, statement(Action="sts:TagSession")))
    expect(
        policy(rest, statement(Action="sts:TagSession"), statement(None, Action="sts:Tag*")), NO_ANCHOR, NO_CERTIFICATE
    )


# Operators and values


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringEqualsIfExists", "web"),
        ("StringLikeIfExists", "web*"),
        ("StringNotEquals", "db"),
        ("StringNotLike", "db*"),
        ("StringNotEqualsIgnoreCase", "db"),
        ("ForAllValues:StringEquals", "web"),
        ("ForAnyValue:StringNotEquals", "db"),
        ("Null", "false"),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_operators_that_also_hold_without_the_field(operator: str, value: str, effect: str) -> None:
    document = policy(statement(), statement({**GOOD, operator: {CN: value}}, Effect=effect))
    expect(document, f"Statement 2 has {operator} on {CN}, which may also hold of a certificate without that field")


@pytest.mark.parametrize("value", ["web*", "web?", ["web", "*"]])
@pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIgnoreCase", "ForAnyValue:StringEquals"])
@pytest.mark.parametrize(
    "key", [CN, "aws:PrincipalTag/x509Issuer/CN", "aws:RequestTag/x509SAN/DNS", "sts:SourceIdentity"]
)
def test_wildcards_where_they_stand_for_themselves(key: str, operator: str, value: Any) -> None:
    document = policy(statement(), statement({**SOURCE, "StringLike": {OU: "web"}, operator: {key: value}}))
    expect(document, f"Statement 2 has {operator} on {key} with ")


def test_wildcards_where_they_work_or_do_not_matter() -> None:
    expect(policy(statement({**GOOD, "StringLike": {CN: "web*"}})))
    expect(policy(statement({**SOURCE, "StringEquals": {OU: "web", "aws:PrincipalTag/team": "a*"}})))


# What can never hold


PROFILE = ANCHOR.replace("trust-anchor", "profile")


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("ArnEquals", PROFILE),
        ("ArnEquals", [ANCHOR, PROFILE]),
        ("StringEquals", PROFILE),
        ("ArnLike", ANCHOR.removesuffix("5f")),
        ("ArnLike", PROFILE.replace("eu-central-1", "*")),
        ("ArnLike", "arn:aws:acm-pca:*:123456789012:*/4e5a2f6c"),
        ("StringLike", "arn:aws:rolesanywhere:eu-central-1:${aws:PrincipalAccount}:pro*"),
        ("ArnEquals", "arn:aws:iam::123456789012:role/web"),
        ("ArnEquals", "123456789012"),
    ],
)
def test_a_source_that_is_no_trust_anchor(operator: str, value: Any) -> None:
    wrong = value[-1] if isinstance(value, list) else value
    document = policy(statement({"StringEqualsIgnoreCase": {OU: "web"}, operator: {"aws:SourceArn": value}}))
    expect(document, f"Statement 1 has {operator} on aws:SourceArn with {wrong!r}, which is no trust anchor's ARN")


@pytest.mark.parametrize(
    "value",
    [
        ANCHOR.replace("eu-central-1", "*"),
        ANCHOR.replace("123456789012", "${aws:PrincipalAccount}"),
        f"{ANCHOR[:-3]}???",
        "arn:*:rolesanywhere:*:123456789012:trust*/4e5a2f6c-*",
    ],
)
def test_a_pattern_of_trust_anchors_is_a_source(value: str) -> None:
    expect(policy(statement({"StringEquals": {OU: "web"}, "ArnLike": {"aws:SourceArn": value}})))


@pytest.mark.parametrize(
    "attribute",
    ["x509Subject/Organization", "x509Issuer/commonName", "x509SAN/email", "x509SAN/Name/Organization", "x509SAN/CN"],
)
@pytest.mark.parametrize("given", [None, []])
def test_an_attribute_that_no_session_has(attribute: str, given: Any) -> None:
    key = f"aws:PrincipalTag/{attribute}"
    document = policy(statement(), statement({**SOURCE, "StringEquals": {OU: "web", key: "x"}}))
    part = "an issuer" if "Issuer" in key else "a subject alternative name" if "SAN" in key else "a subject"
    left_out = "a field that the profile's attribute mappings leave out"
    expect(
        document,
        *([left_out, left_out] if given is not None else []),
        f"Statement 2 has StringEquals on {key}, so it never holds, for {attribute.partition('/')[2]!r} is no "
        + ("part of " if "SAN" in key else "attribute of ")
        + part,
        attribute_mappings=given,
    )


@pytest.mark.parametrize("attribute", ["x509Subject/ou", "X509san/dns", "x509SAN/name/cn", "x509Issuer/2.5.4.97"])
def test_keys_are_read_in_any_case(attribute: str) -> None:
    expect(policy(statement({**GOOD, "StringLike": {f"aws:principaltag/{attribute}": "x"}})))


@pytest.mark.parametrize(
    ("operator", "key"),
    [
        ("ArnEquals", "aws:SourceArn"),
        ("StringEquals", OU),
        ("StringEquals", "aws:SourceAccount"),
        ("ForAnyValue:StringLike", CN),
    ],
)
def test_an_empty_list_of_values(operator: str, key: str) -> None:
    document = policy(statement(), statement({**SOURCE, "StringLike": {OU: "web"}, operator: {key: []}}))
    expect(document, f"Statement 2 has {operator} on {key} without any value, so it never holds")


# What the profile maps


def mappings(**fields: list[str]) -> list[dict[str, Any]]:
    """Write mappings as profile_info returns them."""
    return [
        {"certificate_field": field, "mapping_rules": [{"specifier": specifier} for specifier in specifiers]}
        for field, specifiers in fields.items()
    ]


EVERYTHING = mappings(x509Issuer=["*"], x509SAN=["DNS", "URI", "Name/*"], x509Subject=["*"])


@pytest.mark.parametrize(
    ("given", "field", "emitted"),
    [
        (EVERYTHING, "x509Subject/OU", True),
        (EVERYTHING, "x509SAN/URI", True),
        (EVERYTHING, "x509SAN/Name/CN", True),
        (mappings(x509Subject=["CN", "OU"]), "x509Subject/OU", True),
        (mappings(x509Subject=["CN", "OU"]), "X509subject/ou", True),
        (mappings(x509Subject=["CN"]), "x509Subject/OU", False),
        (mappings(x509Issuer=["*"]), "x509Subject/OU", False),
        (mappings(x509SAN=["Name/CN"]), "x509SAN/Name/CN", True),
        (mappings(x509SAN=["Name/CN"]), "x509SAN/Name/OU", False),
        (mappings(x509SAN=["Name"]), "x509SAN/Name/OU", True),
        (mappings(x509SAN=["*"]), "x509SAN/DNS", False),
        (mappings(x509SAN=["DNS"]), "x509SAN/URI", False),
        ([{"certificate_field": "x509Subject"}], "x509Subject/OU", False),
        ([], "x509Subject/OU", False),
        (None, "x509Subject/OU", True),
        # As the module profile takes them: what is left out stays as it is.
        ({"x509Subject": ["CN", "OU"]}, "x509Subject/OU", True),
        ({"x509Subject": ["CN"]}, "x509Subject/OU", False),
        ({"x509Subject": []}, "x509Subject/OU", False),
        ({"x509Subject": None}, "x509Subject/OU", True),
        ({"x509Subject": ["CN"]}, "x509SAN/Name/CN", True),
        ({"x509SAN": ["DNS"]}, "x509SAN/URI", False),
    ],
)
def test_fields_that_the_mappings_leave_out(given: Any, field: str, emitted: bool) -> None:
    document = policy(statement({**SOURCE, "StringEquals": {f"aws:PrincipalTag/{field}": "web"}}))
    left_out = (
        f"Statement 1 has StringEquals on aws:PrincipalTag/{field}, a field that the profile's attribute mappings"
    )
    expect(document, *(() if emitted else (left_out,)), attribute_mappings=given)


# What is no policy


@pytest.mark.parametrize("document", ["", "no JSON", "[]", None, 7, {}, {"Statement": "x"}, {"Statement": ["x"]}])
def test_what_is_no_policy_is_refused(document: Any) -> None:
    with pytest.raises(RolesAnywhereError, match=r"(This trust policy is not JSON|This is not a trust policy)"):
        find(document)


def test_a_condition_of_another_form_is_refused() -> None:
    for condition in ("x", {"StringEquals": "x"}):
        with pytest.raises(RolesAnywhereError, match="a Condition needs operators, and keys under each"):
            find(policy(statement(condition)))


@pytest.mark.parametrize(
    "given", [7, "x", ["x"], [{}], [{"certificate_field": "x509Subject", "mapping_rules": ["OU"]}], {"x509Subject": 7}]
)
def test_mappings_of_another_form_are_refused(given: Any) -> None:
    with pytest.raises(RolesAnywhereError, match="attribute_mappings: give them as profile_info returns them"):
        find(policy(statement()), attribute_mappings=given)
