# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is what happens: its inventory, its playbook and its commands, on this machine."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.emulator.fixtures import emulator, emulator_server
from tests.emulator.server import EmulatorServer
from tests.integration.ansible_playbook import BIN, COLLECTIONS

__all__ = ["emulator", "emulator_server"]

README = (Path(__file__).resolve().parents[3] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return the ansible commands that the README tells to type, in order."""
    typed = "\n".join(blocks("console")).replace("\\\n", "")
    lines = [shlex.split(line[2:]) for line in typed.splitlines() if line.startswith("$ ")]
    return [line for line in lines if line[0] in ("ansible", "ansible-playbook")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the README's files, with every host on this machine below a folder of its own."""
    inventory, setup = blocks("yaml")
    hosts = yaml.safe_load(inventory)
    everything = hosts["all"]["vars"]
    everything["ansible_connection"] = "local"
    everything["ansible_python_interpreter"] = str(BIN / "python")
    root = f"{tmp_path}/{{{{ inventory_hostname }}}}"
    authority = hosts["all"]["children"]["rolesanywhere_ca"]
    authority["vars"]["ansible_become"] = False
    authority["vars"]["ca_directory"] = str(tmp_path / "ca")
    authority["vars"]["ca_passphrase_path"] = str(tmp_path / "passphrase")
    fleet = hosts["all"]["children"]["rolesanywhere_fleet"]
    fleet["vars"]["ansible_become"] = False
    fleet["vars"]["workload_directory"] = f"{root}/etc/rolesanywhere"
    fleet["vars"]["workload_helper_path"] = f"{root}/rolesanywhere-helper"
    fleet["vars"]["workload_aws_config_path"] = f"{root}/.aws/config"
    for host in fleet["hosts"]:
        (tmp_path / host).mkdir()
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(hosts))
    (tmp_path / "setup.yml").write_text(setup)
    (tmp_path / "passphrase").write_text("correct horse battery staple\n")
    (tmp_path / "passphrase").chmod(0o600)
    return tmp_path


def test_the_commands_of_the_readme(folder: Path, emulator: EmulatorServer) -> None:
    environment = {
        "PATH": f"{BIN}:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_INJECT_FACT_VARS": "False",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": emulator.url,
    }
    variables = [f"rolesanywhere_endpoint_url={emulator.url}"]
    shown = []
    for command in commands():
        line = [word.replace("/var/lib/rolesanywhere-ca", str(folder / "ca")) for word in command]
        line += [word for variable in variables for word in ("-e", variable)]
        for mode in (["--check"], []) if "setup.yml" in command else ([],):
            done = subprocess.run(
                [*line, *mode], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert not mode or "rolesanywhere_trust_anchor_arn:" not in done.stdout  # there is none to show yet
        shown.append(done.stdout)
        if "setup.yml" in command:
            variables += [
                f"{name}={value}" for name, value in re.findall(r'"(rolesanywhere_\w+): (\S+?)"', done.stdout)
            ]
            assert len(variables) == 5
    assert len(shown) == 7
    assert "web2.example.org: 1 certificate revoked now" in "".join(shown)
    for host in ("web1.example.org", "web2.example.org"):
        versions = folder / host / "etc/rolesanywhere/default/versions"
        assert len(list(versions.iterdir())) == 2, host  # both were rotated by the README's commands
