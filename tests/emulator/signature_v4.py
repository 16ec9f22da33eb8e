# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of an ordinary AWS call, AWS4-HMAC-SHA256 (AWS IAM user guide, "Signature Version 4")."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from botocore.utils import normalize_url_path
from werkzeug import Request

from .canonical_request import DATE_FORMAT, Authorization, canonical_request, signed_headers, string_to_sign

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")  # S3 only


def is_current(request: Request, authorization: Authorization, now: datetime, window: timedelta) -> bool:
    """Tell whether the request was signed at about this time, and its date is that of its scope."""
    timestamp = request.headers.get("X-Amz-Date", "")
    try:
        signed_at = datetime.strptime(timestamp, DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return False
    return timestamp.startswith(authorization.date) and abs(signed_at - now) <= window


def is_valid(request: Request, authorization: Authorization, secret_access_key: str) -> bool:
    """Tell whether the signature is that of this request with this key."""
    headers = signed_headers(request, authorization)
    payload_hash = _payload_hash(request, authorization)
    required = {"host", "x-amz-date", *(name.lower() for name, _ in request.headers if _is_protected(name))}
    if headers is None or payload_hash is None or not required <= set(authorization.signed_headers):
        return False
    path = request.environ["REQUEST_URI"].partition("?")[0]
    if authorization.service != "s3":
        path = quote(normalize_url_path(path), safe="/~")
    canonical = canonical_request(request.method, path, request.query_string.decode(), headers, payload_hash)
    text = string_to_sign(authorization, request.headers["X-Amz-Date"], canonical)
    return hmac.compare_digest(_sign(authorization, secret_access_key, text), authorization.signature)


def _is_protected(header: str) -> bool:
    return header.lower().startswith("x-amz-")


def _payload_hash(request: Request, authorization: Authorization) -> str | None:
    """Find the hash that the client signed; None when the body is another one."""
    actual = hashlib.sha256(request.get_data()).hexdigest()
    claimed = request.headers.get("X-Amz-Content-SHA256", actual)
    may_be_unsigned = authorization.service == "s3" and claimed in UNSIGNED
    return claimed if claimed == actual or may_be_unsigned else None


def _sign(authorization: Authorization, secret_access_key: str, text: str) -> bytes:
    key = f"AWS4{secret_access_key}".encode()
    for part in (*authorization.scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
