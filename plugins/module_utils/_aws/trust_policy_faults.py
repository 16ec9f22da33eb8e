# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the trust policy of an IAM role for Roles Anywhere. Pure; private to the collection.

Rules: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html (section on role trusting) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import arns, certificate_attributes
from .errors import RolesAnywhereError
from .service import PRINCIPAL
from .trust_policies import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SOURCE = "aws:sourcearn"
_IDENTITY = "sts:sourceidentity"  # CN=<common name> or ID=<serial number>
_TAG = re.compile(r"aws:(?:PrincipalTag|RequestTag)/(x509Subject|x509Issuer|x509SAN)/(.+)", re.IGNORECASE)

# Operators that are true of a request only if it has the key and one of the values; and whether these hold wildcards.
_POSITIVE = {
    "StringEquals": False,
    "StringEqualsIgnoreCase": False,
    "StringLike": True,
    "ArnEquals": True,
    "ArnLike": True,
}


@dataclass(frozen=True)
class _Comparison:
    """One key of a Condition element."""

    operator: str
    key: str
    values: list[str]

    @property
    def positive(self) -> bool:
        """Whether it can hold only of a request that has the key."""
        return self.operator.replace("ForAnyValue:", "", 1) in _POSITIVE

    @property
    def plain(self) -> bool:
        """Whether a wildcard among the values is a character like any other."""
        return not _POSITIVE.get(self.operator.replace("ForAnyValue:", "", 1), True)


@dataclass(frozen=True)
class _Statement:
    """A statement that is about Roles Anywhere, and how to call it in a sentence."""

    label: str
    allows: bool
    others: list[str]  # whom it names beside Roles Anywhere
    actions: frozenset[str]  # those of ACTIONS that it is about
    comparisons: list[_Comparison]


# What a profile maps whose mappings nobody has changed (the user guide's page "Attribute mapping").
_EVERYTHING = {"x509subject": ["*"], "x509issuer": ["*"], "x509san": ["dns", "uri", "name/*"]}


def find(policy: Any, attribute_mappings: Iterable[Mapping[str, Any]] | Mapping[str, Any] | None = None) -> list[str]:
    """Return what is wrong with a trust policy, a sentence each; none for one that is as it should be.

    policy: the document, as a mapping or as JSON. Only its statements about Roles Anywhere are looked at.
    attribute_mappings: those of the profile, as profile_info returns them or as the option of the module profile takes
        them, where a field that is left out stays as it is and counts as mapped; None if they are not known.
    Raises RolesAnywhereError for what is no policy, or no mappings.
    """
    statements = [
        statement
        for number, each in enumerate(_statements(policy), start=1)
        for statement in _about_roles_anywhere(number, each)
    ]
    emitted = None if attribute_mappings is None else _emitted(attribute_mappings)
    allowing = [statement for statement in statements if statement.allows]
    if not allowing:
        return [f"No statement allows anything to {PRINCIPAL}, so no certificate can take the role."]
    faults = [
        f"No statement allows {action}, which Roles Anywhere needs to make a session."
        for action in ACTIONS
        if not any(action in statement.actions for statement in allowing)
    ]
    if not _guarded(allowing, _names_trust_anchor):
        faults.append(
            "No condition on aws:SourceArn names a trust anchor, so every trust anchor of the account may vouch for a "
            "certificate: add ArnEquals."
        )
    if not _guarded(allowing, _names_certificates):
        faults.append(
            "No condition on the certificate's subject or SAN, so every certificate of the trust anchor can take the "
            "role: add StringEquals on a field such as aws:PrincipalTag/x509Subject/OU."
        )
    for statement in statements:
        if statement.allows and statement.others:
            faults.append(
                f"{statement.label} admits {', '.join(statement.others)} beside or instead of {PRINCIPAL}: "
                "name that service alone."
            )
        for comparison in statement.comparisons:
            faults.extend(f"{statement.label} {fault}" for fault in _faults_of(comparison, emitted))
    return faults


def _statements(policy: Any) -> list[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError as error:
            raise RolesAnywhereError(f"This trust policy is not JSON: {error}.") from error
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, list) or not all(isinstance(statement, Mapping) for statement in listed):
        raise RolesAnywhereError("This is not a trust policy: it needs a Statement that is a list.")
    return listed


def _about_roles_anywhere(number: int, statement: Mapping[str, Any]) -> Iterator[_Statement]:
    """Read a statement, unless it is about other principals only."""
    principals = _principals(statement)
    others = [name for name in principals if name != PRINCIPAL]
    if PRINCIPAL not in principals and "*" not in principals:
        return
    patterns = _texts(statement.get("Action", statement.get("NotAction")))
    matched = frozenset(action for action in ACTIONS if any(_matches(action, pattern) for pattern in patterns))
    sid = statement.get("Sid")
    yield _Statement(
        label=f"Statement {number}" + (f" ({sid})" if sid else ""),
        allows=statement.get("Effect") == "Allow",
        others=["everybody" if name == "*" else name for name in others],
        actions=matched if "Action" in statement else frozenset(ACTIONS) - matched,
        comparisons=list(_comparisons(statement.get("Condition") or {})),
    )


def _principals(statement: Mapping[str, Any]) -> list[str]:
    """Name whom a statement is about; everybody is "*"."""
    if "NotPrincipal" in statement:
        return ["*"]
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return ["*"] if principal == "*" else []
    return [name for names in principal.values() for name in _texts(names)]


