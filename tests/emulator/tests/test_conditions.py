# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Condition operators, one row for what each of them says (IAM user guide, "Condition operators")."""

from __future__ import annotations

import pytest

from tests.emulator.conditions import Outcome, evaluate

HOLDS, FAILS, UNDECIDED = Outcome.HOLDS, Outcome.FAILS, Outcome.UNDECIDED

ANCHOR = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/4a1f"
CONTEXT = {
    "aws:PrincipalTag/x509Subject/CN": "web1.example.com",
    "aws:PrincipalTag/x509Subject/OU": "web",
    "aws:PrincipalTag/": (),
    "aws:RequestTag/": (),
    "aws:TagKeys": ("x509Subject/CN", "x509Subject/OU"),
    "aws:SourceArn": ANCHOR,
    "aws:SourceAccount": "123456789012",
    "sts:SourceIdentity": "CN=web1.example.com",
    "sts:ExternalId": (),
    "aws:SecureTransport": "false",
    "aws:SourceIp": "192.0.2.7",
    "aws:CurrentTime": "2026-11-20T10:00:00Z",
    "aws:TokenIssueTime": "2026-11-20T09:30:00Z",
    "s3:max-keys": "100",
    "example:star": "a*c",
    "example:plain": "abc",
}

CN = "aws:PrincipalTag/x509Subject/CN"
OU = "aws:PrincipalTag/x509Subject/OU"
ABSENT = "aws:PrincipalTag/x509Subject/O"

