# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ca, run by Ansible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .ca_host import PASSPHRASE, CaHost
from .openssl_ca import OpensslCa

COUNTS = ("changed", "failures")


def run(work: Path, *arguments: str, **variables: Any) -> tuple[dict[str, Any], str]:
    """Run the role on this machine; return what it counted and all that it wrote."""
    tasks = [
        {"ansible.builtin.import_role": {"name": "fleet.rolesanywhere.ca"}},
        {
            "ansible.builtin.copy": {
                "content": "{{ rolesanywhere_ca_certificate }}{{ rolesanywhere_ca_crl }}",
                "dest": str(work / "facts"),
                "mode": "0600",
            },
            "check_mode": False,
            "changed_when": False,
        },
    ]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, **variables},
        "tasks": tasks,
    }
    playbook = work / "playbook.json"
    playbook.write_text(json.dumps([play]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(Path(sys.prefix, "collections")),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.json",
        "ANSIBLE_LOG_PATH": str(work / "log"),
        "CA_PASSPHRASE": PASSPHRASE,
    }
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local"]
    ran = subprocess.run(
        [*command, playbook, *arguments], env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    counts: dict[str, Any] = json.loads(ran.stdout[ran.stdout.index("{\n") :])["stats"]["localhost"]
    return counts, ran.stdout + ran.stderr + (work / "log").read_text()


def test_the_role_makes_a_ca_once_and_hands_on_its_certificate_and_crl(empty: CaHost, tmp_path: Path) -> None:
    names = {"ca_common_name": "Issuing CA G1", "ca_root_common_name": "Root", "ca_allow_unencrypted_key": True}
    counted = []
    for mode in (["--check", "--diff"], [], ["--check"], []):
        counts, _output = run(tmp_path, *mode, ca_directory=str(empty.directory), **names)
        counted.append(tuple(counts[member] for member in COUNTS))
        facts = (tmp_path / "facts").read_text()
        assert bool(facts) is empty.directory.exists()
    assert counted == [(1, 0), (1, 0), (0, 0), (0, 0)]
    made = [(empty.directory / path).read_text() for path in ("issuing/certificate.pem", "issuing/crl.pem")]
    assert facts.strip() == "".join(made).strip()


def test_the_passphrase_shows_nowhere(empty: CaHost, tmp_path: Path) -> None:
    names = {"ca_common_name": "Issuing CA G1", "ca_root_common_name": "Root", "ca_passphrase": PASSPHRASE}
    extra_variables = tmp_path / "variables.json"
    extra_variables.write_text(json.dumps({"ca_directory": str(empty.directory), **names}))
    counts, output = run(tmp_path, "-vvvv", "--extra-vars", f"@{extra_variables}")
    assert (counts["changed"], counts["failures"]) == (1, 0)
    assert PASSPHRASE not in output


def test_the_role_takes_over_a_ca_that_was_run_by_hand(empty: CaHost, tmp_path: Path) -> None:
    old = OpensslCa(tmp_path / "old")
    old.issue("web1")
    variables = {
        "ca_directory": str(empty.directory),
        "ca_take_over": old.files(crl_path=None),
        "ca_allow_unencrypted_key": True,
    }
    counted = []
    for mode in (["--check", "--diff"], [], ["--check"], []):
        counts, _output = run(tmp_path, *mode, **variables)
        counted.append(tuple(counts[member] for member in COUNTS))
    assert counted == [(1, 0), (1, 0), (0, 0), (0, 0)]
    assert empty.do("ca_info")["counts"]["issued"] == 1


def test_a_role_without_a_name_for_its_ca_says_so(empty: CaHost, tmp_path: Path) -> None:
    counts, output = run(tmp_path, ca_directory=str(empty.directory))
    assert counts["failures"] == 1
    assert "provider is file but any of the following are missing: common_name, take_over" in output
    assert not empty.directory.exists()
