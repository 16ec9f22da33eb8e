# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packed file: the same bytes everywhere, and nobody else's modules in it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import portable_helper
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION

SOURCES = Path(portable_helper.__file__).parent


@pytest.fixture
def helper(tmp_path):
    path = tmp_path / "bin" / "rolesanywhere-helper"
    path.parent.mkdir()
    path.write_bytes(portable_helper.pack(sys.executable))
    path.chmod(0o755)
    return path


def test_it_runs_as_a_program(helper):
    finished = subprocess.run([helper, "version"], capture_output=True, text=True, check=True)
    assert (finished.stdout, finished.stderr) == (f"{VERSION}\n", "")


def test_the_first_line_names_the_interpreter_in_isolated_mode(helper):
    assert helper.read_bytes().startswith(f"#!{sys.executable} -I\n".encode())


def test_the_same_sources_give_the_same_bytes(tmp_path):
    # As Ansible sends them to a host: in an archive, with another time and another place.
    with zipfile.ZipFile(tmp_path / "modules.zip", "w") as archive:
        for source in sorted(SOURCES.glob("*.py"), reverse=True):
            archive.writestr(f"elsewhere/{source.name}", source.read_bytes())
    program = (
        "import sys; from elsewhere.portable_helper import pack; sys.stdout.buffer.write(pack('/usr/bin/python3'))"
    )
    environment = {"PYTHONPATH": str(tmp_path / "modules.zip")}
    finished = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert finished.stdout == portable_helper.pack("/usr/bin/python3")


def test_no_time_and_no_machine_is_in_it():
    archive = zipfile.ZipFile(io.BytesIO(portable_helper.pack("/usr/bin/python3")))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in archive.infolist()} == {(3, 0o644)}


def test_everything_that_is_imported_is_packed():
    archive = zipfile.ZipFile(io.BytesIO(portable_helper.pack("/usr/bin/python3")))
    packed = {Path(name).stem: archive.read(name).decode() for name in archive.namelist() if "/" in name}
    needed = set()
    for source in packed.values():
        needed |= set(re.findall(r"from \.(\w+) import", source))
        for names in re.findall(r"from \. import ([\w, ]+)", source):
            needed |= set(names.split(", "))
    assert needed <= set(packed)
    assert set(packed) - needed == {"__init__", "command_line"}


def test_modules_of_the_environment_and_the_working_directory_are_not_taken(helper, tmp_path):
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("json", "argparse", "usercustomize", "sitecustomize", "rolesanywhere_session"):
        (evil / f"{name}.py").write_text("print('evil')\n")
    site = evil / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    site.mkdir(parents=True)
    (site / "usercustomize.py").write_text("print('evil')\n")
    (site / "evil.pth").write_text("import sys; sys.stdout.write('evil')\n")
    environment = {"PYTHONPATH": str(evil), "PYTHONUSERBASE": str(evil), "PYTHONSTARTUP": str(evil / "json.py")}
    plain = [sys.executable, "-c", "import json"]
    assert b"evil" in subprocess.run(plain, env=environment, cwd=evil, capture_output=True, check=True).stdout
    finished = subprocess.run(
        [helper, "version"], env=environment, cwd=evil, capture_output=True, text=True, check=True
    )
    assert finished.stdout == f"{VERSION}\n"


@pytest.mark.parametrize(
    "interpreter",
    ["", "python3", "/usr/bin/env python3", "./python3", "/usr/bin/python3\n", "/" + "x" * 120, "/usr/bin/pythön"],
)
def test_an_interpreter_that_cannot_stand_in_the_first_line_is_refused(interpreter):
    with pytest.raises(SessionError, match="must be an absolute path without spaces"):
        portable_helper.pack(interpreter)


def test_a_missing_source_is_one_sentence(monkeypatch):
    monkeypatch.setattr(portable_helper, "MODULES", ("nowhere",))
    with pytest.raises(SessionError, match="nowhere cannot be found"):
        portable_helper.pack("/usr/bin/python3")


def test_the_version_is_the_collections():
    galaxy = SOURCES.parents[2] / "galaxy.yml"
    manifest = SOURCES.parents[2] / "MANIFEST.json"
    if galaxy.exists():
        version = re.search(r"^version: (\S+)$", galaxy.read_text(), re.MULTILINE).group(1)
    else:
        version = json.loads(manifest.read_text())["collection_info"]["version"]
    assert version == VERSION
