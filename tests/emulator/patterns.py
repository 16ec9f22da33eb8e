# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcards and policy variables of IAM policies.

`*` stands for any run of characters, `?` for any single one. A variable `${aws:username}` stands for the value
that the request has for that key, `${key, 'default'}` has a value for its absence, and `${*}`, `${?}`, `${$}` stand
for the characters themselves (IAM user guide, "IAM policy elements: Variables and tags").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# What is known of a request: condition key to its value or values. A key with an empty sequence is known to be
# absent; an entry that ends in "/" says so of its whole family ("aws:PrincipalTag/"). A key of which the context says
# nothing at all is one that the emulator does not model: nothing may be concluded from it.
Context = Mapping[str, "str | Sequence[str]"]

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*,\s*'(?P<default>[^']*)'")
_THEMSELVES = ("*", "?", "$")
_WILDCARDS = {"*": ".*", "?": "."}


def lookup(context: Context, key: str) -> tuple[str, ...] | None:
    """Find the request's values for a key (names ignore case): empty when absent, None when not modelled."""
    wanted = key.lower()
    family = wanted.partition("/")[0] + "/"
    found: str | Sequence[str] | None = None
    for name, value in context.items():
        if name.lower() == wanted:
            return (value,) if isinstance(value, str) else tuple(value)
        if name.lower() == family:
            found = ()
    return None if found is None else ()


def literal(text: str, context: Context) -> str | None:
    """Replace the variables of a text; answer None when one of them has no single value."""
    pieces = _pieces(text, context)
    return None if pieces is None else "".join(piece for piece, _ in pieces)


def matches(pattern: str, value: str, context: Context, ignore_case: bool = False) -> bool | None:
    """Tell whether the value fits the pattern; None when a variable of the pattern has no single value."""
    pieces = _pieces(pattern, context)
    if pieces is None:
        return None
    expression = "".join(re.escape(piece) if replaced else _wildcards(piece) for piece, replaced in pieces)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _wildcards(text: str) -> str:
    return "".join(_WILDCARDS.get(character, re.escape(character)) for character in text)


def _pieces(text: str, context: Context) -> list[tuple[str, bool]] | None:
    """Split a text, telling of each piece whether it came from a variable (its wildcards are then plain)."""
    pieces: list[tuple[str, bool]] = []
    for position, piece in enumerate(_VARIABLE.split(text)):
        is_variable = position % 2 == 1
        value = _value(piece, context) if is_variable else piece
        if value is None:
            return None
        pieces.append((value, is_variable))
    return pieces


def _value(variable: str, context: Context) -> str | None:
    if variable in _THEMSELVES:
        return variable
    with_default = _DEFAULT.fullmatch(variable)
    values = lookup(context, with_default["key"] if with_default else variable)
    if values is not None and len(values) == 1:
        return values[0]
    return with_default["default"] if with_default and values == () else None
