# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on trust anchors and their notification settings."""

from __future__ import annotations

import dataclasses
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import anchor_certificates
from .call import Call, find, initial_tags, page, refuse_over_quota, switch_enabled
from .errors import ServiceError
from .state import TrustAnchor

MOST_TRUST_ANCHORS = 50
DEFAULT_THRESHOLD = 45  # days (reference §1.9)
_EVENTS = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")


def create(call: Call) -> dict[str, Any]:
    """CreateTrustAnchor."""
    refuse_over_quota(len(call.store.trust_anchors), MOST_TRUST_ANCHORS, "trust anchors")
    source, certificates = _read_source(call)
    identifier, arn = call.store.new_name("trust-anchor")
    anchor = TrustAnchor(
        trust_anchor_id=identifier,
        trust_anchor_arn=arn,
        name=call.values["name"],
        source=source,
        certificates=certificates,
        enabled=call.values.get("enabled", False),  # §1.6, §9.1
        created_at=call.now,
        updated_at=call.now,
        notification_settings=_merged(call, _default_settings(), call.values.get("notificationSettings", [])),
        tags=initial_tags(call),
    )
    call.store.trust_anchors[identifier] = anchor
    return {"trustAnchor": anchor}


def get(call: Call) -> dict[str, Any]:
    """GetTrustAnchor."""
    return {"trustAnchor": _find(call)}


def list_all(call: Call) -> dict[str, Any]:
    """ListTrustAnchors."""
    anchors, token = page(call, call.store.trust_anchors)
    return {"trustAnchors": anchors, "nextToken": token}


def update(call: Call) -> dict[str, Any]:
    """UpdateTrustAnchor: what is left out stays as it is (§1.7)."""
    anchor = _find(call)
    if "source" in call.values:
        source, certificates = _read_source(call)
        _check_renewal(anchor, source, certificates)
        anchor.source, anchor.certificates = source, certificates
    anchor.name = call.values.get("name", anchor.name)
    anchor.updated_at = call.now
    return {"trustAnchor": anchor}


def delete(call: Call) -> dict[str, Any]:
    """DeleteTrustAnchor."""
    anchor = _find(call)
    crls = call.store.crls_of(anchor)
    if crls and not call.switches.trust_anchor_deletion_cascades:
        # The strict side of §9.21, its sentence an invention.
        raise ServiceError("ValidationException", "The trust anchor still has certificate revocation lists")
    for crl in crls:
        del call.store.crls[crl.crl_id]
    del call.store.trust_anchors[anchor.trust_anchor_id]
    return {"trustAnchor": anchor}


def switch(call: Call) -> dict[str, Any]:
    """EnableTrustAnchor and DisableTrustAnchor."""
    anchor = _find(call)
    shown = switch_enabled(call, anchor)
    return {"trustAnchor": dataclasses.replace(anchor, enabled=shown)}


def put_notification_settings(call: Call) -> dict[str, Any]:
    """PutNotificationSettings."""
    anchor = _find(call)
    kept = _default_settings() if call.switches.notification_settings_put_replaces else anchor.notification_settings
    anchor.notification_settings = _merged(call, kept, call.values["notificationSettings"])
    anchor.updated_at = call.now
    return {"trustAnchor": anchor}


def reset_notification_settings(call: Call) -> dict[str, Any]:
    """ResetNotificationSettings: the default comes back for the keys that are named."""
    anchor = _find(call)
    named = {_key(setting) for setting in call.values["notificationSettingKeys"]}
    defaults = {_key(setting): setting for setting in _default_settings()}
    anchor.notification_settings = [
        defaults[_key(setting)] if _key(setting) in named else setting for setting in anchor.notification_settings
    ]
    anchor.updated_at = call.now
    return {"trustAnchor": anchor}


def _find(call: Call) -> TrustAnchor:
    return find(call.store.trust_anchors, call.values["trustAnchorId"])


def _read_source(call: Call) -> tuple[dict[str, Any], list[x509.Certificate]]:
    """Check a source and return it as it is stored, with its certificates."""
    source = call.values["source"]
    kind, data = source.get("sourceType"), source.get("sourceData", {})
    if kind == "CERTIFICATE_BUNDLE" and "x509CertificateData" in data:
        certificates = anchor_certificates.read_bundle(data["x509CertificateData"])
        return {
            "sourceType": kind,
            "sourceData": {"x509CertificateData": anchor_certificates.normalised(certificates)},
        }, certificates
    if kind == "AWS_ACM_PCA" and "acmPcaArn" in data:
        return source, anchor_certificates.read_bundle(_authority_certificate(call, data["acmPcaArn"]))
    # Also SELF_SIGNED_REPOSITORY, which customers cannot create (§9.30). The sentence is an invention.
    raise ServiceError("ValidationException", "The source type and the source data do not belong together")


def _authority_certificate(call: Call, arn: str) -> str:
    """Fetch the certificate of a private CA: it must be active and in this account and region (§3.1)."""
    authority = call.store.private_cas.authorities.get(arn)
    if authority is None or authority.status != "ACTIVE" or authority.certificate is None:
        # The sentence is an invention.
        raise ServiceError("ValidationException", f"There is no active certificate authority {arn}")
    return authority.certificate.public_bytes(Encoding.PEM).decode()


def _check_renewal(anchor: TrustAnchor, source: dict[str, Any], certificates: list[x509.Certificate]) -> None:
    """Refuse a private CA's new certificate in which more than the dates changed (§1.7)."""
    if source["sourceType"] == "AWS_ACM_PCA" and source == anchor.source:
        before, after = anchor.certificates[0], certificates[0]
        if (before.subject, before.public_key()) != (after.subject, after.public_key()):
            raise ServiceError("ValidationException", "Only the validity of the CA certificate may change")


def _default_settings() -> list[dict[str, Any]]:
    return [
        {
            "enabled": True,
            "event": event,
            "threshold": DEFAULT_THRESHOLD,
            "channel": "ALL",
            "configuredBy": "rolesanywhere.amazonaws.com",
        }
        for event in _EVENTS
    ]


def _merged(call: Call, kept: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put settings over settings by event and channel (§9.4)."""
    merged = {_key(setting): setting for setting in kept}
    for setting in given:
        if setting["enabled"] and "threshold" not in setting:
            raise ServiceError("ValidationException", f"An enabled {setting['event']} setting needs a threshold")
        merged[_key(setting)] = {**setting, "channel": "ALL", "configuredBy": call.store.account}
    return list(merged.values())


def _key(setting: dict[str, Any]) -> tuple[str, str]:
    return setting["event"], setting.get("channel", "ALL")
