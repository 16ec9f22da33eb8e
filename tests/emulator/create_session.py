# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession: a certificate and a signature in, a session of a role out (reference §2).

The order of the checks is that of §2.4: signature, path and certificate rules, profile, STS.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from moto.sts.models import AssumedRole
from werkzeug import Request, Response

from . import assume_role, certificates, refusals, revocation, session_request, session_tags, sessions, signature
from .assume_role import DurationExceedsRole, Refused, RoleRequest
from .conditions import ARN_COMPONENTS
from .errors import ServiceError, json_response
from .policies import Principal
from .session_request import SessionRequest
from .state import Credential, Profile, State, Store, Subject, TrustAnchor, partition_of
from .switches import Switches

SERVICE = Principal("Service", ("rolesanywhere.amazonaws.com",))

_log = logging.getLogger(__name__)


def handle(request: Request, state: State, switches: Switches) -> Response:
    """Answer `POST /sessions`."""
    try:
        asked = session_request.read(request)
        with state.lock:
            store = _home(asked.trust_anchor_arn, state)
            return json_response(201, _create_session(request, asked, store, switches))
    except ServiceError as refusal:
        _log.info("CreateSession refused: %s", refusal)
        return refusal.response()


def _home(trust_anchor_arn: str, state: State) -> Store:
    """Find the account and region that a trust anchor belongs to."""
    components = trust_anchor_arn.split(":")
    if len(components) != ARN_COMPONENTS:
        raise refusals.denied(refusals.NO_TRUST_ANCHOR)
    return state.store(account=components[4], region=components[3])


def _create_session(request: Request, asked: SessionRequest, store: Store, switches: Switches) -> dict[str, Any]:
    now = switches.now()
    signature.check(request, asked.leaf, store.region, switches)
    anchor = _trust_anchor(store, asked.trust_anchor_arn)
    path = certificates.find_path(asked.leaf, asked.presented, anchor.certificates, now)
    if path is None:
        raise refusals.denied(refusals.UNTRUSTED)
    if not asked.leaf.subject.rdns:
        raise refusals.denied(refusals.INSUFFICIENT)  # an invention; without a name there is no subject either
    # From here on the anchor vouches for the name, so the attempt is recorded whatever comes of it. That AWS draws
    # the line here is an invention: somebody has to keep strangers from filling the list of subjects.
    subject = store.subject(asked.leaf.subject.rfc4514_string(), now)
    try:
        _check_path(path, anchor, store, switches)
        profile = _profile(store, asked)
        wanted = _role_request(asked, profile, switches)
        assumed_role = _assume(wanted, anchor, store, switches)
    except ServiceError:
        _record(subject, asked, now, failed=True)
        raise
    _record(subject, asked, now, failed=False)
    return _answer(assumed_role, wanted, subject)


def _trust_anchor(store: Store, arn: str) -> TrustAnchor:
    anchor = store.trust_anchor(arn)
    if anchor is None or not anchor.enabled:  # of a disabled anchor: an invention (§2.10)
        raise refusals.denied(refusals.NO_TRUST_ANCHOR)
    return anchor


def _check_path(path: certificates.Path, anchor: TrustAnchor, store: Store, switches: Switches) -> None:
    now = switches.now()
    objection = certificates.leaf_objection(path[0], now, switches.client_authentication_required)
    if objection:
        _log.info("%s: %s", refusals.INSUFFICIENT, objection)
        raise refusals.denied(refusals.INSUFFICIENT)
    revocation_lists = [crl.revocation_list for crl in store.crls_of(anchor) if crl.enabled]
    sentence = revocation.objection(path, revocation_lists, now, switches.crl_past_next_update_accepted)
    if sentence:
        raise refusals.denied(sentence)


def _profile(store: Store, asked: SessionRequest) -> Profile:
    profile = store.profile(asked.profile_arn)
    if profile is None or not profile.enabled:  # of a disabled profile: an invention (§2.10)
        raise refusals.denied(refusals.NO_PROFILE)
    if asked.role_arn not in profile.role_arns:
        raise refusals.denied(refusals.ROLE_NOT_LISTED)
    if asked.role_session_name is not None and not profile.accept_role_session_name:
        raise refusals.denied(refusals.ROLE_SESSION_NAME_NOT_ACCEPTED)
    if profile.require_instance_properties and not asked.instance_properties:
        raise refusals.denied(refusals.INSTANCE_PROPERTIES_REQUIRED)
    return profile


