# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``ansible-test sanity`` or ``ansible-test units`` on the collection as it ships, without containers.

ansible-test wants the collection in a tree named ``ansible_collections``, amazon.aws beside it, and a pip bootstrap
that it would fetch from its own server into the home directory. All of that is made in ``.build``, so that only the
package index is needed and nobody's home directory is touched.

Both the oldest and the newest supported ansible-core are run, as far as the Pythons of this machine allow.
"""

from __future__ import annotations

import argparse
import ast
import configparser
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
BUILD = CHECKOUT / ".build"
COLLECTIONS = BUILD / "ansible_collections"
COLLECTION = COLLECTIONS / "fleet" / "rolesanywhere"
HOME = BUILD / "home"
PYTHONS = BUILD / "pythons"

FLEET_SIDE_UNITS = tuple(f"tests/unit/plugins/module_utils/{name}" for name in ("_host/", "_session/", "test_door.py"))


class Core(NamedTuple):
    """An ansible-core release, the controller Pythons that it runs on (best first), its oldest target, its pip."""

    release: str
    controllers: tuple[str, ...]
    target: str
    pip: str

    @property
    def environment(self) -> Path:
        """Tell the virtual environment that holds this ansible-core."""
        return BUILD / f"ansible-core-{self.release}"


OLDEST = Core("2.19", controllers=("3.11", "3.12", "3.13"), target="3.8", pip="24.2")
NEWEST = Core("2.21", controllers=("3.13", "3.12", "3.14"), target="3.9", pip="25.2")


def main() -> int:
    """Run the command on both releases; the exit status says whether all of it passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["sanity", "units"])
    command = parser.parse_args().command

    lay_out_collection()
    passed, left_out = True, []
    for core in (OLDEST, NEWEST):
        controller = next(filter(find_python, core.controllers), None)
        if controller is None:
            left_out.append(f"ansible-core {core.release}: none of Python {', '.join(core.controllers)} was found")
            continue
        prepare(core, controller)
        passed &= run(core, command, *on_controller(command, controller))
        if find_python(core.target):
            passed &= run(core, command, *on_target(command, core.target))
        else:
            left_out.append(f"managed hosts of ansible-core {core.release}: Python {core.target} was not found")
    for reason in left_out:
        print(f"Left out: {reason}.")
    print(f"ansible-test {command}: {'passed' if passed else 'FAILED'}")
    return 0 if passed else 1


def on_controller(command: str, python: str) -> list[str]:
    """Tell ansible-test's arguments for everything, on the controller's Python."""
    return ["--local", "--python", python, *(["--requirements"] if command == "units" else [])]


def on_target(command: str, python: str) -> list[str]:
    """Tell ansible-test's arguments for what runs on managed hosts, on their oldest Python."""
    if command == "sanity":
        return ["--local", "--python", python, "--test", "compile", "--test", "import"]
    return ["--venv", "--python", python, "--requirements", *FLEET_SIDE_UNITS]


def lay_out_collection() -> None:
    """Build the collection, install the tarball into .build, and put amazon.aws beside it."""
    shutil.rmtree(COLLECTIONS, ignore_errors=True)
    galaxy("build", "--force", "--output-path", BUILD, CHECKOUT)
    tarball = max(BUILD.glob("fleet-rolesanywhere-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    galaxy("install", "--offline", "--no-deps", "--force", "-p", BUILD, tarball)
    # A repository of its own: ansible-test would otherwise ask this one, which ignores .build, and find no files.
    subprocess.run(["git", "init", "--quiet", COLLECTION], check=True)
    (COLLECTIONS / "amazon").symlink_to(Path(sysconfig.get_path("purelib")) / "ansible_collections" / "amazon")


def galaxy(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "ansible", "galaxy", "collection", *arguments]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(BUILD)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


@functools.cache
def find_python(version: str) -> str | None:
    """Find an interpreter of this version: on PATH, beside the one that runs, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = [
        shutil.which(f"python{version}"),
        Path(sys.base_prefix, "bin", f"python{version}"),
        *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True),
    ]
    return next((str(place) for place in places if place and answers(place, version)), None)


def answers(interpreter: str | Path, version: str) -> bool:
    """Tell whether the interpreter runs and is of this version; pyenv's shims exist for versions that do not run."""
    script = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([interpreter, "-c", script], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == version


def prepare(core: Core, controller: str) -> None:
    """Make the virtual environment of an ansible-core and the home directory that its ansible-test sees."""
    programs = core.environment / "bin"
    if not ((programs / "ansible-test").exists() and (programs / f"python{controller}").exists()):
        subprocess.run([find_python(controller), "-m", "venv", "--clear", core.environment], check=True)
        pip = [programs / "python", "-m", "pip", "install", "-qq", "--no-compile"]
        subprocess.run([*pip, f"ansible-core~={core.release}.0"], check=True)

    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    bootstrap = cache / f"get_pip_{core.pip.replace('.', '_')}.py"
    bootstrap.write_text("import ensurepip\n\nensurepip.bootstrap(default_pip=True)\n")

    # ansible-test hides pip's environment variables and the user's configuration from pip: hand both over in one file.
    configuration = configparser.RawConfigParser()
    configuration["global"] = {**dict(pip_settings()), "quiet": "2"}
    pip_directory = HOME / ".config" / "pip"
    pip_directory.mkdir(parents=True, exist_ok=True)
    with (pip_directory / "pip.conf").open("w") as file:
        configuration.write(file)

    shutil.rmtree(PYTHONS, ignore_errors=True)
    PYTHONS.mkdir()
    for version in {controller, core.target}:
        if interpreter := find_python(version):
            (PYTHONS / f"python{version}").symlink_to(interpreter)


def pip_settings() -> Iterator[tuple[str, str]]:
    """Yield pip's settings as it sees them now, the strongest last."""
    pip = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(pip, capture_output=True, text=True, check=True).stdout.splitlines()
    for line in sorted(lines, key=lambda line: line.startswith(":env:")):
        name, _equals, value = line.partition("=")
        section, _dot, key = name.rpartition(".")
        if section in (":env:", "global", "install"):
            yield key, ast.literal_eval(value)


def run(core: Core, command: str, *arguments: str) -> bool:
    """Run ansible-test in the collection's folder and tell whether it passed."""
    print(f"\n== ansible-core {core.release}: ansible-test {command} {' '.join(arguments)}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["HOME"] = str(HOME)
    environment["PATH"] = os.pathsep.join([f"{core.environment}/bin", str(PYTHONS), os.environ["PATH"]])
    ansible_test = [core.environment / "bin" / "ansible-test", command, "--color", "no", *arguments]
    return subprocess.run(ansible_test, cwd=COLLECTION, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
