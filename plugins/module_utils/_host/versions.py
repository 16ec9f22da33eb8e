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


def other_serials(place: Workload) -> list[str]:
    """Return the serials of the pairs that are not in use, the latest staged first."""
    current = current_serial(place)
    with told(place.versions, "read"):
        try:
            entries = list(os.scandir(place.versions))
        except FileNotFoundError:
            return []
        staged = [entry for entry in entries if _SERIAL.fullmatch(entry.name) and entry.name != current]
        staged.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns, reverse=True)
    return [entry.name for entry in staged]


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
            directory.write(CERTIFICATE, certificate, 0o640, owning_group)
            directory.write(CHAIN, chain, 0o640, owning_group)
            directory.write(PRIVATE_KEY, private_key, 0o400 if group is None else 0o640, owning_group)
        remove_directory(place.version(serial))
        with told(place.version(serial), "written"), open_directory(place.versions) as versions:
            os.rename(staging, place.version(serial))
            os.fsync(versions.descriptor)
    except BaseException:
        remove_directory(staging)
        raise


def remove_leftovers(place: Workload) -> None:
    """Remove what a run left behind that was killed while it staged a pair or switched to it."""
    with told(place.path, "tidied up"):
        for name in os.listdir(place.versions):
            if name.startswith(_STAGING):
                remove_directory(f"{place.versions}/{name}")
        for name in os.listdir(place.path):
            if name.startswith(_LINK):
                os.unlink(f"{place.path}/{name}")


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
    remove_directory(place.version(serial))
    remove_directory(place.pending)


def prune(place: Workload, keep: int) -> None:
    """Keep the current pair and the latest others, ``keep`` in all."""
    for serial in other_serials(place)[keep - 1 :]:
        remove_directory(place.version(serial))
