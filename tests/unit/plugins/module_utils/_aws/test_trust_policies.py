# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trust policy is as narrow as it can be, or says that it is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
SECOND = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"


def condition(*sources: str, **options: Any) -> dict[str, Any]:
    policy = trust_policies.build(sources or (ANCHOR,), **options)
    assert policy.warnings == []
    found: dict[str, Any] = policy.document["Statement"][0]["Condition"]
    return found


def test_the_whole_document() -> None:
    assert trust_policies.build([ANCHOR], subject={"CN": "web1"}).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "rolesanywhere.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
                "Condition": {
                    "ArnEquals": {"aws:SourceArn": ANCHOR},
                    "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"subject": {"OU": "web"}}, {"aws:PrincipalTag/x509Subject/OU": "web"}),
        ({"subject": {"CN": ["b", "a", "b"]}}, {"aws:PrincipalTag/x509Subject/CN": ["a", "b"]}),
        (
            {"subject": {"OU": "web", "O": "Example"}, "issuer": {"CN": "Issuing"}},
            {
                "aws:PrincipalTag/x509Issuer/CN": "Issuing",
                "aws:PrincipalTag/x509Subject/O": "Example",
                "aws:PrincipalTag/x509Subject/OU": "web",
            },
        ),
        ({"san": {"URI": "spiffe://x/y"}}, {"aws:PrincipalTag/x509SAN/URI": "spiffe://x/y"}),
        ({"san": {"Name/CN": "x"}}, {"aws:PrincipalTag/x509SAN/Name/CN": "x"}),
        ({"subject": {"2.5.4.97": "x"}}, {"aws:PrincipalTag/x509Subject/2.5.4.97": "x"}),
        ({"subject": {"OU": "a/b"}}, {"aws:PrincipalTag/x509Subject/OU": "a/b"}),
        ({"subject": {"O": "Müller"}}, {"aws:PrincipalTag/x509Subject/O": "Müller"}),
        (
            {"subject": {"CN": "x"}, "account_id": "123456789012"},
            {"aws:PrincipalTag/x509Subject/CN": "x", "aws:SourceAccount": "123456789012"},
        ),
    ],
)
def test_conditions(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert condition(**options)["StringEquals"] == expected


def test_several_anchors_are_sorted() -> None:
    assert condition(SECOND, ANCHOR, subject={"CN": "x"})["ArnEquals"] == {"aws:SourceArn": sorted([ANCHOR, SECOND])}


def test_like_is_only_used_when_asked_for() -> None:
    found = condition(subject={"CN": ["web*", "db?"]}, account_id="123456789012", like=True)
    assert found["StringLike"] == {"aws:PrincipalTag/x509Subject/CN": ["db?", "web*"]}
    assert found["StringEquals"] == {"aws:SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    "value", ["*", "web*", "web?", "${aws:username}", "", "a,b", "a&b", "x" * 257, 7, None, ["a", ""], []]
)
@pytest.mark.parametrize("part", ["subject", "issuer", "san"])
def test_values_that_are_refused(part: str, value: Any) -> None:
    field = "DNS" if part == "san" else "CN"
    with pytest.raises(RolesAnywhereError, match=f"{part} {field}: "):
        trust_policies.build([ANCHOR], **{"subject": {"OU": "web"}, part: {field: value}})


@pytest.mark.parametrize("field", ["", "CN/x", "CN\n", "x y", 7, "*", "OrgUnit", "cn", "Name/", "Name/OrgUnit", "2"])
@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("subject", "is no attribute of a subject; write CN, OU, O, C, "),
        ("issuer", "is no attribute of an issuer; write CN, OU, O, C, "),
        ("san", "is no part of a subject alternative name; write DNS, URI or Name/ and an attribute such as Name/CN"),
    ],
)
def test_a_mistyped_field_would_cut_off_the_fleet_and_is_refused(part: str, sentence: str, field: Any) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        trust_policies.build([ANCHOR], **{part: {field: "x"}})
    assert str(caught.value).startswith(f"{part}: {field!r} {sentence}")


@pytest.mark.parametrize(
    "attribute", ["CN", "OU", "O", "C", "ST", "L", "UID", "DC", "SERIALNUMBER", "1.2.840.113549.1.9.1"]
)
def test_the_attributes_that_are_mapped(attribute: str) -> None:
    options = {"subject": {attribute: "x"}, "issuer": {attribute: "x"}, "san": {f"Name/{attribute}": "x"}}
    assert len(condition(**options)["StringEquals"]) == 3


@pytest.mark.parametrize(
    "options", [{}, {"subject": {}}, {"issuer": {"CN": "Issuing"}}, {"subject": {"CN": "*"}, "like": True}]
)
def test_any_certificate_only_when_asked_for(options: dict[str, Any]) -> None:
    with pytest.raises(RolesAnywhereError, match="allow_any_certificate"):
        trust_policies.build([ANCHOR], **options)
    policy = trust_policies.build([ANCHOR], allow_any_certificate=True, **options)
    assert policy.warnings == ["This trust policy admits every certificate that its trust anchors trust."]


def test_any_anchor_only_when_asked_for() -> None:
    with pytest.raises(RolesAnywhereError, match="allow_any_anchor"):
        trust_policies.build([], subject={"CN": "x"})
    policy = trust_policies.build([], subject={"CN": "x"}, allow_any_anchor=True)
    assert "ArnEquals" not in policy.document["Statement"][0]["Condition"]
    assert policy.warnings == ["This trust policy admits certificates of every trust anchor of the account."]


def test_any_of_both_has_no_condition_and_two_warnings() -> None:
    policy = trust_policies.build([], allow_any_certificate=True, allow_any_anchor=True)
    assert "Condition" not in policy.document["Statement"][0]
    assert len(policy.warnings) == 2


@pytest.mark.parametrize(
    ("sources", "account_id", "message"),
    [
        ([ANCHOR.replace("trust-anchor", "profile")], None, "is not the ARN of a trust anchor"),
        ([ANCHOR, SECOND.replace("123456789012", "210987654321")], None, "must be of one partition and account"),
        ([ANCHOR], "210987654321", "a role trusts only trust anchors of its own account"),
        ([ANCHOR], "1234", "has twelve digits"),
    ],
)
def test_wrong_anchors_and_accounts(sources: list[str], account_id: str | None, message: str) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        trust_policies.build(sources, subject={"CN": "x"}, account_id=account_id)


@pytest.mark.parametrize(("names", "warned"), [(70, False), (90, True)])
def test_a_document_that_iam_would_refuse_is_warned_about(names: int, warned: bool) -> None:
    policy = trust_policies.build([ANCHOR], subject={"CN": [f"host{n:05}.example.c" for n in range(names)]})
    assert bool(policy.warnings) is warned
