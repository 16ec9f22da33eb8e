# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust policy of an IAM role that Roles Anywhere may assume. Pure; private to the collection.

Rules: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html (section on role trusting).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import session_tags

from . import arns, certificate_attributes
from .errors import RolesAnywhereError
from .service import PRINCIPAL

# All three are necessary: sessions carry the certificate's fields as tags and its common name as source identity.
ACTIONS = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters without white space.
MAXIMUM_LENGTH = 2048

_FIELDS = {"subject": "x509Subject", "issuer": "x509Issuer", "san": "x509SAN"}
_WILDCARDS = ("*", "?", "${")

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Conditions = Mapping[str, Union[str, Sequence[str]]]


@dataclass(frozen=True)
class TrustPolicy:
    """The document, and what a person should know about it."""

    document: dict[str, Any]
    warnings: list[str]


def build(
    trust_anchor_arns: Iterable[str],
    *,
    subject: Conditions | None = None,
    issuer: Conditions | None = None,
    san: Conditions | None = None,
    like: bool = False,
    account_id: str | None = None,
    allow_any_certificate: bool = False,
    allow_any_anchor: bool = False,
) -> TrustPolicy:
    """Build the trust policy that admits only certificates of these trust anchors with these fields.

    subject, issuer, san: field to wanted value or list of values; all fields must match, any value of a list may.
    like: compare with StringLike, so that the values may hold wildcards.
    account_id: twelve digits; the trust anchors must be of this account, and aws:SourceAccount is required.
    Raises RolesAnywhereError if the policy would be wider than was asked for, or could never match.
    """
    warnings: list[str] = []
    sources = _sources(trust_anchor_arns, account_id)
    tags = {**_tags("subject", subject, like), **_tags("issuer", issuer, like), **_tags("san", san, like)}

    if not sources:
        if not allow_any_anchor:
            raise RolesAnywhereError(
                "A trust policy without a trust anchor opens the role to every trust anchor of the account: "
                "give the trust anchor's ARN, or set allow_any_anchor if that is meant."
            )
        warnings.append("This trust policy admits certificates of every trust anchor of the account.")
    if not any(_narrows(key, values) for key, values in tags.items()):
        if not allow_any_certificate:
            raise RolesAnywhereError(
                "A trust policy without a condition on the certificate's subject or SAN opens the role to every "
                "certificate of the trust anchor: give subject or san, or set allow_any_certificate if that is meant."
            )
        warnings.append("This trust policy admits every certificate that its trust anchors trust.")

    document = _document(sources, tags, like, account_id)
    length = len(json.dumps(document, separators=(",", ":")))
    if length > MAXIMUM_LENGTH:
        warnings.append(
            f"This trust policy has {length} characters, IAM allows {MAXIMUM_LENGTH} unless the quota was raised: "
            "let one OU stand for many common names."
        )
    return TrustPolicy(document, warnings)


def _document(sources: list[str], tags: dict[str, list[str]], like: bool, account_id: str | None) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    if sources:
        conditions["ArnEquals"] = {"aws:SourceArn": _value(sources)}
    if tags:
        conditions["StringLike" if like else "StringEquals"] = {key: _value(tags[key]) for key in sorted(tags)}
    if account_id:
        conditions.setdefault("StringEquals", {})["aws:SourceAccount"] = account_id
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPAL},
        "Action": list(ACTIONS),
    }
    if conditions:
        statement["Condition"] = conditions
    return {"Version": "2012-10-17", "Statement": [statement]}


def _sources(trust_anchor_arns: Iterable[str], account_id: str | None) -> list[str]:
    if account_id is not None and not re.fullmatch("[0-9]{12}", account_id):
        raise RolesAnywhereError(f"account_id: {account_id!r} is not an account, which has twelve digits.")
    parsed = [arns.parse("trust_policy", text, arns.TRUST_ANCHOR) for text in trust_anchor_arns]
    arns.check_together("trust_policy", parsed)
    if account_id is not None and any(arn.account_id != account_id for arn in parsed):
        raise RolesAnywhereError(
            f"trust_policy: the trust anchors are of the account {parsed[0].account_id}, not {account_id}; "
            "a role trusts only trust anchors of its own account."
        )
    return sorted({arn.text for arn in parsed})


def _tags(option: str, conditions: Conditions | None, like: bool) -> dict[str, list[str]]:
    """Return condition key to sorted values, for one part of the certificate."""
    tag = _FIELDS[option]
    field_pattern, known = certificate_attributes.FIELDS[tag]
    if not isinstance(conditions or {}, dict):
        raise RolesAnywhereError(f"{option}: give fields and their values, as in {{'CN': 'web1'}}, not {conditions!r}.")
    result = {}
    for field, given in (conditions or {}).items():
        if not isinstance(field, str) or not field_pattern.fullmatch(field):
            raise RolesAnywhereError(f"{option}: {field!r} is no {known}.")
        values = [given] if isinstance(given, str) else given
        where = f"{option} {field}"
        if not isinstance(values, (list, tuple)) or not values:
            raise RolesAnywhereError(f"{where}: give a string or a list of strings, not {given!r}.")
        for value in values:
            _check_value(where, value, like)
        result[f"aws:PrincipalTag/{tag}/{field}"] = sorted(set(values))
    return result


def _check_value(where: str, value: Any, like: bool) -> None:
    if not isinstance(value, str):
        raise RolesAnywhereError(f"{where}: {value!r} is not a string; write it in quotes.")
    if not value:
        raise RolesAnywhereError(
            f"{where}: an empty value matches no certificate; give a value or leave the field out."
        )
    if like:
        return
    if any(wildcard in value for wildcard in _WILDCARDS):
        raise RolesAnywhereError(
            f"{where}: {value!r} holds a wildcard or a policy variable; set like if that is meant."
        )
    if not session_tags.VALUE.fullmatch(value):
        raise RolesAnywhereError(
            f"{where}: no certificate can match {value!r}, for the tags of a session hold up to "
            f"{session_tags.VALUE_LENGTH} letters, digits, spaces and _ . : / = + - @ only."
        )


def _narrows(key: str, values: list[str]) -> bool:
    """Say whether this condition tells one workload from another; the issuer and a lone * do not."""
    return "x509Issuer" not in key and not any(value.strip("*") == "" for value in values)


def _value(values: list[str]) -> str | list[str]:
    """Write a single value as IAM does, without a list around it."""
    return values[0] if len(values) == 1 else values