OPERATORS = [
    # Strings
    ("StringEquals", CN, "web1.example.com", HOLDS),
    ("StringEquals", CN, "WEB1.example.com", FAILS),
    ("StringEquals", CN, "web*", FAILS),
    ("StringEquals", CN, ["db1", "web1.example.com"], HOLDS),
    ("StringEquals", "AWS:principaltag/X509SUBJECT/cn", "web1.example.com", HOLDS),
    ("StringEquals", ABSENT, "Example", FAILS),
    ("StringEqualsIfExists", ABSENT, "Example", HOLDS),
    ("StringEqualsIfExists", OU, "db", FAILS),
    ("StringNotEquals", OU, "web", FAILS),
    ("StringNotEquals", OU, ["db", "web"], FAILS),
    ("StringNotEquals", OU, ["db", "dns"], HOLDS),
    ("StringNotEquals", ABSENT, "Example", HOLDS),
    ("StringNotEqualsIfExists", OU, "web", FAILS),
    ("StringEqualsIgnoreCase", OU, "WEB", HOLDS),
    ("StringNotEqualsIgnoreCase", OU, "WEB", FAILS),
    ("StringLike", CN, "web?.example.*", HOLDS),
    ("StringLike", CN, "web?", FAILS),
    ("StringLike", CN, "Web*", FAILS),
    ("StringLike", CN, "web1xexample.com", FAILS),
    ("StringLike", ABSENT, "*", FAILS),
    ("StringLikeIfExists", ABSENT, "web*", HOLDS),
    ("StringNotLike", CN, "web*", FAILS),
    ("StringNotLike", CN, "db*", HOLDS),
    # Variables
    ("StringEquals", "sts:SourceIdentity", f"CN=${{{CN}}}", HOLDS),
    ("StringLike", "example:star", "a${*}c", HOLDS),
    ("StringLike", "example:plain", "a*c", HOLDS),
    ("StringLike", "example:plain", "${example:star}", FAILS),
    ("StringEquals", OU, f"${{{ABSENT}, 'web'}}", HOLDS),
    ("StringEquals", OU, f"${{{ABSENT}}}", UNDECIDED),
    # ARNs
    ("ArnEquals", "aws:SourceArn", ANCHOR, HOLDS),
    ("ArnLike", "aws:SourceArn", "arn:aws:rolesanywhere:*:123456789012:trust-anchor/*", HOLDS),
    ("ArnEquals", "aws:SourceArn", "arn:aws:rolesanywhere:*:123456789012:trust-anchor/*", HOLDS),
    ("ArnLike", "aws:SourceArn", "arn:aws:rolesanywhere:*:trust-anchor/*", UNDECIDED),
    ("ArnLike", "aws:SourceArn", "arn:aws:*:*:123456789012:profile/*", FAILS),
    ("ArnLike", "aws:SourceArn", "*", UNDECIDED),
    ("ArnNotEquals", "aws:SourceArn", ANCHOR, FAILS),
    ("ArnNotLike", "aws:SourceArn", "arn:aws:rolesanywhere:us-*:123456789012:trust-anchor/*", HOLDS),
    # Null
    ("Null", ABSENT, "true", HOLDS),
    ("Null", ABSENT, "false", FAILS),
    ("Null", CN, False, HOLDS),
    ("Null", CN, "maybe", UNDECIDED),
    # Bool
    ("Bool", "aws:SecureTransport", "false", HOLDS),
    ("Bool", "aws:SecureTransport", True, FAILS),
    ("Bool", "aws:SecureTransport", "no", UNDECIDED),
    # Numbers
    ("NumericEquals", "s3:max-keys", 100, HOLDS),
    ("NumericEquals", "s3:max-keys", "100.0", HOLDS),
    ("NumericNotEquals", "s3:max-keys", "100", FAILS),
    ("NumericLessThan", "s3:max-keys", "100", FAILS),
    ("NumericLessThanEquals", "s3:max-keys", "100", HOLDS),
    ("NumericGreaterThan", "s3:max-keys", "99", HOLDS),
    ("NumericGreaterThanEquals", "s3:max-keys", "101", FAILS),
    ("NumericEquals", "s3:max-keys", "many", UNDECIDED),
    ("NumericLessThan", CN, "1", UNDECIDED),
    # Dates
    ("DateLessThan", "aws:TokenIssueTime", "2026-11-20T09:30:01Z", HOLDS),
    ("DateLessThan", "aws:TokenIssueTime", "2026-11-20T09:30:00Z", FAILS),
    ("DateLessThanEquals", "aws:TokenIssueTime", "2026-11-20T10:30:00+01:00", HOLDS),
    ("DateGreaterThan", "aws:CurrentTime", "2026-11-20", HOLDS),
    ("DateGreaterThanEquals", "aws:CurrentTime", "1795168801", FAILS),
    ("DateEquals", "aws:CurrentTime", "1795168800", HOLDS),
    ("DateEquals", "aws:CurrentTime", "1795168799", FAILS),
    ("DateNotEquals", "aws:CurrentTime", "2026-11-20T10:00:00Z", FAILS),
    ("DateGreaterThan", "aws:CurrentTime", "yesterday", UNDECIDED),
    # Addresses
    ("IpAddress", "aws:SourceIp", "192.0.2.0/24", HOLDS),
    ("IpAddress", "aws:SourceIp", ["198.51.100.0/24", "192.0.2.7"], HOLDS),
    ("IpAddress", "aws:SourceIp", "2001:db8::/32", FAILS),
    ("NotIpAddress", "aws:SourceIp", "192.0.2.0/24", FAILS),
    ("NotIpAddress", "aws:SourceIp", "198.51.100.0/24", HOLDS),
    ("IpAddress", "aws:SourceIp", "192.0.2.0/99", UNDECIDED),
    # Several values
    ("ForAllValues:StringLike", "aws:TagKeys", "x509Subject/*", HOLDS),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["x509Subject/CN"], FAILS),
    ("ForAllValues:StringEquals", "sts:ExternalId", "x", HOLDS),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["x509Subject/OU"], HOLDS),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["x509Issuer/CN"], FAILS),
    ("ForAnyValue:StringEquals", "sts:ExternalId", "x", FAILS),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", ["x509Subject/CN"], HOLDS),
    ("ForAnyValue:StringNotEquals", "sts:ExternalId", "x", FAILS),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", ["x509Subject/CN"], FAILS),
    ("StringEquals", "aws:TagKeys", "x509Subject/CN", UNDECIDED),
    # What is not known is never taken for true
    ("StringEquals", "aws:PrincipalOrgID", "o-1", UNDECIDED),
    ("StringNotEquals", "aws:PrincipalOrgID", "o-1", UNDECIDED),
    ("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1", UNDECIDED),
    ("Null", "aws:PrincipalOrgID", "true", UNDECIDED),
    ("StringMatches", CN, "web1.example.com", UNDECIDED),
    ("stringequals", CN, "web1.example.com", UNDECIDED),
    ("StringMatchesIfExists", ABSENT, "x", UNDECIDED),
    ("BinaryEquals", CN, "d2Vi", UNDECIDED),
    ("ForSomeValues:StringEquals", "aws:TagKeys", "x", UNDECIDED),
    ("NullIfExists", ABSENT, "true", UNDECIDED),
    ("StringEquals", CN, [], UNDECIDED),
    ("StringEquals", CN, {"a": "b"}, UNDECIDED),
    ("StringEquals", CN, None, UNDECIDED),
]


@pytest.mark.parametrize(("operator", "key", "wanted", "outcome"), OPERATORS)
def test_operator(operator: str, key: str, wanted: object, outcome: Outcome) -> None:
    assert evaluate({operator: {key: wanted}}, CONTEXT).outcome is outcome


BLOCKS = [
    ({}, HOLDS),
    ({"StringEquals": {CN: "web1.example.com", OU: "web"}}, HOLDS),
    ({"StringEquals": {CN: "web1.example.com", OU: "db"}}, FAILS),
    ({"StringEquals": {CN: "web1.example.com"}, "StringLike": {OU: "d*"}}, FAILS),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "StringLike": {OU: "d*"}}, FAILS),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "StringLike": {OU: "w*"}}, UNDECIDED),
    ({"StringEquals": "web"}, UNDECIDED),
    ([], UNDECIDED),
]


@pytest.mark.parametrize(("block", "outcome"), BLOCKS)
def test_all_of_a_block_must_hold(block: object, outcome: Outcome) -> None:
    assert evaluate(block, CONTEXT).outcome is outcome
