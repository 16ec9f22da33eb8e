# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers of REST-JSON, read and written by the shapes of the model."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from werkzeug import Request

from .errors import ServiceError

_KINDS = {
    "string": str,
    "boolean": bool,
    "structure": dict,
    "list": list,
    "map": dict,
    "blob": str,
    "integer": int,
    "long": int,
}


def read_input(operation: OperationModel, labels: dict[str, str], request: Request) -> dict[str, Any]:
    """Gather an operation's input from path, query and body; raises SerializationException for wrong types."""
    shape = operation.input_shape
    if shape is None:
        return {}
    body = _read_body(request)
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if location == "uri":
            values[name] = labels[key]
        elif location == "querystring":
            given = request.args.getlist(key)
            if given:
                values[name] = given if isinstance(member, ListShape) else _read_query(member, given[0], name)
        elif body.get(name) is not None:
            values[name] = _read(member, body.pop(name), name)
        else:
            body.pop(name, None)
    _refuse_unknown(body, "")
    return values


def _read_body(request: Request) -> dict[str, Any]:
    text = request.get_data()
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        raise ServiceError("SerializationException", "The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object.")
    return body


def _read_query(shape: Shape, text: str, name: str) -> Any:
    if shape.type_name != "integer":
        return text
    try:
        return int(text)
    except ValueError:
        raise _wrong_type(shape, name) from None


def _read(shape: Shape, value: Any, name: str) -> Any:
    kind = _KINDS[shape.type_name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _wrong_type(shape, name)
    if isinstance(shape, StructureShape):
        known = {key: member for key, member in shape.members.items() if value.get(key) is not None}
        _refuse_unknown({key: member for key, member in value.items() if key not in shape.members}, f"{name}.")
        return {key: _read(member, value[key], f"{name}.{key}") for key, member in known.items()}
    if isinstance(shape, ListShape):
        return [_read(shape.member, member, name) for member in value]
    if shape.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            raise _wrong_type(shape, name) from None
    return value


def _wrong_type(shape: Shape, name: str) -> ServiceError:
    # The sentence is an invention.
    return ServiceError("SerializationException", f"The value of {name} is not of type {shape.type_name}.")


def _refuse_unknown(values: dict[str, Any], prefix: str) -> None:
    # An invention: AWS may well ignore such a member. A client that counts on one would be let down there.
    for name in values:
        raise ServiceError("ValidationException", f"There is no member '{prefix}{name}'.")


def write(shape: Shape, value: Any, write_time: Callable[[datetime], object] | None = None) -> Any:
    """Turn a value into JSON's terms; a structure may be a mapping or an object with snake_case attributes.

    write_time: for protocols that write times differently.
    """
    if isinstance(shape, StructureShape):
        members = {name: _member(value, name) for name in shape.members}
        return {
            name: write(shape.members[name], member, write_time)
            for name, member in members.items()
            if member is not None
        }
    if isinstance(shape, ListShape):
        return [write(shape.member, member, write_time) for member in value]
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    if shape.type_name == "timestamp":
        return (write_time or _write_time)(value)
    return value


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, xform_name(name))


def _write_time(moment: datetime) -> str:
    """Write a timestamp with the nine fractional digits that AWS has sent since 2024 (reference §1.5)."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
