# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors: the CA certificates under which workloads are believed. Private to the collection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from . import arns, notification_settings, private_cas, subjects
from .errors import RolesAnywhereError
from .resources import Kind, Outcome, Resources, Wanted, result_of
from .revocations import Revocations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.x509 import Certificate

    from .service import Service

MAXIMUM_CERTIFICATES = 2  # https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html; not adjustable

_PRIVATE_CA = "AWS_ACM_PCA"
_SETTINGS = "notificationSettings"


def bundle_of(anchor: Mapping[str, Any]) -> list[Certificate]:
    """Return the certificates that an anchor holds; none if it points to a Private CA."""
    pem = anchor["source"]["sourceData"].get("x509CertificateData")
    return certificates.load_pem_bundle(pem) if pem else []


def certificates_of(service: Service, anchor: Mapping[str, Any]) -> list[Certificate]:
    """Return the certificates that an anchor stands for: those that it holds, or that of its Private CA.

    One call to AWS Private CA for an anchor that points there. Raises what private_cas.certificate raises.
    """
    arn = anchor["source"]["sourceData"].get("acmPcaArn")
    return [private_cas.certificate(service, arn)] if arn else bundle_of(anchor)


def facts_of(anchor: Mapping[str, Any]) -> dict[str, Any]:
    """Say which certificates an anchor holds; nothing if one cannot be read."""
    try:
        return {"certificates": [certificates.facts(certificate) for certificate in bundle_of(anchor)]}
    except CertificateError:
        return {}


