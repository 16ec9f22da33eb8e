# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of a CreateSession request, AWS4-X509 (reference §2.2, §2.3).

Whatever is wrong with it has one answer, `Invalid signature`: which of the reasons it was, is said in the log only.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from werkzeug import Request

from . import refusals
from .canonical_request import (
    DATE_FORMAT,
    Authorization,
    canonical_request,
    read_authorization,
    signed_headers,
    string_to_sign,
)
from .switches import Switches

_ML_DSA = (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey)
ALGORITHMS = {
    "AWS4-X509-RSA-SHA256": rsa.RSAPublicKey,
    "AWS4-X509-ECDSA-SHA256": ec.EllipticCurvePublicKey,
    "AWS4-X509-MLDSA": _ML_DSA,
}
_ALWAYS_SIGNED = ("host", "x-amz-date", "x-amz-x509")
_SIGNED_WHEN_PRESENT = ("content-type", "x-amz-x509-chain")

_log = logging.getLogger(__name__)


def check(request: Request, leaf: x509.Certificate, region: str, switches: Switches) -> None:
    """Refuse a request whose signature is not that of the leaf's key over this request, at about this time."""
    reason = objection(request, leaf, region, switches)
    if reason:
        _log.info("%s: %s", refusals.INVALID_SIGNATURE, reason)
        raise refusals.denied(refusals.INVALID_SIGNATURE)


def objection(request: Request, leaf: x509.Certificate, region: str, switches: Switches) -> str | None:
    """Tell what is wrong with the signature, or None."""
    authorization = read_authorization(request.headers.get("Authorization"))
    if authorization is None:
        return "there is no Authorization header of the AWS4-X509 form"
    return (
        _objection_to_header(authorization, request, leaf, region, switches)
        or _objection_to_time(authorization, request.headers.get("X-Amz-Date", ""), switches)
        or _objection_to_signature(authorization, request, leaf)
    )


def _objection_to_header(
    authorization: Authorization, request: Request, leaf: x509.Certificate, region: str, switches: Switches
) -> str | None:
    if authorization.algorithm not in ALGORITHMS:
        return f"{authorization.algorithm} is not an algorithm of CreateSession"
    fits = isinstance(leaf.public_key(), ALGORITHMS[authorization.algorithm])
    if not fits and not switches.mismatched_algorithm_tolerated:
        return f"{authorization.algorithm} is not the algorithm of the certificate's key"
    if authorization.identifier != str(leaf.serial_number):
        return "the credential is not the certificate's serial number in decimal"
    if (authorization.region, authorization.service) != (region, "rolesanywhere"):
        return f"the credential's scope is not {region}/rolesanywhere"
    required = [*_ALWAYS_SIGNED, *(name for name in _SIGNED_WHEN_PRESENT if name in request.headers)]
    unsigned = sorted(set(required) - set(authorization.signed_headers))
    if unsigned and not switches.unsigned_headers_tolerated:
        return f"headers are not signed: {', '.join(unsigned)}"
    return None


def _objection_to_time(authorization: Authorization, timestamp: str, switches: Switches) -> str | None:
    try:
        signed_at = datetime.strptime(timestamp, DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return "X-Amz-Date is not a basic ISO 8601 time"
    if not timestamp.startswith(authorization.date):
        return "the date of the credential's scope is not that of X-Amz-Date"
    if abs(signed_at - switches.now()) > timedelta(seconds=switches.clock_window):
        return "X-Amz-Date is outside the window"
    return None


def _objection_to_signature(authorization: Authorization, request: Request, leaf: x509.Certificate) -> str | None:
    headers = signed_headers(request, authorization)
    if headers is None:
        return "the signed headers are out of order or did not arrive"
    payload_hash = hashlib.sha256(request.get_data()).hexdigest()
    # The path is /sessions even where an endpoint has a base path: that is how the helper signs.
    canonical = canonical_request(request.method, "/sessions", request.query_string.decode(), headers, payload_hash)
    signed = string_to_sign(authorization, request.headers["X-Amz-Date"], canonical)
    try:
        verify(leaf, authorization.signature, signed.encode())
    except InvalidSignature:
        return "the signature does not verify with the certificate's key"
    return None


def verify(leaf: x509.Certificate, signature: bytes, data: bytes) -> None:
    """Verify by the kind of the leaf's key; raises InvalidSignature."""
    public_key = leaf.public_key()
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public_key, ec.EllipticCurvePublicKey):
        public_key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    elif isinstance(public_key, _ML_DSA):
        public_key.verify(signature, data)
    else:
        raise InvalidSignature
