# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions kept in a private directory, so that many processes at once make one CreateSession.

Everything is opened relative to the directory's descriptor and never through a symlink. What cannot be read, or is not
ours, counts as absent and is written anew; a directory that others may enter is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import Callable, Iterator

from . import locks
from .errors import SessionError
from .session import Session, session_document, session_from_document

REFRESH_SECONDS = 300  # a session is renewed this long before it expires
STILL_USABLE_SECONDS = 60  # … and used until then when nobody can tell whether there is a new one
LONGEST_SESSION = 12 * 3600 + 3600  # seconds; AWS's twelve hours, and clocks may differ
LOCK_PATIENCE = 60.0  # seconds
LARGEST_FILE = 64 * 1024  # bytes

# Sessions, locks, and what _write left when it was killed. The directory may be one where a user keeps more than this.
_OURS = re.compile(r"[0-9a-f]{64}\.(json|lock|[0-9]+)")


def identity(*parts: str) -> str:
    """Return the name under which a session is kept: what it was asked for with, hashed."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def default_directory() -> str | None:
    """Return ``$XDG_CACHE_HOME/rolesanywhere`` or ``~/.cache/rolesanywhere`` of the effective user.

    None for a user without a home: a shared directory would be no place for secrets.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):  # XDG base directory specification: a relative path is invalid
        import pwd

        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:
            return None
        if not home.startswith("/") or home == "/" or not os.access(home, os.W_OK):
            return None
        base = f"{home.rstrip('/')}/.cache"
    return f"{base.rstrip('/')}/rolesanywhere"


def cached(directory: str, name: str, create: Callable[[], Session]) -> Session:
    """Return the session kept under ``name`` while it is fresh; else make one with ``create`` and keep it.

    :param directory: made with mode 0700 when it is missing.
    :param name: what :func:`identity` returned.
    :raises SessionError: the directory is not private; or what ``create`` raises.
    """
    with _private_directory(directory) as folder:
        kept = _read(folder, name)
        if kept and _seconds_left(kept) > REFRESH_SECONDS:
            return kept
        with _lock(folder, name):
            kept = _read(folder, name)  # another process may have been here in the meantime
            if kept and _seconds_left(kept) > REFRESH_SECONDS:
                return kept
            try:
                session = create()
            except SessionError as error:
                if kept and not error.certain and _seconds_left(kept) > STILL_USABLE_SECONDS:
                    return kept
                raise
            # A full disk costs the next process a call, not this one its session.
            with suppress(OSError):
                _write(folder, name, session)
            with suppress(OSError):
                _remove_old(folder)
            return session


def _seconds_left(session: Session) -> float:
    return session.expiration.timestamp() - time.time()


@contextmanager
def _private_directory(path: str) -> Iterator[int]:
    try:
        _make_directory(path)
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise SessionError(f"The cache directory {path} cannot be used: {error.strerror}; name another one.") from error
    try:
        status = os.fstat(folder)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise SessionError(f"The cache directory {path} must be ours with mode 0700; name another one.")
        yield folder
    finally:
        os.close(folder)


def _make_directory(path: str) -> None:
    # Not os.makedirs: it leaves the mode of the directories above to the umask.
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        _make_directory(parent)
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)


@contextmanager
def _lock(folder: int, name: str) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as opened:
        try:
            lock = os.open(f"{name}.lock", flags, 0o600, dir_fd=folder)
            opened.callback(os.close, lock)
            acquired = locks.acquire(lock, LOCK_PATIENCE)
        except OSError as error:
            raise SessionError(f"The cache cannot be locked: {error.strerror}; name another directory.") from error
        if not acquired:
            raise SessionError("Another process is busy making this session; try again later.")
        yield


def _read(folder: int, name: str) -> Session | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(f"{name}.json", flags, dir_fd=folder), "rb") as file:
            status = os.fstat(file.fileno())
            ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
            session = session_from_document(json.loads(file.read(LARGEST_FILE))) if ours else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    # Whatever lasts longer than AWS allows was not written by us.
    return session if session and _seconds_left(session) < LONGEST_SESSION else None


def _write(folder: int, name: str, session: Session) -> None:
    temporary = f"{name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=folder), "w", encoding="utf-8") as file:
        json.dump(session_document(session), file)
    os.replace(temporary, f"{name}.json", src_dir_fd=folder, dst_dir_fd=folder)


def _remove_old(folder: int) -> None:
    # Each renewed certificate leaves its sessions and locks behind; a lock in use would only cost one more call.
    oldest = time.time() - LONGEST_SESSION
    for entry in filter(_OURS.fullmatch, os.listdir(folder)):
        with suppress(OSError):  # another process may have removed it in the meantime
            if os.lstat(entry, dir_fd=folder).st_mtime < oldest:
                os.unlink(entry, dir_fd=folder)
