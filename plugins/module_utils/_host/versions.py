# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pairs of a workload: each in a directory of its own, whole or absent; one rename(2) switches between them.

``versions/<serial>/`` gets its name when it is complete and on the disk. ``current`` is a symbolic link, replaced by
a new one. A key in ``pending/`` is removed when its pair is current: until then a broken run can be taken up again.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from typing import Iterator

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import locks
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import (
    CERTIFICATE,
    CHAIN,
    PRIVATE_KEY,
)

from .due import DIRECTORY_MODE, directory_due
from .errors import HostError
from .ownership import check_parents
from .private_files import make_directory, make_parents, open_directory, remove_directory, told
from .workload import Workload

_SERIAL = re.compile("[0-9a-f]{2,64}")
_STAGING = ".staging-"
_REMOVED = ".removed-"
_LINK = ".current-"


def preparation_due(place: Workload, group: int | None) -> str | None:
    """Say which of the workload's directories ``prepare`` would make or correct and why, None when it would none."""
    for path in (place.path, place.versions):
        with told(path, "looked at"):
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                status = None
        reason = directory_due(status, group)
        if reason:
            return f"{path} {reason}"
    return None


def prepare(place: Workload, group: int | None) -> bool:
    """Make the workload's directories, 0750 and of the given group, where nobody else could replace them.

    The answer tells whether anything had to be made or corrected.
    """
    check_parents(place.path)
    due = preparation_due(place, group) is not None
    owning_group = -1 if group is None else group
    make_parents(place.path)
    make_directory(place.path, DIRECTORY_MODE, owning_group)
    make_directory(place.versions, DIRECTORY_MODE, owning_group)
    return due


@contextlib.contextmanager
def locked(place: Workload, seconds: float = 60) -> Iterator[None]:
    """Keep other runs away from the workload; raises HostError when one is still at work after ``seconds``."""
    with contextlib.ExitStack() as opened:
        with told(place.lock, "locked"):
            descriptor = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            opened.callback(os.close, descriptor)
            acquired = locks.acquire(descriptor, seconds)
        if not acquired:
            raise HostError(f"Another run has been working on {place.path} for {seconds:g} seconds; let it end first.")
        yield


def current_serial(place: Workload) -> str | None:
    """Return the serial of the pair in use, None without one; raises HostError when ``current`` is something else."""
    with told(place.current, "read"):
        try:
            status = os.lstat(place.current)
        except FileNotFoundError:
            return None
        target = os.readlink(place.current) if stat.S_ISLNK(status.st_mode) else ""
    parent, _slash, serial = target.partition("/")
    if parent != "versions" or _SERIAL.fullmatch(serial) is None:
        raise HostError(f"{place.current} is not a link to versions/<serial>; move it away.")
    return serial


def serials(place: Workload) -> list[str]:
    """Return the serials of all pairs, the latest staged first.

    The certificate's file is never written again, while the directory changes when its key is removed.
    """
    with told(place.versions, "read"):
        try:
            found = [name for name in os.listdir(place.versions) if _SERIAL.fullmatch(name)]
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda serial: _staged_at(place.version(serial)), reverse=True)


def _staged_at(version: str) -> int:
    try:
        return os.lstat(f"{version}/{CERTIFICATE}").st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return os.lstat(version).st_mtime_ns


def other_serials(place: Workload) -> list[str]:
    """Return the serials of the pairs that are not in use, the latest staged first."""
    current = current_serial(place)
    return [serial for serial in serials(place) if serial != current]


def waiting_serial(place: Workload) -> str | None:
    """Return the serial of a staged pair whose proof is still to come: its key is the pending one."""
    pending = read_pending_key(place)
    if pending is None:
        return None
    return next((serial for serial in other_serials(place) if _key_of(place, serial) == pending), None)


def read_pending_key(place: Workload) -> bytes | None:
    """Return the key (PEM) that waits for its certificate, None without one."""
    if not os.path.lexists(place.pending):
        return None
    with open_directory(place.pending) as pending:
        return pending.read(PRIVATE_KEY)


def is_installed(place: Workload, private_key: bytes) -> bool:
    """Tell whether this key (PEM) is the one in use: a run that was cut short can leave it pending as well."""
    return private_key == _key_of(place, current_serial(place))


def _key_of(place: Workload, serial: str | None) -> bytes | None:
    if serial is None or not os.path.isdir(place.version(serial)):
        return None
    with open_directory(place.version(serial)) as version:
        return version.read(PRIVATE_KEY)


