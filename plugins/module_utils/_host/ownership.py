# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose ground a path stands on: what others could replace is refused, and what is a user's is touched as that user."""

from __future__ import annotations

import grp
import json
import os
import pwd
import signal
import stat
from typing import Any, Callable, Iterator

from .errors import HostError

# A user's home may hang on a file system that never answers; nobody else's run waits for it.
_SECONDS = 4
# Linux gives up after so many links, too (path_resolution(7)).
_LINKS = 40


def steps(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Walk to the absolute ``path`` as the kernel does; yield each existing step, links included, and its status."""
    waiting = path.split("/")[::-1]
    reached = "/"
    links = 0
    yield reached, os.lstat(reached)
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            reached = os.path.dirname(reached)
            continue
        step = os.path.join(reached, part)
        try:
            status = os.lstat(step)
        except FileNotFoundError:
            return
        except OSError as error:
            raise HostError(f"{step} cannot be looked at: {error.strerror}.") from error
        yield step, status
        if not stat.S_ISLNK(status.st_mode):
            reached = step
            continue
        links += 1
        if links > _LINKS:
            raise HostError(f"{path} leads through more than {_LINKS} symbolic links; give the real path.")
        target = os.readlink(step)
        waiting.extend(target.split("/")[::-1])
        if target.startswith("/"):
            reached = "/"


def check_parents(path: str) -> None:
    """Raise HostError when someone other than root and this user could replace a directory on the way to ``path``.

    A sticky directory like /tmp is fine: there everybody replaces only what is his. An ordinary user's own group counts
    as the user, since many systems give everybody a group of his own and a umask of 002.
    """
    for step, status in steps(path):
        if status.st_uid not in (0, os.geteuid()):
            raise HostError(
                f"{step} belongs to {_user_name(status.st_uid)}, who could replace what is kept beneath it;"
                " choose a directory whose parents belong to root or to the user who runs this."
            )
        check_writers(step, status)


def check_writers(step: str, status: os.stat_result) -> None:
    """Raise HostError when others could write what has this status, as ``check_parents`` understands others."""
    if stat.S_ISLNK(status.st_mode) or (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return
    trusted_groups = (0, os.getegid()) if os.geteuid() else (0,)
    if status.st_mode & stat.S_IWOTH:
        raise HostError(f"{step} can be written by everybody; take that away (chmod o-w) or choose another place.")
    if status.st_mode & stat.S_IWGRP and status.st_gid not in trusted_groups:
        raise HostError(
            f"{step} can be written by the group {status.st_gid}; take that away (chmod g-w) or choose another place."
        )


def owner_of_ground(path: str) -> tuple[int, int]:
    """Return (uid, gid) of the first step on the way to ``path`` that is not root's: from there on the ground is his.

    (0, 0) when all of it is root's. Raises HostError when everybody may write a directory of root's.
    """
    for step, status in steps(os.path.dirname(path)):
        if status.st_uid != 0:
            return status.st_uid, status.st_gid
        check_writers(step, status)
    return 0, 0


def as_owner_of_ground(path: str, act: Callable[[], Any], seconds: int = _SECONDS) -> Any:
    """Call ``act`` with the rights of whoever owns the ground of ``path`` and return its (JSON) value.

    Root never opens a path that a user can bend: a child process becomes that user first, groups included, and is ended
    when it gave no answer after ``seconds``. Whoever is not root acts with his own rights. Raises HostError, also the
    one that ``act`` raised.
    """
    user, group = owner_of_ground(path) if os.geteuid() == 0 else (0, 0)
    if user == 0:
        return act()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer_as(user, group, act, writing, seconds)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise HostError(
            f"{path} gave no answer to {_user_name(user)} within {seconds} seconds; look at its file system."
        )
    outcome = json.loads(answer)
    if "refusal" in outcome:
        raise HostError(outcome["refusal"])
    return outcome["value"]


def _answer_as(user: int, group: int, act: Callable[[], Any], pipe: int, seconds: int) -> None:
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        _become(user, group)
        try:
            outcome = {"value": act()}
        except (HostError, OSError) as error:
            outcome = {"refusal": str(error)}
        with os.fdopen(pipe, "wb") as file:
            file.write(json.dumps(outcome).encode())
    finally:
        os._exit(0)


def _become(user: int, group: int) -> None:
    try:
        entry = pwd.getpwuid(user)
        os.initgroups(entry.pw_name, entry.pw_gid)
        group = entry.pw_gid
        # A program that is run as the user looks for its files where the user has them.
        os.environ.update(HOME=entry.pw_dir, USER=entry.pw_name, LOGNAME=entry.pw_name)
    except KeyError:
        os.setgroups([])
    os.environ.pop("XDG_CACHE_HOME", None)
    os.setgid(group)
    os.setuid(user)
    os.chdir("/")


def group_number(group: str | None) -> int | None:
    """Return the number of a group given by name or number, None for None; raises HostError when there is none."""
    if group is None:
        return None
    try:
        return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise HostError(f"There is no group {group!r} here; make it first or correct the option group.") from None


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
