# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM in front of moto: every call is authenticated and authorised before moto answers it.

moto has an enforcement of its own, which knows neither session policies nor the expiry of sessions nor most
conditions; it stays off. Policies of resources (of a bucket, a queue) are not looked at, so they widen nothing: what a
caller may do is what his own policies allow.
"""

from __future__ import annotations

from datetime import timedelta

from botocore.exceptions import UnknownRegionError
from werkzeug import Request, Response

from . import callers, error_shapes, permissions, role_chaining, signature_v4
from .callers import Caller
from .canonical_request import Authorization, read_authorization
from .error_shapes import Fault, Refusal
from .patterns import Context
from .permissions import Place
from .policies import Permission
from .state import partition_of
from .switches import Switches

# GetCallerIdentity needs no permission and cannot be denied (STS API reference).
_NEEDS_NO_PERMISSION = ("sts", "GetCallerIdentity")
_ASSUME_ROLE = ("sts", "AssumeRole")

# What moto serves of its own, which is no part of AWS's API.
_PATHS_OF_MOTO = ("/moto-api", "/favicon.ico")

# Where moto reads whose call it is; by itself it would take every key that it did not make for its default account's.
_ACCOUNT_FOR_MOTO = "HTTP_X_MOTO_ACCOUNT_ID"

# Keys that no request here has: nothing comes through a VPC, and no service acts for somebody else.
_NEVER = {
    "aws:SourceAccount": (),
    "aws:SourceArn": (),
    "aws:SourceVpc": (),
    "aws:SourceVpce": (),
    "aws:VpcSourceIp": (),
}


def authorise(request: Request, switches: Switches) -> Response | None:
    """Refuse a call, or leave it to moto with None. Only sts:AssumeRole is answered here, by role_chaining."""
    if request.path.startswith(_PATHS_OF_MOTO):
        return None
    authorization = read_authorization(request.headers.get("Authorization"))
    try:
        if authorization is None:
            raise Refusal(Fault.NOT_SIGNED)
        caller = authenticate(request, authorization, switches)
        answered = _authorise(caller, request, authorization, switches)
        request.environ[_ACCOUNT_FOR_MOTO] = caller.account
        return answered
    except Refusal as refusal:
        # moto, too, takes what is not signed for S3.
        return error_shapes.response(refusal, authorization.service if authorization else "s3")


def authenticate(request: Request, authorization: Authorization, switches: Switches) -> Caller:
    """Tell who signed a call; raises Refusal. Signatures in the query (presigned URLs) are not taken."""
    if authorization.algorithm != signature_v4.ALGORITHM:
        raise Refusal(Fault.NOT_SIGNED)
    if request.headers.get("X-Amz-Content-SHA256", "").startswith("STREAMING-AWS4-"):
        raise Refusal(Fault.NOT_IMPLEMENTED)  # each chunk has a signature, which nobody here would verify
    try:
        caller = callers.find(authorization.identifier, partition_of(authorization.region))
    except UnknownRegionError:
        caller = None
    if caller is None:
        raise Refusal(Fault.UNKNOWN_KEY)
    if request.headers.get("X-Amz-Security-Token") != caller.session_token:
        raise Refusal(Fault.WRONG_TOKEN)
    if not signature_v4.is_current(request, authorization, switches.now(), timedelta(seconds=switches.clock_window)):
        raise Refusal(Fault.NOT_CURRENT)
    if not signature_v4.is_valid(request, authorization, caller.secret_access_key):
        raise Refusal(Fault.WRONG_SIGNATURE)
    if caller.expiration is not None and caller.expiration <= switches.now():
        raise Refusal(Fault.EXPIRED)
    return caller


def _authorise(caller: Caller, request: Request, authorization: Authorization, switches: Switches) -> Response | None:
    service, region = authorization.service, authorization.region
    if caller.is_administrator and service != "sts":
        return None
    place = Place(partition_of(region), region, caller.account)
    operation = permissions.find_operation(request, service, place)
    context = request_context(request, region, switches)
    if operation and (service, operation.name) == _ASSUME_ROLE:
        return role_chaining.answer(caller, operation.values, place, context, switches.now())
    if caller.is_administrator or (operation and (service, operation.name) == _NEEDS_NO_PERMISSION):
        return None
    if operation is None:
        raise Refusal(Fault.DENIED, f"User: {caller.arn} is not authorized: the emulator does not know this operation")
    for permission in operation.permissions:
        check(caller, permission, context)
    return None


def check(caller: Caller, permission: Permission, context: Context) -> None:
    """Raise Refusal unless the caller has a permission."""
    action, resource, own_context = permission
    decision = caller.decide(action, resource, {**context, **own_context})
    if not decision.allowed:
        on_resource = f" on resource: {resource}" if resource else ""
        raise Refusal(
            Fault.DENIED,
            f"User: {caller.arn} is not authorized to perform: {action}{on_resource} {decision.reason}",
        )


def request_context(request: Request, region: str, switches: Switches) -> Context:
    """Collect the global condition keys that tell of a request."""
    now = switches.now()
    return {
        **_NEVER,
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true" if request.is_secure else "false",
        "aws:SourceIp": request.remote_addr or (),
        "aws:UserAgent": request.headers.get("User-Agent", ()),
        "aws:referer": request.headers.get("Referer", ()),
    }
