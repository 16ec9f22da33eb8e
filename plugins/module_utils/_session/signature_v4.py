# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4 with an access key (IAM user guide), for the call that proves a session."""

from __future__ import annotations

import hashlib
import hmac

from .canonical_request import Scope, authorization, canonical_request, string_to_sign
from .session import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"


def signed(
    credentials: Credentials, scope: Scope, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> dict[str, str]:
    """Return ``headers`` with X-Amz-Date, X-Amz-Security-Token and Authorization; all of those given are signed."""
    to_sign = {**headers, "X-Amz-Date": scope.timestamp}
    if credentials.session_token:
        to_sign["X-Amz-Security-Token"] = credentials.session_token
    text = string_to_sign(ALGORITHM, scope, canonical_request(method, path, query, to_sign, body))
    key = b"AWS4" + credentials.secret_access_key.encode("utf-8")
    for part in str(scope).split("/"):
        key = hmac.new(key, part.encode("utf-8"), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()
    header = authorization(ALGORITHM, credentials.access_key_id, scope, to_sign, signature)
    return {**to_sign, "Authorization": header}
