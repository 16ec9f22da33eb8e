# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of the fleet: modules run on it as Ansible runs them, or by themselves where that is not the question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.ansible_playbook import COLLECTIONS, THIS_MACHINE, play

MODULES = Path(__file__).resolve().parents[3] / "plugins" / "modules"
WORKLOAD_MODULES = ("workload_info", "certificate_info", "certificate_request", "certificate_install")


class Machine:
    """Everything of it stands in one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "etc" / "rolesanywhere"
        self.workload = self.directory / "default"
        self.more_environment: dict[str, str] = {}
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root), "LC_ALL": "C.UTF-8"}

    def four_steps(self, module: str, /, **options: Any) -> list[dict[str, Any]]:
        """Let Ansible check, do, check and do, and return the four results."""
        tasks = [
            {f"fleet.rolesanywhere.{module}": self._with_place(module, options), "check_mode": check_mode, "diff": True}
            for check_mode in (True, False, True, False)
        ]
        plays = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
        remote = {"ANSIBLE_REMOTE_TEMP": str(self.root / "tmp"), **self.more_environment}
        results = play(plays, self.root, *THIS_MACHINE, environment=remote).results
        assert [result.get("msg") for result in results] == [None] * 4, results
        return results

    def module(self, module: str, /, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Run one module as a process of its own and return its result, failed or not."""
        arguments = {**self._with_place(module, options), "_ansible_check_mode": check_mode, "_ansible_diff": True}
        ran = subprocess.run(
            [sys.executable, MODULES / f"{module}.py"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={**self.environment, **self.more_environment, "PYTHONPATH": str(COLLECTIONS)},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.stderr == "", ran.stderr
        return dict(json.loads(ran.stdout))

    def _with_place(self, module: str, options: dict[str, Any]) -> dict[str, Any]:
        return {"directory": str(self.directory), **options} if module in WORKLOAD_MODULES else options
