# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CreateSession request says: ARNs in query or body, certificates in headers (reference §2.1).

The sentences for malformed requests are inventions in the form of §1.12; AWS's model of CreateSession is not public.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from werkzeug import Request

from . import refusals
from .assume_role import SESSION_NAME
from .certificates import MOST_PRESENTED
from .errors import ServiceError

DURATIONS = (900, 43200)  # seconds
MOST_INSTANCE_PROPERTIES = 50
LONGEST_INSTANCE_PROPERTY = 200


@dataclass(frozen=True)
class SessionRequest:
    """A CreateSession request, well formed; nothing about it is believed yet."""

    trust_anchor_arn: str
    profile_arn: str
    role_arn: str
    duration_seconds: int | None
    role_session_name: str | None
    instance_properties: Mapping[str, str] | None
    leaf: x509.Certificate
    presented: tuple[x509.Certificate, ...]


def read(request: Request) -> SessionRequest:
    """Read a request; raises ServiceError."""
    body = _body(request)
    return SessionRequest(
        trust_anchor_arn=_arn(request, body, "trustAnchorArn"),
        profile_arn=_arn(request, body, "profileArn"),
        role_arn=_arn(request, body, "roleArn"),
        duration_seconds=_duration(body.get("durationSeconds")),
        role_session_name=_role_session_name(body.get("roleSessionName")),
        instance_properties=_instance_properties(body.get("instanceProperties")),
        leaf=_certificate(request.headers.get("X-Amz-X509", "")),
        presented=_presented(request.headers.get("X-Amz-X509-Chain")),
    )


def _body(request: Request) -> dict[str, Any]:
    text = request.get_data()
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        raise ServiceError("SerializationException", "The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object.")
    return body


def _arn(request: Request, body: Mapping[str, Any], name: str) -> str:
    """The helper has the ARNs in the query, the awslabs library in the body. With both the query wins (§9.32)."""
    given = request.args.getlist(name) or [body.get(name)]
    if len(given) != 1 or not isinstance(given[0], str) or not given[0]:
        raise _invalid("null", name, "not be null")
    return given[0]


def _duration(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ServiceError("SerializationException", "The value of durationSeconds is not an integer.")
    shortest, longest = DURATIONS
    if value < shortest:
        raise _invalid(value, "durationSeconds", f"have value greater than or equal to {shortest}")
    if value > longest:
        raise _invalid(value, "durationSeconds", f"have value less than or equal to {longest}")
    return value


def _role_session_name(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ServiceError("SerializationException", "The value of roleSessionName is not a string.")
    if not SESSION_NAME.fullmatch(value):
        raise _invalid(value, "roleSessionName", "satisfy regular expression pattern: ^[\\w+=,.@-]{2,64}$")
    return value


def _instance_properties(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ServiceError("SerializationException", "The value of instanceProperties is not a map of strings.")
    texts = [text for pair in value.items() for text in pair]
    if len(value) > MOST_INSTANCE_PROPERTIES or not all(1 <= len(text) <= LONGEST_INSTANCE_PROPERTY for text in texts):
        raise _invalid(value, "instanceProperties", "have 0 to 50 entries of 1 to 200 characters")
    return value


def _presented(header: str | None) -> tuple[x509.Certificate, ...]:
    if header is None:
        return ()
    encoded = header.split(",")
    if len(encoded) > MOST_PRESENTED:
        raise refusals.denied(refusals.UNTRUSTED)  # an invention, as is the next one
    return tuple(_certificate(text) for text in encoded)


def _certificate(text: str) -> x509.Certificate:
    """Read base64 of DER; a certificate that cannot be read is a certificate that does not suffice."""
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        certificate.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise refusals.denied(refusals.INSUFFICIENT) from None
    return certificate


def _invalid(value: object, name: str, constraint: str) -> ServiceError:
    quoted = value if value == "null" else f"'{value}'"
    failed = f"Value {quoted} at '{name}' failed to satisfy constraint: Member must {constraint}"
    return ServiceError("ValidationException", f"1 validation error detected: {failed}")
