# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole or absent, with exactly the mode they should have, in a directory that is opened once.

Everything happens relative to the descriptor of that directory: swapping a name on the way to it gains nobody anything.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import PurePosixPath
from typing import Callable, Iterator

from .errors import HostError

SIZE_LIMIT = 1024 * 1024

_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@contextlib.contextmanager
def told(path: str, verb: str) -> Iterator[None]:
    """Turn an OSError into the sentence that ``path`` cannot be read, written…: ``verb`` is that participle."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.ELOOP:
            reason = "it is a symbolic link, which is not followed; name its target"
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason += "; make room there and run again, what was in place still is"
        raise HostError(f"{path} cannot be {verb}: {reason}.") from error


class OpenDirectory:
    """A directory by its descriptor; ``path`` serves in messages only."""

    def __init__(self, path: str, descriptor: int) -> None:
        """Wrap an open descriptor; ``open_directory`` makes and closes it."""
        self.path = path
        self.descriptor = descriptor

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of the file ``name`` itself (links are not followed), or None when there is none."""
        with told(f"{self.path}/{name}", "read"):
            try:
                return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a regular file of at most 1 MiB, or None when there is none.

        No link is followed, no pipe and no device is waited for. Raises HostError.
        """
        path = f"{self.path}/{name}"
        with told(path, "read"):
            try:
                descriptor = os.open(name, _READ_ONLY, dir_fd=self.descriptor)
            except FileNotFoundError:
                return None
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise HostError(f"{path} cannot be read: it is not a regular file.")
            with os.fdopen(descriptor, "rb") as file:
                content = file.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            raise HostError(f"{path} is larger than 1 MiB, which no file of its kind is; look at what it holds.")
        return content

    def write(self, name: str, content: bytes, mode: int, group: int = -1) -> None:
        """Put ``content`` in place of ``name`` by one rename, on the disk before it has the name.

        ``mode`` is exact whatever the umask; ``group`` is a numeric group, -1 leaves it. Raises HostError.
        """

        def dress(descriptor: int) -> None:
            os.fchown(descriptor, -1, group)
            os.fchmod(descriptor, mode)

        self._replace(name, content, dress)

    def dress(self, name: str, mode: int, group: int = -1) -> None:
        """Give the regular file ``name`` this mode and group (a number, -1 leaves it); raises HostError."""
        with told(f"{self.path}/{name}", "corrected"):
            descriptor = os.open(name, _READ_ONLY, dir_fd=self.descriptor)
            try:
                os.fchown(descriptor, -1, group)
                os.fchmod(descriptor, mode)
            finally:
                os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove the file ``name`` for good, if it is there; raises HostError."""
        with told(f"{self.path}/{name}", "removed"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self.descriptor)
            os.fsync(self.descriptor)

    def rewrite(self, name: str, content: bytes, status: os.stat_result) -> None:
        """Put ``content`` in place of a file with this status as ``write`` does; it keeps owner, group and mode.

        A user who may not give the file back to its owner and group gets it, and its group has no rights to it.
        """

        def dress(descriptor: int) -> None:
            mode = status.st_mode & 0o777
            try:
                os.fchown(descriptor, status.st_uid, status.st_gid)
            except PermissionError:
                mode &= ~0o070
            os.fchmod(descriptor, mode)

        self._replace(name, content, dress)

    def _replace(self, name: str, content: bytes, dress: Callable[[int], None]) -> None:
        temporary = f".{name}.{secrets.token_hex(8)}"
        with told(f"{self.path}/{name}", "written"):
            descriptor = os.open(temporary, _NEW, 0o600, dir_fd=self.descriptor)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    dress(descriptor)
                    os.fsync(descriptor)
                os.rename(temporary, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
            except BaseException:
                os.unlink(temporary, dir_fd=self.descriptor)
                raise
            os.fsync(self.descriptor)


@contextlib.contextmanager
def open_directory(path: str) -> Iterator[OpenDirectory]:
    """Open the directory ``path``; raises HostError when it is not there or not to be opened."""
    with told(path, "opened"):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield OpenDirectory(path, descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: str, mode: int, group: int = -1) -> None:
    """Make the directory ``path``, or give the one that is there exactly this mode and group; its parent exists.

    Raises HostError when something else has the name or it belongs to another user.
    """
    with told(path, "made"):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            raise HostError(f"{path} is not a directory; move it away.")
        if status.st_uid != os.geteuid():
            raise HostError(f"{path} belongs to another user; give it to user {os.geteuid()} or move it away.")
        if group not in (-1, status.st_gid):
            os.chown(path, -1, group)
        if stat.S_IMODE(status.st_mode) != mode:
            os.chmod(path, mode)


def make_parents(path: str) -> None:
    """Make the directories that are missing on the way to ``path``, 0755; raises HostError."""
    for parent in reversed(PurePosixPath(path).parents):
        if not os.path.lexists(parent):
            make_directory(str(parent), 0o755)


def remove_directory(path: str) -> None:
    """Remove the directory ``path`` with all it holds, if it is there."""
    with told(path, "removed"), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)
