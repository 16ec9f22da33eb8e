# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet on this machine: hosts with a local connection and a folder each, one CA host, one embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
REGION = "eu-central-1"


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

    def results(self, task: str) -> dict[str, dict[str, Any]]:
        """Return the results of a task by host; of the last task of that name, if there are several."""
        found: dict[str, dict[str, Any]] = {}
        for play in self.output["plays"]:
            for entry in play["tasks"]:
                if entry["task"]["name"].split(" : ")[-1] == task:
                    found.update(entry["hosts"])
        return found

    def failures(self) -> dict[str, str]:
        """Return the sentence with which each host failed."""
        found = {}
        for play in self.output["plays"]:
            for entry in play["tasks"]:
                for host, result in entry["hosts"].items():
                    if result.get("failed") or result.get("unreachable"):
                        found[host] = result["msg"]
        return found

    def executions(self, host: str, modules: set[str]) -> int:
        """Count how often a host ran one of the modules."""
        return sum(
            entry["task"]["name"] != "" and not entry["hosts"][host].get("skipped", False)
            for play in self.output["plays"]
            for entry in play["tasks"]
            if host in entry["hosts"] and entry["hosts"][host].get("action") in modules
        )


class Fleet:
    """Hosts ``web01`` … in a folder, and the way to run playbooks over them."""

    def __init__(self, directory: Path, endpoint_url: str, size: int) -> None:
        self.directory = directory
        self.endpoint_url = endpoint_url
        self.hosts = [f"web{number:02}" for number in range(1, size + 1)]
        self.host_variables: dict[str, dict[str, Any]] = {host: {} for host in self.hosts}
        self.variables: dict[str, Any] = {
            "rolesanywhere_endpoint_url": endpoint_url,
            "rolesanywhere_region": REGION,
            "fleet_directory": str(directory),
            "workload_sessions_at_once": 20,  # the emulator has no rate limit unless a test switches it on
        }
        for host in [*self.hosts, "ca1"]:
            (self.root(host) / "usr/local/bin").mkdir(parents=True)
        credentials = directory / "administrator.ini"
        credentials.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")

    def root(self, host: str) -> Path:
        """Return the folder that stands for a host's root directory."""
        return self.directory / "hosts" / host

    def current(self, host: str, name: str = "default") -> Path:
        """Return the symlink to the pair in use."""
        return self.root(host) / "etc/rolesanywhere" / name / "current"

    def serial(self, host: str, name: str = "default") -> str:
        """Return the serial number of the certificate in use."""
        return self.current(host, name).resolve().name

    @property
    def inventory(self) -> dict[str, Any]:
        """The inventory as data."""
        root = "{{ fleet_directory }}/hosts/{{ inventory_hostname }}"
        return {
            "all": {
                "vars": {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": sys.executable,
                },
                "hosts": {"localhost": {}},
                "children": {
                    "rolesanywhere_ca": {
                        "hosts": {
                            "ca1": {
                                "ca_directory": f"{root}/ca",
                                "ca_root_common_name": "Fleet Root CA",
                                "ca_common_name": "Fleet Issuing CA G1",
                                "ca_allow_unencrypted_key": True,
                            }
                        }
                    },
                    "rolesanywhere_fleet": {
                        "hosts": self.host_variables,
                        "vars": {
                            "workload_organizational_units": ["web"],
                            "workload_directory": f"{root}/etc/rolesanywhere",
                            "workload_helper_path": f"{root}/usr/local/bin/rolesanywhere-helper",
                            "workload_aws_profile": "application",
                            "workload_aws_config_path": f"{root}/home/.aws/config",
                            "workload_cache_directory": f"{root}/home/.cache/rolesanywhere",
                        },
                    },
                },
            }
        }

    def play(self, playbook: str | list[dict[str, Any]], *arguments: str, **environment: str) -> Run:
        """Run a playbook of the collection by its name, or plays given as data."""
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps(self.inventory))
        if isinstance(playbook, str):
            path = ROOT / "playbooks" / f"{playbook}.yml"
        else:
            path = self.directory / "playbook.json"
            path.write_text(json.dumps(playbook))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        done = subprocess.run(
            [BIN / "ansible-playbook", "-i", inventory, "-e", json.dumps(self.variables), path, *arguments],
            env=inherited
            | {
                "ANSIBLE_COLLECTIONS_PATH": str(BIN.parent / "collections"),
                "ANSIBLE_LOCAL_TEMP": str(self.directory / "ansible"),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.json",
                "AWS_ENDPOINT_URL": self.endpoint_url,
                "AWS_REGION": REGION,
                "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "administrator.ini"),
            }
            | environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
        )
        text = done.stdout + done.stderr
        start = done.stdout.find("{\n")
        assert start >= 0, text
        return Run(done.returncode, json.loads(done.stdout[start:]), text)
