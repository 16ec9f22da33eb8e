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
