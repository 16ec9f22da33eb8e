# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs a control-plane call: Signature Version 4, verified with the secrets that moto's IAM and STS know.

Codes and sentences are those with which AWS services answer bad signatures; the reference has none of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.models import Policy as ManagedPolicy
from moto.iam.models import get_account_id_from
from werkzeug import Request

from .canonical_request import DATE_FORMAT, Authorization
from .errors import ServiceError
from .policies import Policy
from .state import partition_of

ADMINISTRATOR = Credentials("test", "test")


@dataclass(frozen=True)
class Caller:
    """Who is behind an access key."""

    account: str
    arn: str
    policies: list[Policy]  # of the user, its groups, or the role
    is_administrator: bool = False


def authenticate(request: Request, authorization: Authorization, now: datetime, window: float) -> Caller:
    """Tell who signed the request; raises ServiceError unless the signature is right and of now (window: seconds)."""
    caller, credentials = _owner(request, authorization)
    _check_date(request, authorization, now, timedelta(seconds=window))
    if not _is_signed_with(credentials, request, authorization):
        raise ServiceError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )
    return caller


def _owner(request: Request, authorization: Authorization) -> tuple[Caller, Credentials]:
    key = authorization.identifier
    partition = partition_of(authorization.region)
    if key == ADMINISTRATOR.access_key and "X-Amz-Security-Token" not in request.headers:
        # The name that moto's GetCallerIdentity gives to this key.
        arn = f"arn:{partition}:sts::{DEFAULT_ACCOUNT_ID}:user/moto"
        return Caller(DEFAULT_ACCOUNT_ID, arn, [], is_administrator=True), ADMINISTRATOR
    account = get_account_id_from(key)
    try:
        owner = create_access_key(account, partition, key, request.headers)
    except CreateAccessKeyFailure:
        raise ServiceError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        ) from None
    policies = [_document(policy) for policy in owner.collect_policies()]
    return Caller(account, owner.arn, policies), owner.create_credentials()


def _check_date(request: Request, authorization: Authorization, now: datetime, window: timedelta) -> None:
    text = request.headers.get("X-Amz-Date", "")
    try:
        signed_at = datetime.strptime(text, DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        raise ServiceError("IncompleteSignatureException", "X-Amz-Date is missing or no ISO 8601 date.") from None
    if authorization.date != text[:8]:
        raise ServiceError("InvalidSignatureException", "Date in Credential scope does not match X-Amz-Date.")
    if abs(now - signed_at) > window:
        age = "expired" if signed_at < now else "not yet current"
        raise ServiceError("InvalidSignatureException", f"Signature {age}: {text} against {now.strftime(DATE_FORMAT)}.")


def _document(policy: Any) -> Policy:
    """Read a policy in one of the three forms in which moto hands them out: text, inline policy, managed policy."""
    if isinstance(policy, ManagedPolicy):
        return json.loads(next(version.document for version in policy.versions if version.is_default))
    return json.loads(policy if isinstance(policy, str) else policy["policy_document"])


def _is_signed_with(credentials: Credentials, request: Request, authorization: Authorization) -> bool:
    must_be_signed = {"host", "x-amz-date"}
    if "X-Amz-Security-Token" in request.headers:
        must_be_signed.add("x-amz-security-token")
    if not must_be_signed <= set(authorization.signed_headers):
        return False
    digest = request.headers.get("X-Amz-Content-SHA256")
    if digest and digest != hashlib.sha256(request.get_data()).hexdigest():
        return False
    signed = AWSRequest(
        request.method,
        f"http://host{request.environ['REQUEST_URI']}",  # the host that counts is the header's
        {name: request.headers.get(name, "") for name in authorization.signed_headers},
        request.get_data(),
    )
    signed.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, authorization.service, authorization.region)
    string_to_sign = signer.string_to_sign(signed, signer.canonical_request(signed))
    return hmac.compare_digest(signer.signature(string_to_sign, signed), authorization.signature.hex())
