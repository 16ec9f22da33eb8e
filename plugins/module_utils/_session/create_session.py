# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession: a certificate and its key become temporary credentials of a role.

Source: "The signing process" and "CreateSession" of the Roles Anywhere user guide.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from . import openssl
from .attempts import ATTEMPTS, call
from .canonical_request import Scope, authorization, canonical_request, query_string, string_to_sign
from .certificate import Certificate, read_certificate
from .endpoints import checked_endpoint, endpoint, session_region
from .errors import SessionError
from .https import SECONDS, Answer, Request
from .pair import Pair
from .session import Credentials, Session, parse_time

PATH = "/sessions"
ALGORITHMS = {"RSA": "AWS4-X509-RSA-SHA256", "EC": "AWS4-X509-ECDSA-SHA256"}


class SessionRequest(NamedTuple):
    """What is asked for."""

    trust_anchor_arn: str
    profile_arn: str
    role_arn: str
    region: str | None = None  # the trust anchor's when None
    endpoint_url: str | None = None  # AWS's own when None
    duration: int | None = None  # seconds; the profile's when None
    role_session_name: str | None = None  # the certificate's serial number when None


def create_session(
    pair: Pair,
    wanted: SessionRequest,
    *,
    ca_bundle: str | None = None,
    seconds: float = SECONDS,
    attempts: int = ATTEMPTS,
) -> Session:
    """Ask Roles Anywhere for a session, in up to ``attempts`` attempts of ``seconds`` each.

    :param pair: an open pair; certificate and key are compared before anything is sent.
    :param ca_bundle: see :func:`.https.post`.
    :raises SessionError: ``certain`` when AWS refused or the pair is none.
    """
    region = session_region(wanted.trust_anchor_arn, wanted.profile_arn, wanted.role_arn, wanted.region)
    url = checked_endpoint(wanted.endpoint_url) if wanted.endpoint_url else endpoint("rolesanywhere", region)
    certificate = read_certificate(pair.certificate)
    algorithm = ALGORITHMS.get(certificate.public_key_algorithm)
    if algorithm is None:
        raise SessionError("Roles Anywhere needs an RSA or EC key; issue the certificate for such a key.", certain=True)
    try:
        public_key = openssl.public_key_of(pair.private_key)
    except SessionError as error:
        raise SessionError(f"The private key {pair.private_key_path} cannot be used: {error}") from error
    if public_key != certificate.public_key_info_der:
        raise SessionError(
            f"The private key {pair.private_key_path} is not that of certificate {certificate.serial_hex};"
            " install the two together.",
            certain=True,
        )

    def signed() -> Request:
        scope = Scope(datetime.now(timezone.utc), region, "rolesanywhere")
        return signed_request(url, wanted, certificate, pair, algorithm, scope)

    answer = call("CreateSession", signed, ca_bundle=ca_bundle, seconds=seconds, attempts=attempts)
    return read_session(answer)


def signed_request(
    url: str, wanted: SessionRequest, certificate: Certificate, pair: Pair, algorithm: str, scope: Scope
) -> Request:
    """Return the signed HTTP request of CreateSession to the endpoint ``url``."""
    query = query_string(
        [
            ("profileArn", wanted.profile_arn),
            ("roleArn", wanted.role_arn),
            ("trustAnchorArn", wanted.trust_anchor_arn),
        ]
    )
    wishes = {"durationSeconds": wanted.duration, "roleSessionName": wanted.role_session_name}
    members = {name: value for name, value in wishes.items() if value is not None}
    body = json.dumps(members, separators=(",", ":")).encode("ascii")
    headers = {
        "Content-Type": "application/json",
        "Host": urlsplit(url).netloc,
        "X-Amz-Date": scope.timestamp,
        "X-Amz-X509": base64.b64encode(certificate.der).decode("ascii"),
    }
    if pair.chain:
        headers["X-Amz-X509-Chain"] = ",".join(base64.b64encode(der).decode("ascii") for der in pair.chain)
    # An endpoint behind a path of its own still verifies the service's path.
    text = string_to_sign(algorithm, scope, canonical_request("POST", PATH, query, headers, body))
    signature = openssl.sign(pair.private_key, text.encode("utf-8")).hex()
    header = authorization(algorithm, str(certificate.serial), scope, headers, signature)
    return Request(f"{url}{PATH}?{query}", {**headers, "Authorization": header}, body)


def read_session(answer: Answer) -> Session:
    """Return the session of an answer of success.

    :raises SessionError: it holds none.
    """
    try:
        document = json.loads(answer.body.decode("utf-8"))
        (credential_set,) = document["credentialSet"][:1]
        credentials = credential_set["credentials"]
        return Session(
            credentials=Credentials(
                _secret(credentials["accessKeyId"]),
                _secret(credentials["secretAccessKey"]),
                _secret(credentials["sessionToken"]),
            ),
            expiration=parse_time(credentials["expiration"]),
            assumed_role_arn=_text(credential_set["assumedRoleUser"]["arn"]),
            role_arn=_text(credential_set.get("roleArn", "")),
            subject_arn=_text(document.get("subjectArn", "")),
            source_identity=_text(credential_set.get("sourceIdentity") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # From None: the text of the cause may hold a secret.
        raise SessionError("CreateSession was answered with success but without credentials; try again.") from None


def _secret(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("empty")
    return text


def _text(value: Any) -> str:
    # It goes into result lines and HTTP headers.
    if not isinstance(value, str) or not (value.isprintable() and value.isascii()):
        raise ValueError("not a plain text")
    return value
