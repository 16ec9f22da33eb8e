# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet on this machine to measure roll-outs with: ours, the peer's, and the floor, which is one ping a host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
REGION = "eu-central-1"
FORKS = 5  # ansible's default

PING = [
    {
        "hosts": "rolesanywhere_fleet",
        "gather_facts": False,
        "tasks": [{"name": "Ping", "ansible.builtin.ping": {}}],
    }
]
SET_UP = [
    {
        "hosts": "rolesanywhere_ca",
        "gather_facts": False,
        "tasks": [{"name": "CA", "ansible.builtin.import_role": {"name": "fleet.rolesanywhere.ca"}}],
    },
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"name": "AWS side", "ansible.builtin.import_role": {"name": "fleet.rolesanywhere.trust"}},
            {
                "name": "Keep what the fleet needs to know",
                "ansible.builtin.copy": {
                    "dest": "{{ benchmark_directory }}/aws.json",
                    "mode": "0600",
                    "content": "{{ {'rolesanywhere_trust_anchor_arn': rolesanywhere_trust_anchor_arn,"
                    " 'rolesanywhere_profile_arn': rolesanywhere_profile_arn,"
                    " 'rolesanywhere_role_arn': rolesanywhere_role_arn} | to_json }}",
                },
            },
        ],
    },
]


class Fleet:
    """Hosts with a local connection and a folder each, a CA host, and the embedded AWS at *endpoint_url*."""

    def __init__(self, directory: Path, endpoint_url: str, size: int) -> None:
        self.directory = directory
        self.endpoint_url = endpoint_url
        self.size = size
        self.hosts = [f"web{number:03}" for number in range(1, size + 1)]
        (directory / "administrator.ini").write_text(
            "[default]\naws_access_key_id = test\naws_secret_access_key = test\n"
        )
        (directory / "inventory.json").write_text(json.dumps(self._inventory()))
        self._play(SET_UP)

    def _inventory(self) -> dict[str, Any]:
        host = "{{ benchmark_directory }}/hosts/{{ inventory_hostname }}"
        authority = "{{ benchmark_directory }}/ca"
        return {
            "all": {
                "vars": {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": sys.executable,
                    "benchmark_directory": str(self.directory),
                    "rolesanywhere_endpoint_url": self.endpoint_url,
                    "rolesanywhere_region": REGION,
                },
                "hosts": {
                    "localhost": {
                        "trust_name": "benchmark",
                        "trust_certificate_paths": [f"{authority}/issuing/certificate.pem"],
                        "trust_crl_path": f"{authority}/issuing/crl.pem",
                        "trust_subject": {"OU": "web"},
                    }
                },
                "children": {
                    "rolesanywhere_ca": {
                        "hosts": {
                            "ca1": {
                                "ca_directory": authority,
                                "ca_root_common_name": "Benchmark Root CA",
                                "ca_common_name": "Benchmark Issuing CA G1",
                                "ca_allow_unencrypted_key": True,
                            }
                        }
                    },
                    "rolesanywhere_fleet": {
                        "hosts": {host: {} for host in self.hosts},
                        "vars": {
                            "workload_organizational_units": ["web"],
                            "workload_directory": f"{host}/etc/rolesanywhere",
                            "workload_helper_path": f"{host}/usr/local/bin/rolesanywhere-helper",
                            "workload_aws_config_path": f"{host}/home/.aws/config",
                            "workload_cache_directory": f"{host}/home/.cache/rolesanywhere",
                            "peer_root": f"{host}/peer",
                            "peer_ca": f"{authority}/issuing",
                        },
                    },
                },
            }
        }

    def _play(self, playbook: Path | list[dict[str, Any]]) -> float:
        """Run a playbook; return its wall time in seconds."""
        if isinstance(playbook, list):
            path = self.directory / "playbook.json"
            path.write_text(json.dumps(playbook))
        else:
            path = playbook
        known = self.directory / "aws.json"
        variables = ["-e", f"@{known}"] if known.exists() else []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        command = [
            BIN / "ansible-playbook",
            "-i",
            self.directory / "inventory.json",
            f"--forks={FORKS}",
            path,
            *variables,
        ]
        begin = time.perf_counter()
        done = subprocess.run(
            command,
            env=inherited
            | {
                "ANSIBLE_COLLECTIONS_PATH": str(BIN.parent / "collections"),
                "AWS_ENDPOINT_URL": self.endpoint_url,
                "AWS_REGION": REGION,
                "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "administrator.ini"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        elapsed = time.perf_counter() - begin
        if done.returncode:
            sys.exit(f"The benchmark's playbook failed:\n{done.stdout}{done.stderr}")
        return elapsed

    def forget(self) -> None:
        """Make every host bare again."""
        shutil.rmtree(self.directory / "hosts", ignore_errors=True)
        for host in self.hosts:
            (self.directory / "hosts" / host / "usr/local/bin").mkdir(parents=True)

    def roll_out(self) -> float:
        """Run our roll-out; return seconds a host."""
        return self._play(ROOT / "playbooks" / "rollout.yml") / self.size

    def roll_out_as_peer(self) -> float:
        """Run the peer's playbook; return seconds a host."""
        return self._play(ROOT / "benchmarks" / "peer.yml") / self.size

    def ping(self) -> float:
        """Run one ping a host; return seconds a host."""
        return self._play(PING) / self.size
