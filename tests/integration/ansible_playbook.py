# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a user starts it, with its results as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Plays = list[dict[str, Any]]

BIN = Path(sys.executable).parent
COLLECTIONS = Path(sys.prefix, "collections")
THIS_MACHINE = ("-i", "localhost,", "-c", "local", "-e", json.dumps({"ansible_python_interpreter": sys.executable}))


@dataclass
class Run:
    """What a run of ansible-playbook came to."""

    status: int
    output: dict[str, Any]
    text: str

    @property
    def stats(self) -> dict[str, dict[str, int]]:
        """The recap, by host."""
        return self.output["stats"]

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of all plays, in order."""
        return [task for play in self.output["plays"] for task in play["tasks"]]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of all tasks on all hosts, in order."""
        return [result for task in self.tasks for result in task["hosts"].values()]

    def failures(self) -> dict[str, str]:
        """Return the sentence with which each host failed."""
        return {
            host: result["msg"]
            for task in self.tasks
            for host, result in task["hosts"].items()
            if result.get("failed") or result.get("unreachable")
        }

    def executions(self, host: str, modules: set[str]) -> int:
        """Count how often a host ran one of the modules."""
        return sum(
            result.get("action") in modules and not result.get("skipped", False)
            for task in self.tasks
            for name, result in task["hosts"].items()
            if name == host
        )


def play(
    playbook: Path | Plays, directory: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> Run:
    """Run a playbook, or plays given as data, with *directory* as home and working directory.

    Nothing of the caller's environment counts but the path.
    """
    if isinstance(playbook, list):
        path = directory / "playbook.json"
        path.write_text(json.dumps(playbook))
    else:
        path = playbook
    done = subprocess.run(
        [BIN / "ansible-playbook", path, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            **(environment or {}),
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    start = done.stdout.find("{\n")
    assert start >= 0, done.stdout + done.stderr
    return Run(done.returncode, json.loads(done.stdout[start:]), done.stdout + done.stderr)