def _role_request(asked: SessionRequest, profile: Profile, switches: Switches) -> RoleRequest:
    """Put together what STS is asked for (§2.6 to §2.9)."""
    return RoleRequest(
        role_arn=asked.role_arn,
        session_name=asked.role_session_name or session_tags.serial_number(asked.leaf),
        duration_seconds=min(profile.duration_seconds, asked.duration_seconds or profile.duration_seconds),
        source_identity=session_tags.source_identity(asked.leaf),
        tags=_tags(asked, profile, switches),
        session_policy=profile.session_policy,
        managed_policy_arns=profile.managed_policy_arns or (),
    )


def _tags(asked: SessionRequest, profile: Profile, switches: Switches) -> dict[str, str]:
    mappings = profile.attribute_mappings
    tags = session_tags.session_tags(asked.leaf, session_tags.UNCUSTOMISED_MAPPINGS if mappings is None else mappings)
    refused = [tag for tag in tags if not tag.is_acceptable]
    if refused and switches.unmappable_tag_value_fails:
        fields = ("x509Issuer", "x509Subject", "x509SAN")
        raise refusals.unmappable(*([tag.name for tag in refused if tag.field == field] for field in fields))
    return {tag.key: tag.value for tag in tags if tag.is_acceptable}


def _assume(wanted: RoleRequest, anchor: TrustAnchor, store: Store, switches: Switches) -> AssumedRole:
    now = switches.now()
    partition = partition_of(store.region)
    context = {
        "aws:SourceArn": anchor.arn,
        "aws:SourceAccount": store.account,
        "aws:PrincipalTag/": (),
        **{f"aws:PrincipalTag/{key}": value for key, value in wanted.tags.items()},
        "sts:ExternalId": (),
    }
    try:
        role = sessions.find_role(store.account, partition, wanted.role_arn)
        if role is None:
            raise Refused("there is no such role in this account")
        wanted.check_limits(switches.source_identity_space_accepted)
        trust_policy = sessions.read_policy(role.assume_role_policy_document)
        assume_role.check_trust(trust_policy, wanted, SERVICE, context, now)
        assume_role.check_duration(wanted, int(role.max_session_duration or 3600))
        return sessions.vend(store.account, partition, store.region, wanted, now)
    except DurationExceedsRole:
        raise refusals.duration_exceeds_role(wanted.role_arn) from None
    except Refused as reason:
        _log.info("Unable to assume role: %s", reason)
        raise refusals.cannot_assume(wanted.role_arn) from None


def _record(subject: Subject, asked: SessionRequest, now: datetime, failed: bool) -> None:
    """Note the attempt: one entry for each certificate of a subject, with how its last attempt ended."""
    pem = asked.leaf.public_bytes(Encoding.PEM).decode()
    others = [credential for credential in subject.credentials if credential.x509_certificate_data != pem]
    credential = Credential(
        seen_at=now,
        serial_number=session_tags.serial_number(asked.leaf),
        issuer=asked.leaf.issuer.rfc4514_string(),
        x509_certificate_data=pem,
        failed=failed,
    )
    subject.credentials = [*others, credential]
    subject.last_seen_at = subject.updated_at = now
    if asked.instance_properties:
        properties = {"seenAt": now, "properties": dict(asked.instance_properties), "failed": failed}
        subject.instance_properties = [properties]


def _answer(assumed_role: AssumedRole, wanted: RoleRequest, subject: Subject) -> dict[str, Any]:
    """Write the answer of §2.5."""
    return {
        "credentialSet": [
            {
                "assumedRoleUser": {"arn": assumed_role.arn, "assumedRoleId": assumed_role.user_id},
                "credentials": {
                    "accessKeyId": assumed_role.access_key_id,
                    "secretAccessKey": assumed_role.secret_access_key,
                    "sessionToken": assumed_role.session_token,
                    "expiration": assumed_role.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "packedPolicySize": wanted.packed_size,
                "roleArn": wanted.role_arn,
                "sourceIdentity": wanted.source_identity,
            }
        ],
        "subjectArn": subject.arn,
    }
