# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How AWS Private CA says no: JSON 1.1, always with HTTP status 400 but for its own faults.

Codes are those of botocore's model. Sentences are inventions unless the reference quotes them.
"""

from __future__ import annotations

import json
import uuid

from werkzeug import Response

from .errors import ServiceError

CONTENT_TYPE = "application/x-amz-json-1.1"
_FAULTS = {"InternalServerException": ("InternalFailure", 500)}  # the common name of it in this protocol


class PrivateCaError(ServiceError):
    """A request that AWS Private CA refuses; the code is one of its model's."""


def response(error: ServiceError) -> Response:
    """Put a refusal on the wire, one of the shared validation's, too."""
    code, status = _FAULTS.get(error.code, (error.code, 400))
    body = json.dumps({"__type": code, "message": error.message})
    return Response(body, status, {"x-amzn-RequestId": str(uuid.uuid4())}, content_type=CONTENT_TYPE)