def _matches(action: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(action.lower(), pattern.lower())


def _comparisons(condition: Any) -> Iterator[_Comparison]:
    if not isinstance(condition, Mapping) or not all(isinstance(keys, Mapping) for keys in condition.values()):
        raise RolesAnywhereError("This is not a trust policy: a Condition needs operators, and keys under each.")
    for operator, keys in condition.items():
        for key, values in keys.items():
            yield _Comparison(str(operator), str(key), _texts(values))


def _texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, (list, tuple)) else [value])]


def _guarded(allowing: list[_Statement], names: Callable[[_Comparison], bool]) -> bool:
    """Say whether a session must meet such a condition: all that allow one of the actions have it.

    A session needs all ACTIONS, so it is enough if one of them is had only on that condition.
    """
    return any(
        all(any(map(names, statement.comparisons)) for statement in allowing if action in statement.actions)
        for action in ACTIONS
    )


def _names_trust_anchor(comparison: _Comparison) -> bool:
    return (
        comparison.positive
        and comparison.key.lower() == _SOURCE
        and not any(value.endswith(("trust-anchor/*", ":*")) or not value.strip("*") for value in comparison.values)
    )


def _names_certificates(comparison: _Comparison) -> bool:
    """Say whether this tells one workload from another; the issuer and a lone * do not."""
    tag = _TAG.fullmatch(comparison.key)
    of_certificate = comparison.key.lower() == _IDENTITY or (tag and tag[1].lower() != "x509issuer")
    return bool(
        of_certificate
        and comparison.positive
        and not any(value.strip("*") in ("", "CN=", "ID=") for value in comparison.values)
    )


def _faults_of(comparison: _Comparison, emitted: Mapping[str, list[str]] | None) -> Iterator[str]:
    """Say what is wrong with one comparison, without the statement's name."""
    tag = _TAG.fullmatch(comparison.key)
    where = f"{comparison.operator} on {comparison.key}"
    if comparison.positive and not comparison.values:
        yield f"has {where} without any value, so it never holds: give a value or leave the key out."
    if tag and not comparison.positive:
        yield (
            f"has {where}, which may also hold of a certificate without that field: "
            "name what is allowed with StringEquals."
        )
    if comparison.plain and (tag or comparison.key.lower() in (_SOURCE, _IDENTITY)):
        for value in comparison.values:
            if "*" in value or "?" in value:
                yield f"has {where} with {value!r}, where a wildcard stands for itself only: use StringLike."
    if comparison.positive and comparison.key.lower() == _SOURCE:
        yield from (
            f"has {where} with {value!r}, which is no trust anchor's ARN, so no session comes from it: "
            f"it should look like {arns.TRUST_ANCHOR.example}."
            for value in comparison.values
            if not _can_be_trust_anchor(value)
        )
    if tag:
        yield from (f"has {where}, {fault}" for fault in _faults_of_tag(comparison, tag[1], tag[2], emitted))


def _faults_of_tag(
    comparison: _Comparison, field: str, attribute: str, emitted: Mapping[str, list[str]] | None
) -> Iterator[str]:
    """Say why no session has a tag, without the name of the comparison."""
    unknown = certificate_attributes.why_unknown(field, attribute) if comparison.positive else None
    if unknown:
        yield f"so it never holds, for {unknown}."
    elif emitted is not None and not _is_emitted(field, attribute, emitted):
        yield (
            "a field that the profile's attribute mappings leave out, so no session has it: "
            "add it to the mappings or take another field."
        )


def _can_be_trust_anchor(value: str) -> bool:
    """Say whether a value of aws:SourceArn can match a trust anchor; a policy variable stands for anything."""
    pattern = re.sub(r"\$\{[^}]*\}", "*", value)
    if not re.search(r"[*?]", pattern):
        return bool(arns.TRUST_ANCHOR.pattern.fullmatch(value))
    service, resource = "rolesanywhere", "trust-anchor/"
    parts = pattern.split(":", 5)
    if len(parts) < 6:  # a wildcard stands for several parts
        return True
    literal = re.split(r"[*?]", parts[5])[0]
    return fnmatch.fnmatchcase(service, parts[2]) and (literal.startswith(resource) or resource.startswith(literal))


def _emitted(attribute_mappings: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> dict[str, list[str]]:
    """Read the mappings of a profile: field of the certificate, in lower case, to its specifiers."""
    try:
        if isinstance(attribute_mappings, Mapping):
            given = {
                field.lower(): [specifier.lower() for specifier in specifiers]
                for field, specifiers in attribute_mappings.items()
                if specifiers is not None
            }
            return {**_EVERYTHING, **given}
        return {
            mapping["certificate_field"].lower(): [
                rule["specifier"].lower() for rule in mapping.get("mapping_rules", ())
            ]
            for mapping in attribute_mappings
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise RolesAnywhereError(
            "attribute_mappings: give them as profile_info returns them, a list of certificate_field and "
            "mapping_rules, or as profile takes them."
        ) from error


def _is_emitted(field: str, attribute: str, emitted: Mapping[str, list[str]]) -> bool:
    # https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html: * is not defined for a SAN,
    # where Name and Name/ stand for Name/*.
    specifiers, wanted = emitted.get(field.lower(), []), attribute.lower()
    if wanted in specifiers:
        return True
    if field.lower() != "x509san":
        return "*" in specifiers
    return wanted.startswith("name/") and any(name in specifiers for name in ("name", "name/", "name/*"))
