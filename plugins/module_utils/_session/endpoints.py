# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a service answers: the region that an ARN names, and the host name in its partition."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from . import arns
from .errors import SessionError

# Region prefix and DNS suffix of each partition (AWS general reference; the first that fits counts).
PARTITIONS = (
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
)

_REGION = re.compile("[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")


def session_region(trust_anchor_arn: str, profile_arn: str, role_arn: str, region: str | None = None) -> str:
    """Return the region of a session: the given one, else the trust anchor's.

    :raises SessionError: an ARN is of another kind, or anchor and profile are not of one region and account.
    """
    anchor = arns.TRUST_ANCHOR.pattern.fullmatch(trust_anchor_arn)
    if not anchor:
        raise SessionError(f"{trust_anchor_arn!r} is not the ARN of a trust anchor.")
    profile = arns.PROFILE.pattern.fullmatch(profile_arn)
    if not profile:
        raise SessionError(f"{profile_arn!r} is not the ARN of a Roles Anywhere profile.")
    if not arns.ROLE.pattern.fullmatch(role_arn):
        raise SessionError(f"{role_arn!r} is not the ARN of an IAM role.")
    if anchor.groups() != profile.groups():
        raise SessionError(
            f"The trust anchor is of {' '.join(anchor.groups())}, the profile of {' '.join(profile.groups())};"
            " give two of the same region and account."
        )
    if region and region != anchor.group(1):
        raise SessionError(f"The region is {region!r}, but the trust anchor is of {anchor.group(1)}; leave it out.")
    return anchor.group(1)


def endpoint(service: str, region: str) -> str:
    """Return the URL of a regional service (``rolesanywhere`` or ``sts``), without a path.

    :raises SessionError: the region is not one.
    """
    if not _REGION.fullmatch(region):
        raise SessionError(f"{region!r} is not an AWS region.")
    suffix = next(suffix for prefix, suffix in PARTITIONS if region.startswith(prefix))
    return f"https://{service}.{region}.{suffix}"


def checked_endpoint(url: str) -> str:
    """Return an endpoint given by a person without its final slash, when secrets may be sent there.

    :raises SessionError: it is not https, and not http to this machine; or it is more than host, port and path.
    """
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_valid = urlsplit(""), False
    plain = re.fullmatch(r"[!-~]+", url) and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not (plain and port_is_valid and parts.hostname and parts.scheme in ("http", "https")):
        raise SessionError(f"The endpoint {url!r} must look like https://HOST, with a port and a path at most.")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(parts.hostname):
        raise SessionError(f"The endpoint {url!r} must use https: http is for this machine's own addresses only.")
    return url.rstrip("/")
