# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks/quickstart.yml against an embedded AWS, and leave no process behind.

The exit status is 0 only if the playbook has observed everything that it promises and has written its report.
With ``--keep`` the embedded AWS goes on, and the commands to play with it are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
REGION = "eu-central-1"
MARKER = "made-by-quickstart"  # without it a folder is never emptied
PROCESS_ID = "embedded-aws.pid"
CREDENTIALS = "administrator.ini"
# What the collection takes in the paths of hosts, without what splits a list of inventories or of search paths.
PATH_CHARACTERS = re.compile(r"[A-Za-z0-9_./=+@-]+")


def stop(process: subprocess.Popen[str]) -> None:
    """End a process and all below it; ansible-core's workers leave its group, so a signal to the group misses them."""
    if process.poll() is not None:
        return
    tree = psutil.Process(process.pid)
    below = tree.children(recursive=True)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    for one in [tree, *below]:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


@contextmanager
def ending(process: subprocess.Popen[str], *, keep: bool = False) -> Iterator[subprocess.Popen[str]]:
    """End the process on the way out, whatever the reason; one that is to be kept only when something went wrong."""
    finished = False
    try:
        yield process
        finished = True
    finally:
        if not (finished and keep):
            stop(process)


def is_embedded_aws(process_id: int) -> bool:
    """Tell whether a process is an emulator that runs; process ids are used again."""
    try:
        return "tests.emulator" in psutil.Process(process_id).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # what may not be looked at is another user's
        return False


def default_directory() -> Path:
    """Return a folder in the checkout, or below the temporary one where the checkout is another user's or read-only.

    Nobody's keys are put where somebody else could replace them.
    """
    owners = {folder.stat().st_uid for folder in (ROOT, *ROOT.parents)}
    if owners <= {0, os.geteuid()} and os.access(ROOT, os.W_OK):
        return ROOT / ".quickstart"
    return Path(tempfile.gettempdir()) / f"rolesanywhere-quickstart-{os.geteuid()}"


def bad_path(directory: Path) -> str | None:
    """Say which path has a character that would let the quickstart fail half-way, or None."""
    for path, advice in ((ROOT, "move the checkout"), (directory, "choose another --directory")):
        if not PATH_CHARACTERS.fullmatch(str(path)):
            return f"The path {path} may hold only letters, digits and _ . / = + @ - for the quickstart: {advice}."
    return None


def obstacle(directory: Path) -> str | None:
    """Say why a folder cannot be the quickstart's, or None; raises OSError when it cannot be looked at."""
    # The link before what it leads to: in the temporary folder anybody can lay one under the name that is expected.
    for look in (Path.lstat, Path.stat):
        try:
            owner = look(directory).st_uid
        except FileNotFoundError:
            return None
        if owner != os.geteuid():
            return f"{directory} belongs to another user: have it removed or choose another --directory."
    if any(directory.iterdir()) and not (directory / MARKER).exists():
        return f"{directory} is no folder of the quickstart, which would empty it: choose another --directory."
    process_id = directory / PROCESS_ID
    written = process_id.read_text() if process_id.exists() else ""
    if written.isdecimal() and is_embedded_aws(int(written)):
        return f"The embedded AWS of an earlier quickstart still runs: stop it with  kill {written}"
    return None


def prepare(directory: Path) -> None:
    """Make the folder anew, for nobody but this user; raises OSError."""
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(mode=0o700, parents=True)
    (directory / MARKER).touch()
    (directory / CREDENTIALS).write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")


def clean_environment() -> dict[str, str]:
    """Return the environment without the caller's AWS settings: the quickstart must not touch a real account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def start_embedded_aws(log: Path) -> subprocess.Popen[str]:
    """Start the emulator on a free port, in a session of its own so that Ctrl-C reaches only this program."""
    with log.open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.emulator", "--port", "0"],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )


def run(directory: Path, *, keep: bool, arguments: list[str]) -> int:
    """Run the quickstart in *directory*; return the exit status."""
    try:
        refusal = bad_path(directory.resolve()) or obstacle(directory)
        if refusal:
            print(refusal)
            return 1
        directory = directory.resolve()
        prepare(directory)
    except OSError as error:
        print(f"{directory} cannot be the quickstart's folder: {error}; choose another --directory.")
        return 1
    log = directory / "embedded-aws.log"
    with ending(start_embedded_aws(log), keep=keep) as aws:
        (directory / PROCESS_ID).write_text(str(aws.pid))
        ready = aws.stdout.readline().split()
        if ready[:1] != ["ready"]:
            print(f"The embedded AWS did not start: {log.read_text()}")
            return 1
        environment = clean_environment() | {
            "AWS_ENDPOINT_URL": ready[1],
            "AWS_REGION": REGION,
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / CREDENTIALS),
            "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(BIN.parent / "collections")),
            # amazon.aws warns of a return value of its own, which nothing here reads: not a beginner's business.
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "ANSIBLE_INJECT_FACT_VARS": "False",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        variables = {
            "quickstart_directory": str(directory),
            "rolesanywhere_endpoint_url": ready[1],
            "rolesanywhere_region": REGION,
        }
        inventory = ROOT / "playbooks" / "inventory" / "quickstart.yml"
        playbook = ROOT / "playbooks" / "quickstart.yml"
        command = [BIN / "ansible-playbook", "-i", inventory, "-e", json.dumps(variables), playbook, *arguments]
        with ending(subprocess.Popen(command, cwd=ROOT, env=environment, text=True)) as playing:
            status = playing.wait()
        report = directory / "report.txt"
        if status or not report.exists():
            print(f"The quickstart did not observe all that it promises (ansible-playbook ended with {status}).")
            stop(aws)
            return status or 1
        print(report.read_text())
        if keep:
            print((directory / "by-hand.txt").read_text() + f"\nStop the embedded AWS with  kill {aws.pid}\n")
        else:
            print("To go on by hand, leave the embedded AWS running:  make quickstart KEEP=1")
    return 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the embedded AWS running at the end")
    parser.add_argument("--directory", type=Path, default=default_directory(), help="the quickstart's own folder")
    parser.add_argument("arguments", nargs="*", help="more arguments for ansible-playbook, after --")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    return run(arguments.directory.absolute(), keep=arguments.keep, arguments=arguments.arguments)


if __name__ == "__main__":
    sys.exit(main())
