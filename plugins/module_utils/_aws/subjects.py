# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects: who came with a certificate, and which one. Private to the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography.x509 import Certificate

    from .service import Service


def first_under(service: Service, authorities: Iterable[Certificate], since: datetime) -> str | None:
    """Return the X.509 name of a subject that still depends on one of these CAs, None if there is none.

    A subject depends on the CA that signed the certificate it came with last, if that was not before since.
    One call for each subject seen since, at one a second: the first one that is found ends the search.
    """
    authorities = list(authorities)
    for subject in service.all_pages("ListSubjects", "subjects"):
        if subject["lastSeenAt"] < since:
            continue
        detail = service.call("GetSubject", subjectId=subject["subjectId"])["subject"]
        accepted = [credential for credential in detail.get("credentials", []) if not credential.get("failed")]
        if accepted and _issued_by(max(accepted, key=lambda credential: credential["seenAt"]), authorities):
            return str(subject["x509Subject"])
    return None


def _issued_by(credential: Mapping[str, Any], authorities: Iterable[Certificate]) -> bool:
    # By name, as chains are built: two CAs of an anchor never have the same one.
    certificate = certificates.load(credential["x509CertificateData"])
    return any(certificate.issuer == authority.subject for authority in authorities)
