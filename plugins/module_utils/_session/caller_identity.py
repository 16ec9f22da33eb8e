# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""GetCallerIdentity of AWS STS: the call that says whose credentials these are, and that no policy can deny."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import urlsplit

from .attempts import call
from .canonical_request import Scope
from .endpoints import checked_endpoint, endpoint
from .errors import SessionError
from .https import SECONDS, Request
from .session import Credentials
from .signature_v4 import signed

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


class CallerIdentity(NamedTuple):
    """Who calls, as STS sees it."""

    account: str
    arn: str

    @property
    def role(self) -> str:
        """The name of the role that is taken on, without its path; empty for anybody else."""
        return self._assumed_role()[0]

    @property
    def session_name(self) -> str:
        """The name of the role session; empty for anybody else."""
        return self._assumed_role()[1]

    def _assumed_role(self) -> tuple[str, str]:
        found = re.fullmatch("arn:[^:]+:sts::[0-9]+:assumed-role/([^/]+)/([^/]+)", self.arn)
        return (found.group(1), found.group(2)) if found else ("", "")


def unmet_expectation(
    identity: CallerIdentity, account: str | None, role: str | None, session_name: str | None
) -> str | None:
    """Return the sentence that tells which expectation the identity does not meet, None when it meets all (pure).

    :param role: a role's ARN or its name; None, like the others, when anything will do.
    """
    if account and identity.account != account:
        return f"The session is of account {identity.account}, not of {account}."
    if role:
        role_account = role.split(":")[4] if role.startswith("arn:") and role.count(":") > 4 else identity.account
        name = role.rpartition("/")[2]
        if (identity.account, identity.role) != (role_account, name):
            return f"The session is of {identity.arn}, not of the role {role}."
    if session_name and identity.session_name != session_name:
        return f"The session's name is {identity.session_name!r}, not {session_name!r}."
    return None


def get_caller_identity(
    credentials: Credentials,
    region: str,
    endpoint_url: str | None = None,
    *,
    ca_bundle: str | None = None,
    seconds: float = SECONDS,
) -> CallerIdentity:
    """Ask STS in ``region``, or at ``endpoint_url``, whose credentials these are.

    :raises SessionError: ``certain`` when STS refused them.
    """
    url = checked_endpoint(endpoint_url) if endpoint_url else endpoint("sts", region)
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": urlsplit(url).netloc}

    def request() -> Request:
        scope = Scope(datetime.now(timezone.utc), region, "sts")
        return Request(f"{url}/", signed(credentials, scope, "POST", "/", "", headers, BODY), BODY)

    answer = call("GetCallerIdentity", request, ca_bundle=ca_bundle, seconds=seconds)
    found = dict(re.findall("<(Account|Arn)>([!-;=-~]+)</", answer.body.decode("utf-8", "replace")))
    if len(found) != 2:
        raise SessionError("GetCallerIdentity was answered with success but without an identity; try again.")
    return CallerIdentity(found["Account"], found["Arn"])
