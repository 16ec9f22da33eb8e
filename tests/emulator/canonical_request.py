# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signature of AWS is made over, rebuilt from a request that arrived (AWS IAM user guide, "Signature V4").

CreateSession signs it with the certificate's key (signature.py), all other calls with a secret access key
(signature_v4.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from werkzeug import Request

DATE_FORMAT = "%Y%m%dT%H%M%SZ"

_AUTHORIZATION = re.compile(
    r"(?P<algorithm>[A-Z0-9-]+) +"
    r"Credential=(?P<identifier>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request, *"
    r"SignedHeaders=(?P<signed_headers>[a-z0-9;_-]+), *"
    r"Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True)
class Authorization:
    """An Authorization header in its parts."""

    algorithm: str
    identifier: str  # an access key id, or a certificate's serial number
    date: str  # YYYYMMDD
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: bytes

    @property
    def scope(self) -> str:
        """The credential scope, without the identifier."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_authorization(header: str | None) -> Authorization | None:
    """Take an Authorization header apart; None when it is missing or has another form."""
    parts = _AUTHORIZATION.fullmatch(header or "")
    if parts is None or len(parts["signature"]) % 2:
        return None
    return Authorization(
        parts["algorithm"],
        parts["identifier"],
        parts["date"],
        parts["region"],
        parts["service"],
        tuple(parts["signed_headers"].split(";")),
        bytes.fromhex(parts["signature"]),
    )


def canonical_request(method: str, path: str, query: str, headers: Sequence[tuple[str, str]], payload_hash: str) -> str:
    """Build the canonical request from a canonical path, a query as it arrived, and the signed headers in order."""
    return "\n".join(
        [
            method,
            path,
            canonical_query(query),
            *(f"{name}:{' '.join(value.split())}" for name, value in headers),
            "",
            ";".join(name for name, _ in headers),
            payload_hash,
        ]
    )


def canonical_query(query: str) -> str:
    """Encode names and values as RFC 3986 has them, a "+" being a space, and sort them."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs))


def signed_headers(request: Request, authorization: Authorization) -> list[tuple[str, str]] | None:
    """List the headers that were signed with their values; None when they are out of order or one did not arrive."""
    names = authorization.signed_headers
    if list(names) != sorted(set(names)) or any(name not in request.headers for name in names):
        return None
    return [(name, ",".join(request.headers.getlist(name))) for name in names]


def string_to_sign(authorization: Authorization, timestamp: str, canonical: str) -> str:
    """Build the text that is signed."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{authorization.algorithm}\n{timestamp}\n{authorization.scope}\n{digest}"
