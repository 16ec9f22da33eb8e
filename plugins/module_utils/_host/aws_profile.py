# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of an AWS profile whose credentials come from the helper."""

from __future__ import annotations

import os
import re
from typing import Any, Iterable, Mapping, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import (
    CERTIFICATE,
    CHAIN,
    PRIVATE_KEY,
)

from .aws_config import Settings
from .errors import HostError
from .safe_words import command_line, safe_word
from .session_target import session_target
from .workload import workload

# AWS STS API reference, AssumeRole: RoleSessionName and DurationSeconds.
_SESSION_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]{2,64}")
_DURATIONS = range(900, 43200 + 1)


class AwsProfile(NamedTuple):
    """A profile of an AWS config file and what its section says."""

    path: str
    profile: str
    command: str | None  # None for a profile that shall have no section
    region: str = ""
    role_arn: str = ""
    endpoint_url: str | None = None

    @property
    def settings(self) -> Settings | None:
        """The settings of its section in the order they are written in, None for no section."""
        return [("region", self.region), ("credential_process", self.command)] if self.command else None


def aws_profile(options: Mapping[str, Any]) -> AwsProfile:
    """Check one of the ``profiles`` of the modules and return what is to be written for it.

    Raises HostError or SessionError naming the option, its value and what it should look like.
    """
    place = workload(options["directory"], options["name"])
    target = session_target(
        options["trust_anchor_arn"],
        options["profile_arn"],
        options["role_arn"],
        options["region"],
        options["endpoint_url"],
    )
    words = [
        _absolute(options["helper_path"], "helper_path"),
        "credential-process",
        *("--certificate", f"{place.current}/{CERTIFICATE}"),
        *("--private-key", f"{place.current}/{PRIVATE_KEY}"),
        *("--intermediates", f"{place.current}/{CHAIN}"),
        *("--trust-anchor-arn", target.trust_anchor_arn),
        *("--profile-arn", target.profile_arn),
        *("--role-arn", target.role_arn),
        *("--region", target.region),
    ]
    if target.endpoint_url:
        words += ["--endpoint", target.endpoint_url]
    if options["session_duration"] is not None:
        words += ["--session-duration", str(_duration(options["session_duration"]))]
    if options["role_session_name"]:
        words += ["--role-session-name", _session_name(options["role_session_name"])]
    if options["cache_directory"]:
        words += ["--cache-directory", _absolute(options["cache_directory"], "cache_directory")]
    return without_section(options)._replace(
        command=command_line(words), region=target.region, role_arn=target.role_arn, endpoint_url=target.endpoint_url
    )


def without_section(options: Mapping[str, Any]) -> AwsProfile:
    """Check where one of the ``profiles`` stands that shall have no section; raises HostError."""
    return AwsProfile(_absolute(options["path"], "path"), safe_word(options["profile"], "profile"), None)


def by_file(profiles: Iterable[AwsProfile]) -> dict[str, dict[str, Settings | None]]:
    """Return the wanted settings by file and profile, in the given order.

    Raises HostError when one profile of one file is wanted twice.
    """
    files: dict[str, dict[str, Settings | None]] = {}
    for entry in profiles:
        wanted = files.setdefault(entry.path, {})
        if entry.profile in wanted:
            raise HostError(
                f"profile {entry.profile} in {entry.path} is given twice; give each profile of a file once."
            )
        wanted[entry.profile] = entry.settings
    return files


def _absolute(value: str, option: str) -> str:
    if not os.path.isabs(value):
        raise HostError(f"{option} is {value!r}, but must be an absolute path.")
    return value


def _duration(seconds: int) -> int:
    if seconds not in _DURATIONS:
        raise HostError(f"session_duration is {seconds}, but must be 900 to 43200 seconds.")
    return seconds


def _session_name(value: str) -> str:
    if _SESSION_NAME.fullmatch(value) is None:
        raise HostError(f"role_session_name is {value!r}, but must be 2 to 64 letters, digits and _ + = , . @ -.")
    return value
