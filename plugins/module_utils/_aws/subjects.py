# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects: who came with a certificate, and which one. Private to the collection."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import arns, info
from .errors import RolesAnywhereError
from .resources import result_of
from .service import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cryptography.x509 import Certificate

    from .service import Service

MOST_DAYS = 36500  # a hundred years: more is a mistake, and soon before the calendar begins


def first_under(
    service: Service,
    authorities: Iterable[Certificate],
    since: datetime,
    is_revoked: Callable[[Certificate], bool] = lambda _certificate: False,
) -> str | None:
    """Return the X.509 name of a subject that still depends on one of these CAs, None if there is none.

    A subject depends on the CA that signed the certificate it came with last, if that was not before since and the
    certificate is not revoked by now.
    One call for each subject seen since, at one a second: the first one that is found ends the search.
    """
    authorities = list(authorities)
    listed = service.all_pages("ListSubjects", "subjects")
    lately = [subject["subjectId"] for subject in listed if subject["lastSeenAt"] >= since]
    for subject in _in_detail(service, lately):
        accepted = [credential for credential in subject.get("credentials", []) if not _has_failed(credential)]
        if not accepted:
            continue
        last = max(accepted, key=lambda credential: credential["seenAt"])
        certificate = certificates.load(last["x509CertificateData"])
        if _issued_by(certificate, authorities) and not is_revoked(certificate):
            return str(subject["x509Subject"])
    return None


def look(service: Service, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the subjects that subject_info is asked for.

    Beside the list one call for each subject that its name and date leave in question, if its certificates matter.
    Raises RolesAnywhereError.
    """
    since = None if options["seen_within"] is None else moment(options["seen_within"])
    identifier, pattern = options["id"], options["subject"]
    if identifier is None:
        found = service.all_pages("ListSubjects", "subjects")
    else:
        found = list(_in_detail(service, [arns.identifier("id", identifier, arns.SUBJECT, service.region)]))
    if pattern is not None:
        found = [subject for subject in found if fnmatchcase(subject["x509Subject"], pattern)]
    if since is not None:
        found = [subject for subject in found if subject["lastSeenAt"] >= since]
    if identifier is None and (options["include_certificates"] or options["failed_only"]):
        found = list(_in_detail(service, [subject["subjectId"] for subject in found]))
    if options["failed_only"]:
        found = [subject for subject in found if any(map(_has_failed, subject.get("credentials", [])))]
    seen = []
    for subject in found:
        with contextlib.suppress(NotFoundError):  # AWS does not say how long it remembers a subject
            tagged = info.tags_of(service, subject["subjectArn"], options)
            seen.append({**_described(subject, options["include_certificates"]), **tagged})
    return seen


def moment(seen_within: int) -> datetime:
    """Return the time so many days ago. Raises RolesAnywhereError for what is no sensible number of days."""
    if not 1 <= seen_within <= MOST_DAYS:
        raise RolesAnywhereError(f"seen_within: {seen_within} is not a number of days from 1 to {MOST_DAYS}.")
    return datetime.now(timezone.utc) - timedelta(days=seen_within)


def _in_detail(service: Service, identifiers: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the subjects, one call for each as it is wanted; what AWS has forgotten in the meantime is left out."""
    for identifier in identifiers:
        with contextlib.suppress(NotFoundError):
            yield service.call("GetSubject", subjectId=identifier)["subject"]


def _described(subject: Mapping[str, Any], include_certificates: bool) -> dict[str, Any]:
    details = ("credentials", "instanceProperties")
    described = result_of({member: value for member, value in subject.items() if member not in details})
    if include_certificates:
        latest_first = sorted(subject.get("credentials", []), key=lambda credential: credential["seenAt"], reverse=True)
        described["certificates"] = [_certificate(credential) for credential in latest_first]
        described["instance_properties"] = [
            {"seen_at": iso(given["seenAt"]), "failed": _has_failed(given), "properties": given["properties"]}
            for given in subject.get("instanceProperties", [])
        ]
    return described


def _certificate(credential: Mapping[str, Any]) -> dict[str, Any]:
    pem = credential["x509CertificateData"]
    try:
        facts = certificates.facts(certificates.load(pem))
    except CertificateError:  # then in AWS's own words, as far as they go
        facts = {"serial": credential["serialNumber"], "issuer": credential["issuer"]}
    return {
        **{fact: facts.get(fact) for fact in ("serial", "issuer", "not_after", "fingerprint")},
        "seen_at": iso(credential["seenAt"]),
        "failed": _has_failed(credential),
        "certificate": pem,
    }


def _has_failed(attempt: Mapping[str, Any]) -> bool:
    return bool(attempt.get("failed"))


def _issued_by(certificate: Certificate, authorities: Iterable[Certificate]) -> bool:
    # By name, as chains are built: two CAs of an anchor never have the same one.
    return any(certificate.issuer == authority.subject for authority in authorities)
