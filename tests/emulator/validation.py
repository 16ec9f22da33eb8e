# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constraints of the model, and the sentences in which AWS says that a value violates them (reference §1.12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from .errors import ServiceError


def validate(shape: StructureShape | None, value: dict[str, Any]) -> None:
    """Raise a ValidationException that tells all violations of an operation's input."""
    if shape is None:
        return
    violations = list(_violations(shape, value, ""))
    if violations:
        errors = "error" if len(violations) == 1 else "errors"
        raise ServiceError(
            "ValidationException", f"{len(violations)} validation {errors} detected: {'; '.join(violations)}"
        )


def _violations(shape: Shape, value: Any, name: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _violations_of_structure(shape, value, name)
    elif isinstance(shape, ListShape):
        yield from _violations_of_size(shape, value, name)
        for position, member in enumerate(value, 1):
            yield from _violations(shape.member, member, f"{name}.{position}.member")
    elif isinstance(shape, MapShape):
        yield from _violations_of_size(shape, value, name)
    elif shape.type_name in ("string", "blob"):
        yield from _violations_of_size(shape, value, name)
        if shape.type_name == "string":
            yield from _violations_of_text(shape, value, name)
    elif shape.type_name in ("integer", "long"):
        yield from _violations_of_number(shape, value, name)


def _violations_of_structure(shape: StructureShape, value: dict[str, Any], name: str) -> Iterator[str]:
    for member, member_shape in shape.members.items():
        path = f"{name}.{member}" if name else member
        if value.get(member) is not None:
            yield from _violations(member_shape, value[member], path)
        elif member in shape.required_members:
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    if shape.is_tagged_union and len([member for member in value.values() if member is not None]) != 1:
        # An invention: clients made from the model never send this.
        yield f"Value at '{name}' failed to satisfy constraint: Member must have exactly one member set"


def _violations_of_size(shape: Shape, value: Any, name: str) -> Iterator[str]:
    bounds = shape.metadata
    if len(value) < bounds.get("min", 0):
        yield _violation(shape, value, name, f"Member must have length greater than or equal to {bounds['min']}")
    if "max" in bounds and len(value) > bounds["max"]:
        yield _violation(shape, value, name, f"Member must have length less than or equal to {bounds['max']}")


def _violations_of_text(shape: Shape, value: str, name: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield _violation(shape, value, name, f"Member must satisfy regular expression pattern: ^{pattern}$")
    choices = getattr(shape, "enum", [])
    if choices and value not in choices:
        yield _violation(shape, value, name, f"Member must satisfy enum value set: [{', '.join(choices)}]")


def _violations_of_number(shape: Shape, value: int, name: str) -> Iterator[str]:
    bounds = shape.metadata
    if "min" in bounds and value < bounds["min"]:
        yield _violation(shape, value, name, f"Member must have value greater than or equal to {bounds['min']}")
    if "max" in bounds and value > bounds["max"]:
        yield _violation(shape, value, name, f"Member must have value less than or equal to {bounds['max']}")


def _violation(shape: Shape, value: Any, name: str, constraint: str) -> str:
    return f"Value{_echo(shape, value)} at '{name}' failed to satisfy constraint: {constraint}"


def _echo(shape: Shape, value: Any) -> str:
    """Repeat a value in a sentence, lists as Java writes them; not what is sensitive, binary or structured."""
    if (
        isinstance(shape, ListShape)
        and shape.member.type_name == "string"
        and not shape.member.metadata.get("sensitive")
    ):
        return f" '[{', '.join(value)}]'"
    is_plain = isinstance(value, (str, int)) and not shape.metadata.get("sensitive")
    return f" '{value}'" if is_plain else ""
