# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How services say that a call is not authentic or not allowed: codes and bodies by protocol.

AWS's pages "Common errors" of each API; S3 and EC2 have codes of their own.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from enum import Enum
from xml.sax.saxutils import escape

from botocore.exceptions import BotoCoreError
from moto.core.utils import get_service_model
from werkzeug import Response

from .permissions import models_of

REST_JSON_STATUS = 403  # the JSON protocol answers 400 to all of these


@dataclass(frozen=True)
class Wording:
    """The sentence for a fault, and its status and code in each kind of protocol."""

    sentence: str
    s3: tuple[int, str]
    ec2: tuple[int, str]
    query: tuple[int, str]  # STS, IAM …
    json: tuple[int, str]


class Fault(Enum):
    """What is wrong with a call."""

    NOT_SIGNED = Wording(
        "Request is missing Authentication Token",
        s3=(403, "AccessDenied"),
        ec2=(401, "AuthFailure"),
        query=(403, "MissingAuthenticationToken"),
        json=(400, "MissingAuthenticationTokenException"),
    )
    UNKNOWN_KEY = Wording(
        "The security token included in the request is invalid.",
        s3=(403, "InvalidAccessKeyId"),
        ec2=(401, "AuthFailure"),
        query=(403, "InvalidClientTokenId"),
        json=(400, "UnrecognizedClientException"),
    )
    WRONG_TOKEN = Wording(
        "The security token included in the request is invalid.",
        s3=(400, "InvalidToken"),
        ec2=(401, "AuthFailure"),
        query=(403, "InvalidClientTokenId"),
        json=(400, "UnrecognizedClientException"),
    )
    EXPIRED = Wording(
        "The security token included in the request is expired",
        s3=(400, "ExpiredToken"),
        ec2=(400, "RequestExpired"),
        query=(403, "ExpiredToken"),
        json=(400, "ExpiredTokenException"),
    )
    NOT_CURRENT = Wording(
        "Signature expired or not yet current",
        s3=(403, "RequestTimeTooSkewed"),
        ec2=(400, "RequestExpired"),
        query=(403, "SignatureDoesNotMatch"),
        json=(400, "InvalidSignatureException"),
    )
    WRONG_SIGNATURE = Wording(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.",
        s3=(403, "SignatureDoesNotMatch"),
        ec2=(401, "AuthFailure"),
        query=(403, "SignatureDoesNotMatch"),
        json=(400, "InvalidSignatureException"),
    )
    DENIED = Wording(
        "Access Denied",
        s3=(403, "AccessDenied"),
        ec2=(403, "UnauthorizedOperation"),
        query=(403, "AccessDenied"),
        json=(400, "AccessDeniedException"),
    )
    INVALID = Wording(
        "The request is not valid",
        s3=(400, "InvalidRequest"),
        ec2=(400, "InvalidParameterValue"),
        query=(400, "ValidationError"),
        json=(400, "ValidationException"),
    )
    NOT_IMPLEMENTED = Wording(
        "A header you provided implies functionality that is not implemented",
        s3=(501, "NotImplemented"),
        ec2=(400, "UnsupportedOperation"),
        query=(400, "ValidationError"),
        json=(400, "ValidationException"),
    )


class Refusal(Exception):
    """A call that is refused; the sentence is the fault's own unless another is given."""

    def __init__(self, fault: Fault, message: str | None = None) -> None:
        super().__init__(message or fault.value.sentence)
        self.fault = fault
        self.message = message or fault.value.sentence


def response(refusal: Refusal, service: str) -> Response:
    """Write a refusal as the named service (of the credential scope) would."""
    wording, protocol = refusal.fault.value, _protocol(service)
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if protocol in ("json", "rest-json"):
        status, code = wording.json
        body = json.dumps({"__type": code, "message": refusal.message})
        headers["x-amzn-ErrorType"] = code
        status = REST_JSON_STATUS if protocol == "rest-json" else status
        return Response(body, status, headers, content_type="application/x-amz-json-1.0")
    status, code = getattr(wording, protocol)
    body = _XML[protocol].format(code=code, message=escape(refusal.message), request_id=request_id)
    return Response(body, status, headers, content_type="text/xml")


def _protocol(service: str) -> str:
    """Name the kind of protocol: s3, ec2, query, json or rest-json."""
    if service in ("s3", "ec2"):
        return service
    try:
        protocol = str(get_service_model(models_of(service)[0]).resolved_protocol)  # the one that botocore speaks
    except BotoCoreError:
        return "json"
    return protocol if protocol in ("json", "rest-json") else "query"


_XML = {
    "s3": "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>",
    "ec2": "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    "<RequestID>{request_id}</RequestID></Response>",
    "query": "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "<RequestId>{request_id}</RequestId></ErrorResponse>",
}
