# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session that a workload asks for: which anchor, profile and role, in which region, at which endpoint."""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.endpoints import (
    checked_endpoint,
    session_region,
)

from .errors import HostError

# AWS, service authorization reference of Roles Anywhere and of IAM; partitions are aws, aws-cn, aws-us-gov, aws-iso…
_FORMS = {
    "trust_anchor_arn": (
        "rolesanywhere:REGION:ACCOUNT:trust-anchor/ID",
        r"rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[0-9A-Za-z-]+",
    ),
    "profile_arn": (
        "rolesanywhere:REGION:ACCOUNT:profile/ID",
        r"rolesanywhere:[a-z0-9-]+:[0-9]{12}:profile/[0-9A-Za-z-]+",
    ),
    "role_arn": ("iam::ACCOUNT:role/NAME", r"iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+"),
}


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
    arns = {"trust_anchor_arn": trust_anchor_arn, "profile_arn": profile_arn, "role_arn": role_arn}
    for option, value in arns.items():
        form, pattern = _FORMS[option]
        if not value:
            raise HostError(f"{option} is missing; it must look like arn:aws:{form}.")
        if re.fullmatch("arn:aws[a-z-]*:" + pattern, value) is None:
            raise HostError(f"{option} is {value!r}, but must look like arn:aws:{form}.")
    region = session_region(trust_anchor_arn, profile_arn, role_arn, region or None)
    endpoint_url = checked_endpoint(endpoint_url) if endpoint_url else None
    return SessionTarget(trust_anchor_arn, profile_arn, role_arn, region, endpoint_url)
