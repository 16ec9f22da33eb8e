# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS config files: read and written with the rights of whoever owns the ground they stand on."""

from __future__ import annotations

import os
import time
from typing import Any, Mapping, NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import locks

from . import aws_config
from .errors import HostError
from .ownership import as_owner_of_ground, check_writers
from .private_files import OpenDirectory, make_directory, open_directory, told

MODE = 0o600

_LOCK_SECONDS = 2
# What these settings say is ours and no secret; of others in a section that is replaced only the name is shown.
_SHOWN = ("region", "credential_process")

# What a profile's section shall say; None for a profile that shall have none of ours.
Wanted = Mapping[str, "aws_config.Settings | None"]


class Edited(NamedTuple):
    """What became of one file; ``before`` and ``after`` show the wanted sections only."""

    changed: Sequence[str]
    before: str
    after: str
    backup_file: str | None


def reasons(path: str, wanted: Wanted) -> dict[str, str | None]:
    """Say for each wanted profile why its section in the file ``path`` (absolute) is due, None where it is not.

    Raises HostError when the file cannot be read or others can write it.
    """
    answer: dict[str, str | None] = as_owner_of_ground(path, lambda: _reasons(_read(path), wanted))
    return answer


def edit(path: str, wanted: Wanted, *, check_mode: bool, backup: bool) -> Edited:
    """Give each wanted profile its section in the file ``path`` (absolute), or take it away.

    A file that is there keeps its owner, group and mode, and others must not be able to write it. A new one is 0600 and
    so is each backup; directories that are missing are made 0700. Raises HostError.
    """
    return Edited(**as_owner_of_ground(path, lambda: _edit(path, wanted, check_mode, backup)))


def _edit(path: str, wanted: Wanted, check_mode: bool, backup: bool) -> dict[str, Any]:
    content = _read(path)
    changed = [profile for profile, reason in _reasons(content, wanted).items() if reason]
    backup_file = None
    if changed and not check_mode:
        parent, name = os.path.split(path)
        _make_directories(parent)
        with open_directory(parent) as directory:
            _lock(directory)
            content, status = directory.read(name), directory.status(name)
            if backup and content is not None:
                backup_file = f"{path}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S~')}"
                directory.write(os.path.basename(backup_file), content, MODE)
            if status:
                directory.rewrite(name, _edited(content, wanted), status)
            else:
                directory.write(name, _edited(content, wanted), MODE)
    return {
        "changed": changed,
        "before": _shown(content, wanted),
        "after": _shown(_edited(content, wanted), wanted),
        "backup_file": backup_file,
    }


def _read(path: str) -> bytes | None:
    parent, name = os.path.split(path)
    if not os.path.isdir(parent):
        return None
    with open_directory(parent) as directory:
        content, status = directory.read(name), directory.status(name)
    if status:
        check_writers(path, status)  # whoever can write the file chooses the program
    return content


def _reasons(content: bytes | None, wanted: Wanted) -> dict[str, str | None]:
    return {profile: _reason(content or b"", profile, settings) for profile, settings in wanted.items()}


def _reason(content: bytes, profile: str, settings: aws_config.Settings | None) -> str | None:
    found = aws_config.read_section(content, profile)
    if settings is None:
        return "section is still there" if _is_ours(found) else None
    if found is None:
        return "no section yet"
    is_written = aws_config.with_section(content, profile, settings) == content
    return None if is_written else "section says something else"


def _edited(content: bytes | None, wanted: Wanted) -> bytes:
    edited = content or b""
    for profile, settings in wanted.items():
        if settings is not None:
            edited = aws_config.with_section(edited, profile, settings)
        elif _is_ours(aws_config.read_section(edited, profile)):
            edited = aws_config.without_section(edited, profile)
    return edited


def _is_ours(settings: aws_config.Settings | None) -> bool:
    """Tell a section with a credential process from one that only a person can have written."""
    return settings is not None and any(name == "credential_process" for name, _value in settings)


def _shown(content: bytes | None, wanted: Wanted) -> str:
    lines = []
    for profile in wanted:
        settings = aws_config.read_section(content or b"", profile)
        if settings is not None:
            lines.append(aws_config.header(profile))
            lines += [f"{name} = {value if name in _SHOWN else '(not shown)'}" for name, value in settings]
    return "".join(line + "\n" for line in lines)


def _make_directories(path: str) -> None:
    if not os.path.isdir(path):
        _make_directories(os.path.dirname(path))
        make_directory(path, 0o700)


def _lock(directory: OpenDirectory) -> None:
    # The directory itself is locked: a lock file would stay behind in somebody's home.
    with told(directory.path, "locked"):
        acquired = locks.acquire(directory.descriptor, _LOCK_SECONDS)
    if not acquired:
        raise HostError(f"{directory.path} is locked by another program; run again when it has ended.")
