# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program of somebody else: no shell, a clean environment, an end to its time and to what it may say."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple, cast

from .errors import AuthorityError

_CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"}
_LONGEST_COMPLAINT = 300  # characters
_COMPLAINTS = 64 * 1024  # bytes
_BLOCK = 64 * 1024  # bytes


class Answer(NamedTuple):
    """What a program said, or *trouble*, the rest of a sentence about it; *hung* when it had to be ended."""

    output: bytes = b""
    trouble: str | None = None
    hung: bool = False


def run(arguments: Sequence[str], environment: Mapping[str, str], given: bytes, *, seconds: float, most: int) -> Answer:
    """Run a program and return what it said.

    :param arguments: the program's absolute path and what it is given.
    :param given: its standard input, at most 64 KiB, which a pipe holds.
    :param seconds: when it is ended, with all that it has started.
    :param most: how many bytes it may write.
    :raises AuthorityError: it cannot be started.
    """
    try:
        # AnsibleModule.run_command neither ends what a program has started nor keeps bytes.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**_CLEAN, **environment},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise AuthorityError(f"The program {arguments[0]} cannot be started: {error.strerror}.") from None
    try:
        return _listen(process, given, seconds, most)
    finally:
        if process.returncode is None:  # until it was waited for, its number is nobody else's
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def clean(complaint: bytes) -> str:
    """Make one line of what a program complains of: printable, and not too long."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in complaint.decode(errors="replace")).split())
    return line if len(line) <= _LONGEST_COMPLAINT else f"{line[:_LONGEST_COMPLAINT]} …"


def _listen(process: subprocess.Popen[bytes], given: bytes, seconds: float, most: int) -> Answer:
    deadline = time.monotonic() + seconds
    stdin, stdout, stderr = (cast(IO[bytes], pipe) for pipe in (process.stdin, process.stdout, process.stderr))
    with contextlib.suppress(BrokenPipeError):  # it need not read
        stdin.write(given)
    with contextlib.suppress(BrokenPipeError):
        stdin.close()
    output, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ, output)
        selector.register(stderr, selectors.EVENT_READ, complaint)
        while selector.get_map():
            for key, _events in selector.select(max(0.0, deadline - time.monotonic())):
                block = os.read(key.fd, _BLOCK)
                if not block:
                    selector.unregister(key.fileobj)
                elif key.data is output or len(complaint) < _COMPLAINTS:
                    key.data.extend(block)
            if len(output) > most:
                return Answer(trouble=f"wrote more than {most} bytes")
            if time.monotonic() >= deadline:
                return _hung(seconds)
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return _hung(seconds)
    if status:
        said = clean(bytes(complaint))
        how = f"failed with the status {status}" if status > 0 else f"was ended by the signal {-status}"
        return Answer(trouble=f"{how}: {said}" if said else how)
    return Answer(bytes(output))


def _hung(seconds: float) -> Answer:
    return Answer(trouble=f"did not end within {seconds:g} seconds", hung=True)
