# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How services say that a call is not authentic or not allowed: codes and bodies by protocol.

AWS's pages "Common errors" of each API; S3 and EC2 have codes of their own.
"""

from __future__ import annotations

import json
import uuid
from enum import Enum
from xml.sax.saxutils import escape

from moto.core.utils import get_service_model
from werkzeug import Response


class Fault(Enum):
    """What is wrong with a call."""

    NOT_SIGNED = "Request is missing Authentication Token"
    UNKNOWN_KEY = "The security token included in the request is invalid."
    WRONG_TOKEN = "The security token included in the request is invalid"
    EXPIRED = "The security token included in the request is expired"
    NOT_CURRENT = "Signature expired or not yet current"
    WRONG_SIGNATURE = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )
    DENIED = "Access Denied"
    INVALID = "The request is not valid"
    NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"


class Refusal(Exception):
    """A call that is refused; the sentence is the fault's own unless another is given."""

    def __init__(self, fault: Fault, message: str | None = None) -> None:
        super().__init__(message or fault.value)
        self.fault = fault
        self.message = message or fault.value


# Status and code of each fault, in the order: S3, EC2, query (STS, IAM …), JSON.
_CODES = {
    Fault.NOT_SIGNED: (
        (403, "AccessDenied"),
        (401, "AuthFailure"),
        (403, "MissingAuthenticationToken"),
        (400, "MissingAuthenticationTokenException"),
    ),
    Fault.UNKNOWN_KEY: (
        (403, "InvalidAccessKeyId"),
        (401, "AuthFailure"),
        (403, "InvalidClientTokenId"),
        (400, "UnrecognizedClientException"),
    ),
    Fault.WRONG_TOKEN: (
        (400, "InvalidToken"),
        (401, "AuthFailure"),
        (403, "InvalidClientTokenId"),
        (400, "UnrecognizedClientException"),
    ),
    Fault.EXPIRED: (
        (400, "ExpiredToken"),
        (400, "RequestExpired"),
        (403, "ExpiredToken"),
        (400, "ExpiredTokenException"),
    ),
    Fault.NOT_CURRENT: (
        (403, "RequestTimeTooSkewed"),
        (400, "RequestExpired"),
        (403, "SignatureDoesNotMatch"),
        (400, "InvalidSignatureException"),
    ),
    Fault.WRONG_SIGNATURE: (
        (403, "SignatureDoesNotMatch"),
        (401, "AuthFailure"),
        (403, "SignatureDoesNotMatch"),
        (400, "InvalidSignatureException"),
    ),
    Fault.DENIED: (
        (403, "AccessDenied"),
        (403, "UnauthorizedOperation"),
        (403, "AccessDenied"),
        (400, "AccessDeniedException"),
    ),
    Fault.INVALID: (
        (400, "InvalidRequest"),
        (400, "InvalidParameterValue"),
        (400, "ValidationError"),
        (400, "ValidationException"),
    ),
    Fault.NOT_IMPLEMENTED: (
        (501, "NotImplemented"),
        (400, "UnsupportedOperation"),
        (400, "ValidationError"),
        (400, "ValidationException"),
    ),
}
_S3, _EC2, _QUERY, _JSON = range(4)


def response(refusal: Refusal, service: str) -> Response:
    """Write a refusal as the named service (of the credential scope) would."""
    family, is_rest = _family(service)
    status, code = _CODES[refusal.fault][family]
    request_id = str(uuid.uuid4())
    if family == _JSON:
        body = json.dumps({"__type": code, "message": refusal.message})
        headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": request_id}
        # The JSON protocol answers 400 to all of them, REST-JSON 403.
        return Response(body, 403 if is_rest else status, headers, content_type="application/x-amz-json-1.0")
    body = _XML[family].format(code=code, message=escape(refusal.message), request_id=request_id)
    return Response(body, status, {"x-amzn-RequestId": request_id}, content_type="text/xml")


def _family(service: str) -> tuple[int, bool]:
    if service in ("s3", "ec2"):
        return (_S3 if service == "s3" else _EC2), False
    try:
        protocol = str(get_service_model(service).protocol)
    except Exception:  # noqa: BLE001 - whatever botocore says of a name that it does not know, the call is refused
        return _JSON, False
    return (_QUERY if protocol in ("query", "rest-xml") else _JSON), protocol == "rest-json"


_XML = {
    _S3: "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>",
    _EC2: "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{request_id}</RequestID></Response>",
    _QUERY: "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>{request_id}</RequestId></ErrorResponse>",
}
