# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision that a set of IAM policies makes about one action on one resource.

Pure: documents and facts in, a decision with its reason out. An explicit deny wins, then an allow, and what nothing
allows is denied (IAM user guide, "Policy evaluation logic"). Whatever the emulator does not understand never allows:
an Allow counts only when it surely applies, a Deny counts unless it surely does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from . import conditions, patterns
from .conditions import ARN_COMPONENTS, Finding, Outcome, outcome_of
from .patterns import Context

Policy = Mapping[str, object]

_ELEMENTS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


class Effect(Enum):
    """What a set of policies says of a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


class Decision(NamedTuple):
    """The effect and, in words, the statement it came from."""

    effect: Effect
    reason: str

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.effect is Effect.ALLOW


class Principal(NamedTuple):
    """Who asks, as a role's trust policy names it.

    kind is a key of the Principal element ("Service", "AWS"); names are all names it may be called by there.
    """

    kind: str
    names: tuple[str, ...]


class Permission(NamedTuple):
    """What a call needs to be allowed: an action on a resource, and the condition keys that belong to it."""

    action: str  # "s3:GetObject"
    resource: str | None  # its ARN; None when the emulator cannot tell which one is meant
    context: Context = MappingProxyType({})


def decide(
    policies: Iterable[Policy],
    action: str,
    resource: str | None,
    context: Context,
    principal: Principal | None = None,
) -> Decision:
    """Decide about an action ("s3:GetObject") on a resource (its ARN).

    A resource of None means that the emulator cannot tell which one is meant: only `"Resource": "*"` then allows.
    With a principal the policies are trust policies, whose statements name principals and no resources.
    """
    allow = None
    for statement in (statement for policy in policies for statement in _statements(policy)):
        finding = _applies(statement, action, resource, context, principal)
        label = f"statement {statement.get('Sid') or 'without Sid'}"
        if statement.get("Effect") == "Allow":
            if finding.outcome is Outcome.HOLDS:
                allow = allow or Decision(Effect.ALLOW, f"{label} allows {action}")
        elif finding.outcome is not Outcome.FAILS:
            return Decision(Effect.EXPLICIT_DENY, f"{label} denies {action}: {finding.reason}")
    return allow or Decision(Effect.IMPLICIT_DENY, f"no statement allows {action} on {resource or 'this resource'}")


def _statements(policy: Policy) -> list[Mapping[str, object]]:
    """List a document's statements; one that cannot be read becomes a statement that denies everything."""
    statements = policy.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(statement, dict) for statement in listed):
        return [{"Sid": "(unreadable policy)"}]
    # Before 2012-10-17 "${" was plain text. Such policies are not met here, so they are not understood either.
    if "${" in str(listed) and policy.get("Version") != "2012-10-17":
        return [{"Sid": "(policy variables without Version 2012-10-17)"}]
    return listed


def _applies(
    statement: Mapping[str, object], action: str, resource: str | None, context: Context, principal: Principal | None
) -> Finding:
    if set(statement) - _ELEMENTS or statement.get("Effect") not in ("Allow", "Deny"):
        return Finding(Outcome.UNDECIDED, "the statement cannot be read")
    findings = [_either(statement, "Action", lambda pattern: _action_matches(pattern, action))]
    if principal is None:
        findings.append(_either(statement, "Resource", lambda pattern: _resource_matches(pattern, resource, context)))
    findings.append(_principal_matches(statement, principal))
    if "Condition" in statement:
        findings.append(conditions.evaluate(statement["Condition"], context))
    return conditions.everything_holds(findings)


def _either(statement: Mapping[str, object], element: str, matches: Callable[[str], Outcome]) -> Finding:
    """Match the element or its Not form: exactly one of them stands there, with a text or a list of texts."""
    present = [name for name in (element, f"Not{element}") if name in statement]
    if len(present) != 1:
        return Finding(Outcome.UNDECIDED, f"the statement has not exactly one {element} element")
    patterns_of_element = _texts(statement[present[0]])
    if not patterns_of_element:
        return Finding(Outcome.UNDECIDED, f"the {present[0]} element cannot be read")
    outcomes = [matches(pattern) for pattern in patterns_of_element]
    outcome = next(
        (wanted for wanted in (Outcome.HOLDS, Outcome.UNDECIDED) if wanted in outcomes),
        Outcome.FAILS,
    )
    if present[0] != element and outcome is not Outcome.UNDECIDED:
        outcome = outcome_of(outcome is Outcome.FAILS)
    return Finding(outcome, f"its {present[0]} element")


def _texts(value: object) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(text, str) for text in values) else ()


def _action_matches(pattern: str, action: str) -> Outcome:
    # Variables are not allowed in Action; a "$" there matches itself and so no action.
    return outcome_of(bool(patterns.matches(pattern.replace("$", "${$}"), action, {}, ignore_case=True)))


def _resource_matches(pattern: str, resource: str | None, context: Context) -> Outcome:
    if pattern == "*":
        return Outcome.HOLDS
    if resource is None or patterns.matches(pattern, resource, context) is None:
        return Outcome.UNDECIDED
    wanted = pattern.split(":", ARN_COMPONENTS - 1)
    actual = resource.split(":", ARN_COMPONENTS - 1)
    same_length = len(wanted) == len(actual)
    if same_length and all(patterns.matches(*pair, context) for pair in zip(wanted, actual, strict=True)):
        return Outcome.HOLDS
    # A wildcard that reaches over a colon ("arn:aws:s3*"): the user guide speaks of wildcards within one component.
    return Outcome.UNDECIDED if patterns.matches(pattern, resource, context) else Outcome.FAILS


def _principal_matches(statement: Mapping[str, object], principal: Principal | None) -> Finding:
    named = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if principal is None:
        holds = not named
        return Finding(outcome_of(holds) if holds else Outcome.UNDECIDED, "an identity's policy names a principal")
    if len(named) != 1 or "Resource" in statement or "NotResource" in statement:
        return Finding(Outcome.UNDECIDED, "not a statement of a trust policy")
    outcome = _is_named(statement[named[0]], principal)
    if named == ["NotPrincipal"]:
        outcome = Outcome.FAILS if outcome is Outcome.HOLDS else Outcome.UNDECIDED
    return Finding(outcome, f"its {named[0]} element")


def _is_named(element: object, principal: Principal) -> Outcome:
    groups = {"AWS": "*"} if element == "*" else element
    if not isinstance(groups, dict):
        return Outcome.UNDECIDED
    if set(_texts(groups.get(principal.kind, ()))) & set(principal.names):
        return Outcome.HOLDS
    if "*" in _texts(groups.get("AWS", "")):
        # "Everyone" are the identities of AWS accounts. That it covers a service is written nowhere.
        return Outcome.HOLDS if principal.kind == "AWS" else Outcome.UNDECIDED
    return Outcome.FAILS
