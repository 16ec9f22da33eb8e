# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on this machine, with an AWS of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.emulator.fixtures import REGION
from tests.integration.ansible_playbook import THIS_MACHINE, play


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
        one = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": defaults,
            "vars": variables or {},
            "tasks": tasks,
        }
        return play([one], self._directory, *THIS_MACHINE, *arguments, environment=environment).results

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
