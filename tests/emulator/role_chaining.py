# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""sts:AssumeRole, answered here: moto asks no trust policy and forgets tags, source identity and session policies.

STS API reference, "AssumeRole"; IAM user guide, "Role chaining" and "Monitor and control actions taken with assumed
roles" for the source identity, which goes along from session to session and cannot be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model
from moto.sts.models import AssumedRole
from werkzeug import Response

from . import assume_role, sessions
from .assume_role import DurationExceedsRole, Refused, RoleRequest
from .callers import Caller
from .conditions import ARN_COMPONENTS
from .error_shapes import Fault, Refusal
from .patterns import Context
from .permissions import Place

DEFAULT_DURATION = 3600
LONGEST_CHAINED_DURATION = 3600
NOT_EMULATED = ("ProvidedContexts", "SerialNumber", "TokenCode", "TransitiveTagKeys")


def answer(caller: Caller, values: Mapping[str, Any], place: Place, context: Context, now: datetime) -> Response:
    """Make a session for a caller, who is authenticated, with the input values of AssumeRole; raises Refusal."""
    asked = [name for name in NOT_EMULATED if values.get(name)]
    if asked:
        raise Refusal(Fault.INVALID, f"The emulator does not know {', '.join(asked)} of AssumeRole")
    wanted = _role_request(caller, values)
    if caller.session and wanted.duration_seconds > LONGEST_CHAINED_DURATION:
        raise Refusal(
            Fault.INVALID,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    try:
        assumed_role = _assume(caller, wanted, place, {**context, **_external_id(values)}, now)
    except DurationExceedsRole:
        raise Refusal(
            Fault.INVALID, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        ) from None
    except Refused:
        message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {wanted.role_arn}"
        raise Refusal(Fault.DENIED, message) from None
    return _write(assumed_role, wanted)


def _role_request(caller: Caller, values: Mapping[str, Any]) -> RoleRequest:
    inherited = caller.session.source_identity if caller.session else None
    source_identity = values.get("SourceIdentity", inherited)
    if inherited is not None and source_identity != inherited:
        raise Refusal(Fault.DENIED, f"User: {caller.arn} cannot change the source identity of its session")
    return RoleRequest(
        role_arn=values["RoleArn"],
        session_name=values["RoleSessionName"],
        duration_seconds=values.get("DurationSeconds", DEFAULT_DURATION),
        source_identity=source_identity,
        tags={tag["Key"]: tag["Value"] for tag in values.get("Tags", ())},
        session_policy=values.get("Policy"),
        managed_policy_arns=[policy["arn"] for policy in values.get("PolicyArns", ())],
    )


def _assume(caller: Caller, wanted: RoleRequest, place: Place, context: Context, now: datetime) -> AssumedRole:
    components = wanted.role_arn.split(":")
    account = components[4] if len(components) == ARN_COMPONENTS else ""
    role = sessions.find_role(account, place.partition, wanted.role_arn) if account else None
    if role is None:
        raise Refused("there is no such role")
    # An inherited source identity may hold what only Roles Anywhere lets in.
    inherited = caller.session is not None and caller.session.source_identity is not None
    wanted.check_limits(space_in_source_identity=inherited)
    for action in wanted.actions:
        decision = caller.decide(action, wanted.role_arn, context)
        if not decision.allowed:
            raise Refused(f"{action}: {decision.reason}")
    trust_policy = sessions.read_policy(role.assume_role_policy_document)
    assume_role.check_trust(trust_policy, wanted, caller.principal, {**caller.context, **context}, now)
    assume_role.check_duration(wanted, int(role.max_session_duration or DEFAULT_DURATION))
    return sessions.vend(account, place.partition, place.region, wanted, now)


def _external_id(values: Mapping[str, Any]) -> Context:
    return {"sts:ExternalId": values.get("ExternalId", ())}


def _write(assumed_role: AssumedRole, wanted: RoleRequest) -> Response:
    operation = get_service_model("sts").operation_model("AssumeRole")
    result = {
        "Credentials": {
            "AccessKeyId": assumed_role.access_key_id,
            "SecretAccessKey": assumed_role.secret_access_key,
            "SessionToken": assumed_role.session_token,
            "Expiration": assumed_role.expiration,
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed_role.user_id, "Arn": assumed_role.arn},
        "PackedPolicySize": wanted.packed_size,
        **({"SourceIdentity": wanted.source_identity} if wanted.source_identity is not None else {}),
    }
    written = QuerySerializer(operation).serialize(result)
    return Response(written["body"], written["status_code"], dict(written["headers"]))
