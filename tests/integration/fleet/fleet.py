# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet on this machine: hosts with a local connection and a folder each, one CA host, one embedded AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.emulator.fixtures import REGION
from tests.integration.ansible_playbook import Plays, Run, play

ROOT = Path(__file__).resolve().parents[3]


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
        root = "{{ fleet_directory }}/hosts/{{ inventory_hostname }}"
        self.group_variables: dict[str, Any] = {
            "workload_organizational_units": ["web"],
            "workload_directory": f"{root}/etc/rolesanywhere",
            "workload_helper_path": f"{root}/usr/local/bin/rolesanywhere-helper",
            "workload_aws_profile": "application",
            "workload_aws_config_path": f"{root}/home/.aws/config",
            "workload_cache_directory": f"{root}/home/.cache/rolesanywhere",
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
                                "ca_directory": str(self.root("ca1") / "ca"),
                                "ca_root_common_name": "Fleet Root CA",
                                "ca_common_name": "Fleet Issuing CA G1",
                                "ca_allow_unencrypted_key": True,
                            }
                        }
                    },
                    "rolesanywhere_fleet": {
                        "hosts": self.host_variables,
                        "vars": self.group_variables,
                    },
                },
            }
        }

    def play(self, playbook: str | Plays, *arguments: str, **environment: str) -> Run:
        """Run a playbook of the collection by its name, or plays given as data."""
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps(self.inventory))
        return play(
            ROOT / "playbooks" / f"{playbook}.yml" if isinstance(playbook, str) else playbook,
            self.directory,
            "-i",
            inventory,
            "-e",
            json.dumps(self.variables),
            *arguments,
            environment={
                "AWS_ENDPOINT_URL": self.endpoint_url,
                "AWS_REGION": REGION,
                "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "administrator.ini"),
            }
            | environment,
        )
