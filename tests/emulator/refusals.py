# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences with which CreateSession refuses, each as it was seen at AWS (reference §2.10), word for word."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import ServiceError

UNTRUSTED = "Untrusted signing certificate"
INSUFFICIENT = "Untrusted certificate. Insufficient certificate"
REVOKED = "Certificate revoked"
INVALID_SIGNATURE = "Invalid signature"
NO_TRUST_ANCHOR = "Specified Trust Anchor wasn't found."
NO_PROFILE = "Invalid or empty profile provided."
ROLE_NOT_LISTED = "Requested Role isn't one of those listed in the Profile."
ROLE_SESSION_NAME_NOT_ACCEPTED = "Not authorized to set roleSessionName"

# An invention: nobody has told what a profile with requireInstanceProperties answers to a request without them.
INSTANCE_PROPERTIES_REQUIRED = "Instance properties are required by the Profile."


def denied(message: str) -> ServiceError:
    """Refuse as CreateSession refuses nearly everything: 403 AccessDeniedException."""
    return ServiceError("AccessDeniedException", message)


def cannot_assume(role_arn: str) -> ServiceError:
    """Refuse for what STS says; deliberately generic."""
    return denied(f"Unable to assume role for {role_arn}.")


def duration_exceeds_role(role_arn: str) -> ServiceError:
    """Refuse a session that would be longer than the role allows (§2.8)."""
    return denied(
        f"Unable to assume role for {role_arn}.\n"
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def unmappable(issuer: Iterable[str], subject: Iterable[str], subject_alternative_name: Iterable[str]) -> ServiceError:
    """Refuse names that cannot become session tags (§2.7). How AWS parts several of them is an invention."""
    names = [", ".join(field) for field in (issuer, subject, subject_alternative_name)]
    return denied(
        "Unable to assume role. Some attributes failed to be mapped into session tags. "
        "Issuer: [ {} ]; Subject: [ {} ]; SAN: [ {} ]".format(*names)
    )