def stage(
    place: Workload, serial: str, certificate: bytes, chain: bytes, private_key: bytes, group: int | None
) -> None:
    """Put a pair (PEM) beside the current one; it is there as a whole or not at all.

    The private key is 0640 for the group, or 0400 for the owner alone without one.
    """
    remove_leftovers(place)
    staging = f"{place.versions}/{_STAGING}{serial}"
    owning_group = -1 if group is None else group
    try:
        make_directory(staging, DIRECTORY_MODE, owning_group)
        with open_directory(staging) as directory:
            modes = _modes(group)
            for name, content in ((CERTIFICATE, certificate), (CHAIN, chain), (PRIVATE_KEY, private_key)):
                directory.write(name, content, modes[name], owning_group)
        _remove(place, serial)
        with told(place.version(serial), "written"), open_directory(place.versions) as versions:
            os.rename(staging, place.version(serial))
            os.fsync(versions.descriptor)
    except BaseException:
        remove_directory(staging)
        raise


def paths_of(place: Workload, serial: str) -> list[str]:
    """Return the pair's directory and the files that it holds."""
    version = place.version(serial)
    return [version, *(path for path in (f"{version}/{name}" for name in _modes(None)) if os.path.lexists(path))]


def correction_due(place: Workload, serial: str, group: int | None) -> list[str]:
    """Return which of the pair's directory and files have not the mode or the group that they should have."""
    modes = _modes(group)
    due = []
    with told(place.version(serial), "looked at"):
        for path in paths_of(place, serial):
            status = os.lstat(path)
            mode = modes.get(os.path.basename(path), DIRECTORY_MODE)
            if stat.S_IMODE(status.st_mode) != mode or group not in (None, status.st_gid):
                due.append(path)
    return due


def correct(place: Workload, serial: str, group: int | None) -> bool:
    """Give the pair's directory and files their modes and the given group; the answer tells whether any lacked it."""
    due = correction_due(place, serial, group)
    if due:
        version, modes, owning_group = place.version(serial), _modes(group), -1 if group is None else group
        make_directory(version, DIRECTORY_MODE, owning_group)
        with open_directory(version) as directory:
            for path in due:
                if path != version:
                    directory.dress(os.path.basename(path), modes[os.path.basename(path)], owning_group)
    return bool(due)


def _modes(group: int | None) -> dict[str, int]:
    return {CERTIFICATE: 0o640, CHAIN: 0o640, PRIVATE_KEY: 0o400 if group is None else 0o640}


def leftovers(place: Workload) -> list[str]:
    """Return what a run left behind that was killed while it staged a pair, switched to it or removed one."""
    found = []
    with told(place.path, "read"):
        for directory, prefixes in ((place.versions, (_STAGING, _REMOVED)), (place.path, (_LINK,))):
            with contextlib.suppress(FileNotFoundError):
                found += [f"{directory}/{name}" for name in os.listdir(directory) if name.startswith(prefixes)]
    return found


def remove_leftovers(place: Workload) -> None:
    """Remove the ``leftovers``."""
    for path in leftovers(place):
        if os.path.islink(path):
            with told(path, "removed"):
                os.unlink(path)
        else:
            remove_directory(path)


def flip(place: Workload, serial: str) -> None:
    """Make the staged pair the current one; readers see the old pair or the new one."""
    link = f"{place.path}/{_LINK}{secrets.token_hex(8)}"
    with told(place.current, "switched"), open_directory(place.path) as directory:
        os.symlink(f"versions/{serial}", link)
        try:
            os.rename(link, place.current)
        except BaseException:
            os.unlink(link)
            raise
        os.fsync(directory.descriptor)


def discard(place: Workload, serial: str) -> None:
    """Remove a staged pair and the pending key it was made with."""
    _remove(place, serial)
    remove_directory(place.pending)


def remove_private_key(place: Workload, serial: str) -> None:
    """Remove the private key of a pair that is not in use; its certificate stays to be looked at."""
    with open_directory(place.version(serial)) as version:
        version.remove(PRIVATE_KEY)


def superfluous(place: Workload, keep: int) -> list[str]:
    """Return the serials of the pairs that are too many, where the current one and the latest others are kept."""
    return other_serials(place)[keep - 1 :]


def prune(place: Workload, keep: int) -> None:
    """Keep the current pair and the latest others, ``keep`` in all."""
    for serial in superfluous(place, keep):
        _remove(place, serial)


def _remove(place: Workload, serial: str) -> None:
    """Take a pair its name before its files, so that a pair is whole as long as it is there."""
    removed = f"{place.versions}/{_REMOVED}{serial}"
    remove_directory(removed)
    with told(place.version(serial), "removed"), contextlib.suppress(FileNotFoundError):
        os.rename(place.version(serial), removed)
    remove_directory(removed)
