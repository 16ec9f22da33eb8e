# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on this machine, with an AWS of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.emulator.fixtures import REGION

ROOT = Path(__file__).resolve().parents[3]


class Controller:
    """Runs tasks with ansible-playbook, as the administrator of the emulated account."""

    def __init__(self, directory: Path, endpoint_url: str) -> None:
        self._directory = directory
        self.connection = {
            "endpoint_url": endpoint_url,
            "region": REGION,
            "access_key": "test",
            "secret_key": "test",
        }

    def run(
        self,
        tasks: list[dict[str, Any]],
        *arguments: str,
        variables: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Run tasks whether they fail or not, and return the result of each that was run, in order."""
        defaults = {"group/fleet.rolesanywhere.aws": self.connection, "group/amazon.aws.aws": self.connection}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": defaults,
            "vars": {"ansible_python_interpreter": sys.executable, **(variables or {})},
            "tasks": tasks,
        }
        playbook = self._directory / "playbook.json"
        playbook.write_text(json.dumps([play]))
        ran = subprocess.run(
            [
                Path(sys.executable).with_name("ansible-playbook"),
                "-i",
                "localhost,",
                "-c",
                "local",
                playbook,
                *arguments,
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._directory),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(Path(sys.prefix, "collections")),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.json",
                **(environment or {}),
            },
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        start = ran.stdout.find("{\n")
        assert start >= 0, ran.stdout + ran.stderr
        output = json.loads(ran.stdout[start:])
        return [result for task in output["plays"][0]["tasks"] for result in task["hosts"].values()]

    def module(self, module: str, /, **options: Any) -> dict[str, Any]:
        """Run one module of the collection once."""
        return self.run([{f"fleet.rolesanywhere.{module}": options}])[0]

    def four_steps(self, module: str, /, **options: Any) -> dict[str, Any]:
        """Check, do, check, do: the first pair must change something, the second nothing. Return what was done."""
        task = {f"fleet.rolesanywhere.{module}": options, "diff": True}
        steps = self.run([{**task, "check_mode": check_mode} for check_mode in (True, False, True, False)])
        assert [step.get("msg") for step in steps] == [None] * 4, steps
        assert [step["changed"] for step in steps] == [True, True, False, False], steps
        foretold, done, again = steps[0]["diff"], steps[1]["diff"], steps[3]["diff"]
        assert foretold["before"] == done["before"]
        for member, value in foretold["after"].items():  # a new one's ARN, and the service's defaults, cannot be known
            assert done["after"][member] == value
        assert again["before"] == again["after"] == done["after"]
        return steps[1]
