# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the three ARNs that CreateSession takes look.

Source: service authorization reference of Roles Anywhere and of IAM; partitions are aws, aws-cn, aws-us-gov, aws-iso…
"""

from __future__ import annotations

import re
from typing import NamedTuple, Pattern


class ArnForm(NamedTuple):
    """The form of the ARNs of one kind of resource."""

    example: str  # for people
    pattern: Pattern[str]  # for fullmatch; its groups, if any, are region and account


def _of_rolesanywhere(kind: str) -> ArnForm:
    return ArnForm(
        f"arn:aws:rolesanywhere:REGION:ACCOUNT:{kind}/ID",
        re.compile(f"arn:aws[a-z-]*:rolesanywhere:([a-z0-9-]+):([0-9]{{12}}):{kind}/[0-9A-Za-z-]+"),
    )


TRUST_ANCHOR = _of_rolesanywhere("trust-anchor")
PROFILE = _of_rolesanywhere("profile")
ROLE = ArnForm("arn:aws:iam::ACCOUNT:role/NAME", re.compile("arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+"))
