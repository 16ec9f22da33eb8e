# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Condition blocks of IAM policies, evaluated without guessing.

The rules are those of the IAM user guide, "IAM JSON policy elements: Condition operators" and "Set operators for
multivalued context keys". An evaluation has three outcomes: where the emulator does not know an operator or a key, or
a value cannot be read, the outcome is UNDECIDED, which an Allow takes for "does not hold" and a Deny for "holds".
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from . import patterns
from .patterns import Context

ARN_COMPONENTS = 6  # arn:partition:service:region:account:resource


class Outcome(Enum):
    """Whether something holds of a request."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "cannot be decided"


class Finding(NamedTuple):
    """An outcome and what it came from, for the reason of a decision."""

    outcome: Outcome
    reason: str


class UnreadableError(Exception):
    """A value in a policy or a request that the operator cannot read, or a variable without a value."""


def everything_holds(findings: Iterable[Finding]) -> Finding:
    """All must hold: one failure decides, whatever else is undecided."""
    undecided = None
    for finding in findings:
        if finding.outcome is Outcome.FAILS:
            return finding
        if finding.outcome is Outcome.UNDECIDED:
            undecided = undecided or finding
    return undecided or Finding(Outcome.HOLDS, "everything holds")


def outcome_of(holds: bool) -> Outcome:
    """Turn the answer of a comparison into an outcome."""
    return Outcome.HOLDS if holds else Outcome.FAILS


def evaluate(block: object, context: Context) -> Finding:
    """Evaluate a statement's Condition element: every operator and every key in it must hold."""
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        return Finding(Outcome.UNDECIDED, "the Condition element is not of operators and keys")
    return everything_holds(
        Finding(_evaluate_key(operator, key, _as_texts(wanted), context), f"condition {operator} {key}")
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def _evaluate_key(operator: str, key: str, wanted: tuple[str, ...], context: Context) -> Outcome:
    try:
        return outcome_of(_holds(operator, key, wanted, context))
    except UnreadableError:
        return Outcome.UNDECIDED


def _holds(operator: str, key: str, wanted: tuple[str, ...], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name[: -len("IfExists")] if if_exists else name
    actual = patterns.lookup(context, key)
    if actual is None or not wanted or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnreadableError(operator)
    if operator == "Null":
        return _is_absent(actual, wanted)
    if name not in OPERATORS:
        raise UnreadableError(operator)
    comparison, negated = OPERATORS[name]
    if not actual:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    if len(actual) > 1 and not quantifier:
        raise UnreadableError(operator)  # AWS leaves open what a plain operator does with several values
    held = [any(comparison(value, text, context) for text in wanted) != negated for value in actual]
    return any(held) if quantifier == "ForAnyValue" else all(held)


def _as_texts(wanted: object) -> tuple[str, ...]:
    """Read the policy's value or values: JSON's booleans and numbers may stand there without quotes."""
    values = wanted if isinstance(wanted, list) else [wanted]
    if not all(isinstance(value, (str, bool, int, float)) for value in values):
        return ()
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def _is_absent(actual: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if len(wanted) != 1 or wanted[0].lower() not in ("true", "false"):
        raise UnreadableError(wanted)
    return (not actual) == (wanted[0].lower() == "true")


def _plain(wanted: str, context: Context) -> str:
    text = patterns.literal(wanted, context)
    if text is None:
        raise UnreadableError(wanted)
    return text


def _string_equals(actual: str, wanted: str, context: Context) -> bool:
    return actual == _plain(wanted, context)


def _string_equals_ignore_case(actual: str, wanted: str, context: Context) -> bool:
    return actual.casefold() == _plain(wanted, context).casefold()


def _string_like(actual: str, wanted: str, context: Context) -> bool:
    matched = patterns.matches(wanted, actual, context)
    if matched is None:
        raise UnreadableError(wanted)
    return matched


def _bool(actual: str, wanted: str, context: Context) -> bool:
    text = _plain(wanted, context).lower()
    if text not in ("true", "false"):
        raise UnreadableError(wanted)
    return actual.lower() == text


def _arn_like(actual: str, wanted: str, context: Context) -> bool:
    """Each of the six components is matched by itself: a wildcard does not reach over a colon."""
    actual_components = actual.split(":", ARN_COMPONENTS - 1)
    wanted_components = wanted.split(":", ARN_COMPONENTS - 1)
    if len(wanted_components) != ARN_COMPONENTS or len(actual_components) != ARN_COMPONENTS:
        raise UnreadableError(wanted)
    return all(_string_like(*pair, context) for pair in zip(actual_components, wanted_components, strict=True))


def _ip_address(actual: str, wanted: str, context: Context) -> bool:
    try:
        address = ipaddress.ip_address(actual)
        network = ipaddress.ip_network(_plain(wanted, context), strict=False)
    except ValueError as error:
        raise UnreadableError(wanted) from error
    return address in network


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise UnreadableError(text) from error
    if not number.is_finite():
        raise UnreadableError(text)
    return number


def _date(text: str) -> datetime.datetime:
    """Read a date in the W3C profile of ISO 8601, or seconds since 1970."""
    try:
        if text.isdecimal():
            return datetime.datetime.fromtimestamp(int(text), datetime.UTC)
        date = datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(text) from error
    return date if date.tzinfo else date.replace(tzinfo=datetime.UTC)


Comparison = Callable[[str, str, Context], bool]


def _ordered(read: Callable[[str], Decimal | datetime.datetime]) -> dict[str, tuple[Comparison, bool]]:
    """Make the six comparisons that numbers and dates share, by the end of their names."""

    def comparison(compare: Callable[[object, object], bool]) -> Comparison:
        return lambda actual, wanted, context: compare(read(actual), read(_plain(wanted, context)))

    equals = comparison(lambda actual, wanted: actual == wanted)
    return {
        "Equals": (equals, False),
        "NotEquals": (equals, True),
        "LessThan": (comparison(lambda actual, wanted: actual < wanted), False),
        "LessThanEquals": (comparison(lambda actual, wanted: actual <= wanted), False),
        "GreaterThan": (comparison(lambda actual, wanted: actual > wanted), False),
        "GreaterThanEquals": (comparison(lambda actual, wanted: actual >= wanted), False),
    }


# Each operator's comparison of one value of the request with one of the policy, and whether the operator negates it.
OPERATORS: dict[str, tuple[Comparison, bool]] = {
    "StringEquals": (_string_equals, False),
    "StringNotEquals": (_string_equals, True),
    "StringEqualsIgnoreCase": (_string_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_string_equals_ignore_case, True),
    "StringLike": (_string_like, False),
    "StringNotLike": (_string_like, True),
    "Bool": (_bool, False),
    "IpAddress": (_ip_address, False),
    "NotIpAddress": (_ip_address, True),
    "ArnEquals": (_arn_like, False),  # the user guide: ArnEquals and ArnLike behave identically
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    **{f"Numeric{name}": entry for name, entry in _ordered(_number).items()},
    **{f"Date{name}": entry for name, entry in _ordered(_date).items()},
}
