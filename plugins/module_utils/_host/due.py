# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due on a host, and why: pure decisions. The answer is a reason, or None when nothing is to be done."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from typing import NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import (
    Thresholds,
    why_near_its_end,
    why_out_of_range,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import key_type_of

from .errors import HostError
from .helper_file import MODE, HelperFile
from .issuers import Issuer, accepts

DIRECTORY_MODE = 0o750  # of a workload's directories


class Wishes(NamedTuple):
    """What the inventory wants the certificate to be; None asks for nothing, an empty value for none.

    Without ``issuers`` any issuer will do: a certificate has one.
    """

    common_name: str | None = None
    organization: str | None = None
    organizational_units: Sequence[str] | None = None
    dns_names: Sequence[str] | None = None
    uris: Sequence[str] | None = None
    issuers: Sequence[Issuer] = ()
    key_type: str | None = None
    key_store: str | None = None
    group: int | None = None


class Installed(NamedTuple):
    """The pair in use, as it was found."""

    subject: Sequence[tuple[str, str]]
    dns_names: Sequence[str]
    uris: Sequence[str]
    issuer: Issuer
    not_before: datetime
    not_after: datetime
    fingerprint: str  # SHA-256 in hex
    public_key: bytes
    key_matches: bool
    private_key_mode: int
    private_key_group: int
    key_store: str
    directory_fault: str | None = None  # what ``directory_due`` says of the workload's directories


def certificate_due(
    installed: Installed | None,
    wishes: Wishes,
    now: datetime,
    thresholds: Thresholds,
    *,
    trouble: str | None = None,
    waiting: str | None = None,
    force: bool = False,
) -> str | None:
    """Say why a certificate is due.

    ``trouble`` is what made the pair unreadable, ``waiting`` the serial of a staged pair. The order tells people first
    what they asked for, then what is broken today, then what changed, then what time will break:
    forced, staged, unreadable, missing, exposed, in a directory of another mode or group, mismatched, expired, renamed,
    of another issuer, of another key type, with its key in another store, near its end.
    Raises HostError when a threshold is out of range.
    """
    fault = why_out_of_range(thresholds)
    if fault:
        raise HostError(fault)
    if force:
        return "forced"
    if waiting:
        return f"certificate {waiting} is staged and waits for its proof"
    if trouble:
        return trouble
    if installed is None:
        return "no certificate yet"
    return (
        _exposed(installed, wishes.group)
        or installed.directory_fault
        or _mismatched(installed)
        or _expired(installed, now)
        or _renamed(installed, wishes)
        or _of_another_issuer(installed, wishes)
        or _of_another_type(installed, wishes)
        or _in_another_store(installed, wishes)
        or why_near_its_end(installed.not_before, installed.not_after, installed.fingerprint, now, thresholds)
    )


def directory_due(found: os.stat_result | None, group: int | None) -> str | None:
    """Say why one of a workload's directories is to be made or corrected: its status, None where nothing is."""
    if found is None:
        return "is missing"
    if not stat.S_ISDIR(found.st_mode):
        return "is not a directory"
    if stat.S_IMODE(found.st_mode) != DIRECTORY_MODE:
        return f"has the mode {stat.S_IMODE(found.st_mode):04o}, not {DIRECTORY_MODE:04o}"
    if group not in (None, found.st_gid):
        return f"belongs to the group {found.st_gid}, not to {group}"
    return None


def helper_due(found: HelperFile | None, digest: str, version: str) -> str | None:
    """Say why the helper is due: what was found of it, None without a file, and the SHA-256 (hex) of what is wanted."""
    if found is None:
        return "no helper yet"
    if found.digest is None:
        return "the helper is not a regular file of at most 1 MiB"
    if not found.is_ours:
        return "the helper belongs to another user"
    if found.digest != digest:
        return f"the helper is not the one of version {version}"
    return None if found.mode == MODE else f"the helper does not have the mode {MODE:04o}"


def _exposed(installed: Installed, group: int | None) -> str | None:
    if installed.private_key_mode & 0o007:
        return "private key is readable by others"
    if installed.private_key_mode & 0o070 and installed.private_key_group != group:
        return f"private key is readable by the group {installed.private_key_group}"
    if group is not None and not installed.private_key_mode & 0o040:
        return f"private key is not readable by the group {group}"
    return None


def _mismatched(installed: Installed) -> str | None:
    return None if installed.key_matches else "key does not match the certificate"


def _expired(installed: Installed, now: datetime) -> str | None:
    return f"expired on {installed.not_after:%Y-%m-%d}" if installed.not_after <= now else None


def _renamed(installed: Installed, wishes: Wishes) -> str | None:
    def found(attribute: str) -> Sequence[str]:
        return [value for name, value in installed.subject if name == attribute]

    names: list[tuple[str, Sequence[str], Sequence[str] | None]] = [
        ("common name", found("CN"), _one(wishes.common_name)),
        ("organization", found("O"), _one(wishes.organization)),
        ("organizational units", found("OU"), wishes.organizational_units),
        ("DNS names", installed.dns_names, wishes.dns_names),
        ("URIs", installed.uris, wishes.uris),
    ]
    for what, present, wanted in names:
        if wanted is not None and list(present) != list(wanted):
            return f"{what} changed from {_listed(present)} to {_listed(wanted)}"
    return None


def _one(value: str | None) -> Sequence[str] | None:
    return [value] if value else None if value is None else []


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values) or "none"


def _of_another_issuer(installed: Installed, wishes: Wishes) -> str | None:
    found, accepted = installed.issuer, wishes.issuers
    if not accepted or any(accepts(issuer, found) for issuer in accepted):
        return None
    names = list(dict.fromkeys(map(str, accepted)))
    if names == [str(found)]:
        return f"issuer {found} has another key now"
    return f"issuer changed from {found} to {' or '.join(names)}"


def _of_another_type(installed: Installed, wishes: Wishes) -> str | None:
    found = key_type_of(installed.public_key)
    if wishes.key_type is None or found == wishes.key_type:
        return None
    return f"key type changed from {found} to {wishes.key_type}"


def _in_another_store(installed: Installed, wishes: Wishes) -> str | None:
    if wishes.key_store in (None, installed.key_store):
        return None
    return f"key store changed from {installed.key_store} to {wishes.key_store}"
