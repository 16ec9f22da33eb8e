# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session that a workload asks for: which anchor, profile and role, in which region, at which endpoint."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import arns
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.endpoints import (
    checked_endpoint,
    session_region,
)

from .errors import HostError

_FORMS = {"trust_anchor_arn": arns.TRUST_ANCHOR, "profile_arn": arns.PROFILE, "role_arn": arns.ROLE}


class SessionTarget(NamedTuple):
    """What CreateSession is asked for, every value checked by ``session_target``."""

    trust_anchor_arn: str
    profile_arn: str
    role_arn: str
    region: str
    endpoint_url: str | None


def session_target(
    trust_anchor_arn: str, profile_arn: str, role_arn: str, region: str | None = None, endpoint_url: str | None = None
) -> SessionTarget:
    """Check the values that a session is asked for with; the region is the trust anchor's when none is given.

    Raises HostError naming the option, its value and what it should look like, or SessionError when the values do not
    go together.
    """
    given = {"trust_anchor_arn": trust_anchor_arn, "profile_arn": profile_arn, "role_arn": role_arn}
    for option, value in given.items():
        form = _FORMS[option]
        if not value:
            raise HostError(f"{option} is missing; it must look like {form.example}.")
        if form.pattern.fullmatch(value) is None:
            raise HostError(f"{option} is {value!r}, but must look like {form.example}.")
    region = session_region(trust_anchor_arn, profile_arn, role_arn, region or None)
    endpoint_url = checked_endpoint(endpoint_url) if endpoint_url else None
    return SessionTarget(trust_anchor_arn, profile_arn, role_arn, region, endpoint_url)
