# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What STS asks before it makes a session of a role: its limits, and the role's trust policy (reference §4.1).

Pure. Roles Anywhere assumes roles with it, and so does sts:AssumeRole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .patterns import Context
from .policies import Policy, Principal, decide

SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
SOURCE_IDENTITY_WITH_SPACE = re.compile(r"[\w+=,.@ -]{2,64}", re.ASCII)
MOST_TAGS = 50
MOST_MANAGED_POLICIES = 10
LONGEST_POLICY = 2048  # characters of the inline policy and the managed policies' ARNs together
SHORTEST_DURATION = 900

# An invention: AWS packs policies and tags in a way of its own and tells the filling as a percentage. Characters are
# counted here, so that 50 long tags beside a full policy do not fit.
PACKED_SIZE = 4096


class Refused(Exception):
    """STS makes no session; the text is the reason, which Roles Anywhere keeps to itself."""


class DurationExceedsRole(Refused):
    """The session would be longer than the role's MaxSessionDuration."""


@dataclass(frozen=True)
class RoleRequest:
    """What is asked of STS."""

    role_arn: str
    session_name: str
    duration_seconds: int
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    session_policy: str | None = None
    managed_policy_arns: Sequence[str] = ()

    @property
    def packed_size(self) -> int:
        """Percentage of the room for policies and tags that this takes."""
        return math.ceil(100 * self._packed / PACKED_SIZE)

    @property
    def _packed(self) -> int:
        return self._policy_size + sum(len(key) + len(value) for key, value in self.tags.items())

    @property
    def _policy_size(self) -> int:
        return len(self.session_policy or "") + sum(len(arn) for arn in self.managed_policy_arns)

    def check_limits(self, space_in_source_identity: bool = False) -> None:
        """Raise Refused for what STS would not take of anybody."""
        reason = self._objection_to_names(space_in_source_identity) or self._objection_to_sizes()
        if reason:
            raise Refused(reason)

    def _objection_to_names(self, space_in_source_identity: bool) -> str | None:
        if not SESSION_NAME.fullmatch(self.session_name):
            return "the session name is not of the form that STS wants"
        form = SOURCE_IDENTITY_WITH_SPACE if space_in_source_identity else SESSION_NAME
        if self.source_identity is not None and not form.fullmatch(self.source_identity):
            return "the source identity is not of the form that STS wants"
        return None

    def _objection_to_sizes(self) -> str | None:
        if len(self.tags) > MOST_TAGS:
            return f"there are more than {MOST_TAGS} tags"
        if len(self.managed_policy_arns) > MOST_MANAGED_POLICIES:
            return f"there are more than {MOST_MANAGED_POLICIES} managed policies"
        if self._policy_size > LONGEST_POLICY:
            return f"the session policies have more than {LONGEST_POLICY} characters"
        if self._packed > PACKED_SIZE:
            return "policies and tags do not fit into the packed size"
        if self.duration_seconds < SHORTEST_DURATION:
            return f"the session would be shorter than {SHORTEST_DURATION} seconds"
        return None

    @property
    def actions(self) -> list[str]:
        """The actions that the role's trust policy must allow for this session."""
        return [
            "sts:AssumeRole",
            *(["sts:SetSourceIdentity"] if self.source_identity is not None else []),
            *(["sts:TagSession"] if self.tags else []),
        ]


def check_trust(
    trust_policy: Policy, wanted: RoleRequest, principal: Principal, context: Context, now: datetime
) -> None:
    """Raise Refused unless the role's trust policy lets the principal have this session.

    context holds what is known of the principal and its call; the keys that the request itself brings are added.
    """
    request_context = {
        **context,
        "aws:RequestTag/": (),
        **{f"aws:RequestTag/{key}": value for key, value in wanted.tags.items()},
        "aws:TagKeys": tuple(wanted.tags),
        "sts:TransitiveTagKeys": (),
        "sts:SourceIdentity": (wanted.source_identity,) if wanted.source_identity is not None else (),
        "sts:RoleSessionName": wanted.session_name,
        "sts:DurationSeconds": str(wanted.duration_seconds),
        "aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
    }
    for action in wanted.actions:
        decision = decide([trust_policy], action, None, request_context, principal)
        if not decision.allowed:
            raise Refused(f"trust policy: {decision.reason}")


def check_duration(wanted: RoleRequest, longest: int) -> None:
    """Raise DurationExceedsRole for a session longer than the role's MaxSessionDuration: it is not cut (§2.8)."""
    if wanted.duration_seconds > longest:
        raise DurationExceedsRole(f"{wanted.duration_seconds} seconds are more than {longest}")
