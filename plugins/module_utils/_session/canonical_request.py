# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of Signature Version 4: canonical request, string to sign, Authorization header. Pure functions.

Sources: "Create a signed AWS API request" (IAM user guide) and "The signing process" (Roles Anywhere user guide),
which differ in the algorithm's name and in the last step only.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Mapping, NamedTuple, Sequence
from urllib.parse import quote


class Scope(NamedTuple):
    """When, where and for which service a signature counts."""

    moment: datetime  # aware
    region: str
    service: str

    @property
    def timestamp(self) -> str:
        """The value of X-Amz-Date."""
        return self.moment.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")

    def __str__(self) -> str:
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"


def query_string(parameters: Sequence[tuple[str, str]]) -> str:
    """Return the parameters escaped as RFC 3986 has it and sorted: the form that is sent as well as signed."""
    escaped = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters)
    return "&".join(f"{name}={value}" for name, value in escaped)


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the canonical request; every header given is signed.

    :param path: already escaped.
    :param query: what :func:`query_string` returned.
    """
    lines = [f"{name}:{value}" for name, value in _canonical_headers(headers)]
    return "\n".join([method, path, query, *lines, "", signed_headers(headers), hashlib.sha256(body).hexdigest()])


def signed_headers(headers: Mapping[str, str]) -> str:
    """Return the names of the headers as SignedHeaders lists them."""
    return ";".join(name for name, _value in _canonical_headers(headers))


def string_to_sign(algorithm: str, scope: Scope, request: str) -> str:
    """Return what is signed; ``request`` is the canonical request."""
    return "\n".join([algorithm, scope.timestamp, str(scope), hashlib.sha256(request.encode("utf-8")).hexdigest()])


def authorization(algorithm: str, identity: str, scope: Scope, headers: Mapping[str, str], signature: str) -> str:
    """Return the Authorization header.

    :param identity: the certificate's serial number in decimal, or the access key's id.
    :param signature: lower-case hex.
    """
    return f"{algorithm} Credential={identity}/{scope}, SignedHeaders={signed_headers(headers)}, Signature={signature}"


def _canonical_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
