# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module of the collection under strace, which can kill it at any of its system calls."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.ansible_playbook import COLLECTIONS
from tests.integration.host.machine import MODULES

# Every call by which a file system changes; openat only where it may make a file.
WRITING = (
    "mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir creat openat"
    " write pwrite64 writev ftruncate truncate fsync fdatasync chmod fchmod fchmodat chown fchown lchown fchownat"
    " utimensat setxattr lsetxattr fsetxattr"
).split()
_CALL = re.compile(r"(\w+)\(")


class Point(NamedTuple):
    """The ``number``-th call of this name since the program was started."""

    call: str
    number: int


class Traced(NamedTuple):
    """A module and its options."""

    module: str
    options: dict[str, Any]
    status: int = 0  # with which it exits when it is left alone

    def points(self, directory: Path, log: Path) -> list[Point]:
        """Let it work to its end, and return each call with which it changed something below *directory*."""
        assert self._strace("-y", "-o", str(log), "-e", f"trace={','.join(WRITING)}") == self.status
        numbers: Counter[str] = Counter()
        points = []
        for line in log.read_text().splitlines():
            if call := _CALL.match(line):
                numbers[call[1]] += 1
                if str(directory) in line and (call[1] != "openat" or "O_CREAT" in line):
                    points.append(Point(call[1], numbers[call[1]]))
        return points

    def kill_at(self, point: Point) -> None:
        """Let it work until it is about to make this call, and kill it there."""
        inject = f"inject={point.call}:signal=SIGKILL:when={point.number}"
        status = self._strace("-o", "/dev/null", "-e", f"trace={point.call}", "-e", inject)
        assert status == -signal.SIGKILL, f"{self.module} was not killed at {point}"

    def _strace(self, *arguments: str) -> int:
        # No bytecode is written, so that every run makes the same calls.
        environment = {"PYTHONPATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        ran = subprocess.run(
            ["strace", "-qq", *arguments, sys.executable, MODULES / f"{self.module}.py"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": self.options}).encode(),
            env={**environment, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return ran.returncode
