# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people install is the tarball, and it works with nothing but its meta, plugins, roles and playbooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]

SHIPPED = {
    "CHANGELOG.rst",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
    "tests",
}
SHIPPED_TESTS = {"config.yml", "sanity", "unit"}
NEEDED = {"FILES.json", "MANIFEST.json", "meta", "playbooks", "plugins", "roles"}


def ansible(program: str, *arguments: object, collections: Path) -> str:
    """Run one of Ansible's programs where it sees this collection only as it was installed; return its output."""
    command = [Path(sys.executable).parent / program, *map(str, arguments)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(collections / ".ansible"),
        "ANSIBLE_REMOTE_TMP": str(collections / ".ansible" / "tmp"),
    }
    finished = subprocess.run(command, cwd=collections, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    ansible("ansible-galaxy", "collection", "build", "--output-path", folder, CHECKOUT, collections=folder)
    return next(folder.glob("fleet-rolesanywhere-*.tar.gz"))


@pytest.fixture(scope="module")
def collections(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install into an empty path, then delete every folder that Ansible does not read at run time."""
    empty = tmp_path_factory.mktemp("collections")
    ansible("ansible-galaxy", "collection", "install", "--offline", "-p", empty, tarball, collections=empty)
    for path in (empty / "ansible_collections" / "fleet" / "rolesanywhere").iterdir():
        if path.name not in NEEDED:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return empty


def test_nothing_strays_into_the_tarball(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        paths = [Path(name) for name in archive.getnames()]

    assert {path.parts[0] for path in paths} <= SHIPPED
    assert {path.parts[1] for path in paths if path.parts[0] == "tests" and len(path.parts) > 1} <= SHIPPED_TESTS
    assert [path for path in paths if any(part.startswith((".", "__pycache__")) for part in path.parts)] == []


@pytest.mark.parametrize("kind", ["module", "lookup", "filter"])
def test_every_plugin_is_documented(collections: Path, kind: str) -> None:
    folder = CHECKOUT / "plugins" / (kind if kind != "module" else "modules")
    names = {f"fleet.rolesanywhere.{path.stem}" for path in folder.glob("*.py")}

    documentation = json.loads(ansible("ansible-doc", "--json", "--type", kind, *names, collections=collections))

    assert set(documentation) == names
    assert all(entry["doc"]["short_description"] for entry in documentation.values())


def test_every_role_is_documented(collections: Path) -> None:
    names = {f"fleet.rolesanywhere.{path.name}" for path in (CHECKOUT / "roles").iterdir()}

    listed = json.loads(
        ansible("ansible-doc", "--json", "--list", "--type", "role", "fleet.rolesanywhere", collections=collections)
    )

    assert set(listed) == names


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("ca", {"common_name": "Fleet issuing CA", "root_common_name": "Fleet root", "allow_unencrypted_key": True}),
        ("certificate_request", {"binding": "00" * 32}),
    ],
)
def test_a_module_runs(collections: Path, tmp_path: Path, module: str, arguments: dict[str, object]) -> None:
    options = json.dumps({"directory": str(tmp_path / "made"), **arguments})

    output = ansible(
        "ansible", "localhost", "-m", f"fleet.rolesanywhere.{module}", "-a", options, collections=collections
    )

    assert output.startswith("localhost | CHANGED")
