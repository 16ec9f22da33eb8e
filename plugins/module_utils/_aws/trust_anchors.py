# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors: the CA certificates under which workloads are believed. Private to the collection."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from . import arns, private_cas, subjects
from .errors import RolesAnywhereError
from .resources import Kind, Outcome, Resources, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.x509 import Certificate

    from .service import Service

MAXIMUM_CERTIFICATES = 2  # https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html; not adjustable
LATELY = timedelta(days=30)  # the usual lifetime of a workload's certificate


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
    # The service writes PEM in its own way, so only what the PEM stands for can be compared.
    return current is not None and set(bundle_of({"source": current})) == set(bundle_of({"source": wanted}))


KIND = Kind(
    arns.TRUST_ANCHOR,
    member="trustAnchor",
    create="CreateTrustAnchor",
    comparisons={"source": _same_source},
    readable=lambda anchor: anchor,
)


def ensure(anchors: Resources, options: Mapping[str, Any], check_mode: bool) -> tuple[Outcome, list[str]]:
    """Make a trust anchor what the module's options say; return what was done and what a person should know.

    Raises RolesAnywhereError, and CertificateError for a certificate that an anchor cannot hold.
    """
    bundle = given_bundle(options["certificates"], options["certificate_paths"])
    warnings = check_bundle(bundle, options["include_root"])
    wanted = Wanted.of(options, {"source": source_of(bundle)} if bundle else {})
    current = anchors.find(options["name"], options["id"])
    if options["state"] == "absent":
        return anchors.delete(current, check_mode), []
    if current is None:
        anchors.check_creatable(wanted, options["id"], {"source": "certificates"})
        return anchors.create(wanted, check_mode), warnings
    current = anchors.with_tags(current, wanted)
    changes = anchors.changes(current, wanted)
    if "source" in changes.members and not options["force"]:
        _check_nobody_is_cut_off(anchors, current, bundle)
    return anchors.update(current, changes, check_mode), warnings


def given_bundle(pems: list[str] | None, paths: list[str] | None) -> list[Certificate]:
    """Read the certificates of a module's options, each certificate once. Raises CertificateError."""
    texts = list(pems or [])
    for path in paths or []:
        try:
            texts.append(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RolesAnywhereError(f"certificate_paths: {path} cannot be read: {error}.") from error
    return list(dict.fromkeys(certificate for text in texts for certificate in certificates.load_pem_bundle(text)))


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


def names_of(bundle: Iterable[Certificate]) -> str:
    """Write the subjects of certificates, for a sentence."""
    return ", ".join(certificates.describe(certificate.subject) for certificate in bundle)


def _check_nobody_is_cut_off(anchors: Resources, current: Mapping[str, Any], bundle: list[Certificate]) -> None:
    removed = [certificate for certificate in bundle_of(current) if certificate not in bundle]
    if not removed:
        return
    since = datetime.now(timezone.utc) - LATELY
    left_behind = subjects.first_under(anchors.service, removed, since)
    if left_behind is not None:
        raise RolesAnywhereError(
            f"The trust anchor {current['name']!r} cannot lose {names_of(removed)}: the last certificate of "
            f"{left_behind}, seen within {LATELY.days} days, is of that CA; renew it under the CA that stays, or set "
            "force to cut off whoever still needs the old one."
        )