def _same_source(current: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    if current is None or current["sourceType"] != wanted["sourceType"]:
        return False
    if wanted["sourceType"] == _PRIVATE_CA:
        return bool(current["sourceData"] == wanted["sourceData"])
    # The service writes PEM in its own way, so only what the PEM stands for can be compared.
    return set(bundle_of({"source": current})) == set(bundle_of({"source": wanted}))


def _readable(anchor: Mapping[str, Any]) -> Mapping[str, Any]:
    if _SETTINGS not in anchor:
        return anchor
    return {**anchor, _SETTINGS: notification_settings.readable(anchor[_SETTINGS])}


KIND = Kind(
    arns.TRUST_ANCHOR,
    member="trustAnchor",
    create="CreateTrustAnchor",
    comparisons={"source": _same_source},
    readable=_readable,
    sub_resources={_SETTINGS: notification_settings.SUB_RESOURCE},
)


def ensure(anchors: Resources, options: Mapping[str, Any], check_mode: bool) -> tuple[Outcome, list[str]]:
    """Make a trust anchor what the module's options say; return what was done and what a person should know.

    Raises RolesAnywhereError, and CertificateError for a certificate that an anchor cannot hold.
    """
    service, authority_arn = anchors.service, options["acm_pca_arn"]
    days = options["seen_within"]
    subjects.moment(days)  # refuses a wrong number before anything is done
    bundle = given_bundle(options["certificates"], options["certificate_paths"])
    warnings = check_bundle(bundle, options["include_root"])
    members = {"source": source_of(bundle)} if bundle else {}
    if authority_arn is not None:
        arns.parse_local("acm_pca_arn", authority_arn, arns.PRIVATE_CA, service.region)
        members = {"source": private_ca_source_of(authority_arn)}
    settings = notification_settings.given(options["notification_settings"])
    wanted = Wanted.of(options, members, {} if settings is None else {_SETTINGS: settings})
    current = anchors.find(options["name"], options["id"])
    if options["state"] == "absent":
        return _delete(anchors, current, days, options["force"], check_mode), []
    if current is None:
        anchors.check_creatable(wanted, options["id"], {"source": "certificates, certificate_paths or acm_pca_arn"})
    authority = None
    if authority_arn is not None:
        private_cas.check_account(authority_arn, _account_of(service, current))
        authority = private_cas.describe(service, authority_arn)
        warnings += private_cas.check_usable(authority, options["include_root"])
    if current is None:
        return anchors.create(wanted, check_mode), warnings
    current = anchors.with_tags(current, wanted)
    changes = anchors.changes(current, wanted)
    if "source" in changes.members:
        if not options["force"]:
            staying = [private_cas.certificate(service, authority_arn)] if authority else bundle
            _check_nobody_is_cut_off(service, current, staying, days)
    elif authority and (reason := private_cas.why_refresh(current, authority)):
        changes = replace(changes, members={**changes.members, "source": current["source"]})
        outcome = anchors.update(current, changes, check_mode)
        return replace(outcome, before={**current, "refreshDue": reason}), warnings
    return anchors.update(current, changes, check_mode), warnings


def _account_of(service: Service, anchor: Mapping[str, Any] | None) -> str:
    """Return the account of an anchor, or of one that is to be created."""
    if anchor is None:
        return service.account_id()
    return arns.parse("id", anchor["trustAnchorArn"], arns.TRUST_ANCHOR).account_id


def _delete(anchors: Resources, current: dict[str, Any] | None, days: int, force: bool, check_mode: bool) -> Outcome:
    """Delete an anchor with its CRLs, which AWS may want to be deleted first."""
    if current is None:
        return anchors.delete(None, check_mode)
    service = anchors.service
    crls = [crl for crl in service.all_pages("ListCrls", "crls") if crl["trustAnchorArn"] == current["trustAnchorArn"]]
    enabled = [crl for crl in crls if crl["enabled"]]
    if not force:
        if enabled:
            names = ", ".join(repr(crl["name"]) for crl in enabled)
            found, those, everything = f"{len(enabled)} enabled CRLs", "those", "all of them"
            if len(enabled) == 1:
                found, those, everything = "an enabled CRL", "that", "both"
            raise RolesAnywhereError(
                f"The trust anchor {current['name']!r} still has {found}, {names}, so it seems to be in use: "
                f"disable {those} first, or set force to delete {everything}."
            )
        _check_nobody_is_cut_off(service, current, [], days)
    if not check_mode:
        if enabled and current["enabled"]:  # what a CRL revokes would be let in again until the anchor is gone
            service.call("DisableTrustAnchor", trustAnchorId=current["trustAnchorId"])
        for crl in crls:
            service.call("DeleteCrl", crlId=crl["crlId"])
    deleted = [{member: crl[member] for member in ("crlId", "crlArn", "name", "enabled")} for crl in crls]
    outcome = anchors.delete({**current, "crls": deleted} if deleted else current, check_mode)
    return replace(outcome, facts={"deleted_crls": [result_of(crl) for crl in deleted]})


def given_bundle(pems: list[str] | None, paths: list[str] | None) -> list[Certificate]:
    """Read the certificates of a module's options, each certificate once.

    Raises CertificateError or RolesAnywhereError, with the option and the file.
    """
    bundle = [each for pem in pems or [] for each in certificates.load_pem_bundle(pem, "certificates: the text")]
    for path in paths or []:
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise RolesAnywhereError(f"certificate_paths: {path} cannot be read: {error}.") from error
        bundle.extend(certificates.load_file(content, f"certificate_paths: {path}"))
    return list(dict.fromkeys(bundle))


def check_bundle(bundle: list[Certificate], include_root: bool) -> list[str]:
    """Refuse certificates that an anchor cannot or should not hold; return warnings about those that were insisted on.

    Raises CertificateError or RolesAnywhereError.
    """
    if len(bundle) > MAXIMUM_CERTIFICATES:
        raise RolesAnywhereError(
            f"A trust anchor holds at most {MAXIMUM_CERTIFICATES} certificates, these are {len(bundle)}: "
            f"{names_of(bundle)}."
        )
    warnings = []
    for certificate in bundle:
        certificates.check_anchor_certificate(certificate)
        if not certificates.is_self_signed(certificate):
            continue
        name = certificates.describe(certificate.subject)
        if not include_root:
            raise CertificateError(
                f"The certificate {name} is self-signed, a root: give the issuing CA's certificate instead, "
                "or set include_root if every CA under this root may vouch for workloads."
            )
        warnings.append(f"The trust anchor holds the root {name}: every CA under it can vouch for workloads.")
    return warnings


def source_of(bundle: Iterable[Certificate]) -> dict[str, Any]:
    """Write certificates as the source of a trust anchor."""
    pem = "".join(certificates.to_pem(certificate) for certificate in bundle)
    return {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}


def private_ca_source_of(arn: str) -> dict[str, Any]:
    """Write a CA of AWS Private CA as the source of a trust anchor."""
    return {"sourceType": _PRIVATE_CA, "sourceData": {"acmPcaArn": arn}}


def names_of(bundle: Iterable[Certificate]) -> str:
    """Write the subjects of certificates, for a sentence."""
    return ", ".join(certificates.describe(certificate.subject) for certificate in bundle)


def _check_nobody_is_cut_off(
    service: Service, current: Mapping[str, Any], staying: Sequence[Certificate], days: int
) -> None:
    """Refuse to take away a CA under which somebody was seen in the last days; nothing stays of a deleted anchor."""
    try:
        present = certificates_of(service, current)
    except RolesAnywhereError as error:
        raise RolesAnywhereError(
            f"Who still needs the trust anchor {current['name']!r} cannot be told without the certificate of its "
            f"Private CA: set force if nobody does. {error}"
        ) from error
    removed = [certificate for certificate in present if certificate not in staying]
    if not removed:
        return
    is_revoked = Revocations(service, current["trustAnchorArn"]).include
    left_behind = subjects.first_under(service, removed, subjects.moment(days), is_revoked)
    if left_behind is None:
        return
    seen = f"the last certificate of {left_behind}, seen within {days} days, is of "
    if not staying:
        raise RolesAnywhereError(
            f"The trust anchor {current['name']!r} cannot be deleted: {seen}{names_of(removed)}; renew it under "
            "another trust anchor, or set force to cut off whoever still needs this one."
        )
    raise RolesAnywhereError(
        f"The trust anchor {current['name']!r} cannot lose {names_of(removed)}: {seen}that CA; renew it under the CA "
        "that stays, or set force to cut off whoever still needs the old one."
    )
