# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that only their owner reads, written whole or not at all.

AnsibleModule.atomic_move gives a new file the mode that the umask allows, for a moment and for good: no place for keys.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import AuthorityError

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


@contextlib.contextmanager
def explained(action: str, path: Path) -> Iterator[None]:
    """Turn an operating system's refusal into one sentence.

    :raises AuthorityError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if isinstance(error, PermissionError):
            reason += "; run this as the owner of the CA's folder (become)"
        raise AuthorityError(f"{error.filename or path} cannot be {action}: {reason}.") from None


def is_there(path: Path) -> bool:
    """Say whether a file or folder exists; pathlib's own answers differ between releases where one may not look.

    :raises AuthorityError: one may not look.
    """
    with explained("read", path):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def write(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 through a temporary one beside it, so that it is complete on the disk or untouched.

    :raises OSError: for example a full disk; the temporary file is gone then.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a folder last through a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(directory: Path, seconds: float = 60) -> Iterator[None]:
    """Hold a folder for this process alone; the kernel lets go of it when the process ends.

    :raises AuthorityError: another run still holds it after *seconds*.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + seconds
        while not _lock(descriptor):
            if time.monotonic() >= deadline:
                raise AuthorityError(
                    f"Another run has been working on {directory} for {seconds:g} seconds: let it end first."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def is_open_to_others(path: Path) -> bool:
    """Say whether anybody but the owner has a right on a file or folder."""
    return is_open(path.stat().st_mode)


def is_open(mode: int) -> bool:
    """Say whether a mode gives anybody but the owner a right."""
    return bool(stat.S_IMODE(mode) & 0o077)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
