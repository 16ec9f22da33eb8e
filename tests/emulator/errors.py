# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Roles Anywhere says no: a code, a sentence and an HTTP status (reference §1.12)."""

from __future__ import annotations

import json
import uuid

from werkzeug import Response

STATUS = {
    "ValidationException": 400,
    "SerializationException": 400,
    "TooManyTagsException": 400,
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "UnknownOperationException": 404,
    "ThrottlingException": 429,
    "InternalServerException": 500,
}


class ServiceError(Exception):
    """A request that is refused; the code is one of STATUS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self) -> Response:
        """Put the refusal on the wire."""
        return json_response(STATUS[self.code], {"message": self.message}, {"x-amzn-ErrorType": self.code})


def json_response(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON and a request id, as every AWS service does."""
    return Response(
        json.dumps(body),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})},
        content_type="application/json",
    )
