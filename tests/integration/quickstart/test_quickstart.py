# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart as a new user runs it: ends well, shows what it promises, leaks nothing, leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.quickstart import run

ROOT = Path(__file__).resolve().parents[3]

# Every session token of the embedded AWS begins so; the third is what a signed CreateSession request carries.
SECRETS = re.compile(rb"FQoGZXIvYXdzE\w|BEGIN (EC |RSA |ENCRYPTED )?PRIVATE KEY|AWS4-X509-\S+ Credential=")


def command(directory: Path, *arguments: str) -> list[str]:
    """Return the command line of a quickstart in a folder of its own."""
    return [sys.executable, "tests/quickstart/run.py", "--directory", str(directory), *arguments]


def commands(text: str) -> str:
    """Return the lines of a text that a person would type."""
    return "\n".join(line for line in text.splitlines() if line.startswith("  "))


def command_lines() -> list[str]:
    """Return the command lines of all processes."""
    return [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]


def processes_about(path: Path) -> list[str]:
    """Return the command lines of all processes that name a path."""
    return [line for line in command_lines() if str(path) in line]


class ProcessArguments(threading.Thread):
    """Notes every command line that is seen while it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.seen: set[str] = set()

    def run(self) -> None:
        """Look again and again."""
        while not self.done.wait(0.05):
            self.seen.update(command_lines())


def secrets_below(directory: Path) -> Iterator[bytes]:
    """Yield the first line of each private key, and the secret of each session that a helper keeps."""
    for path in directory.rglob("private-key.pem"):
        yield path.read_bytes().splitlines()[1]
    for path in directory.rglob(".cache/rolesanywhere/*.json"):
        yield json.loads(path.read_bytes())["credentials"]["secret_access_key"].encode()


def test_the_quickstart_ends_well_and_leaks_nothing(tmp_path: Path) -> None:
    """The whole line at the highest verbosity, with a log, a fact cache and all temporary files of modules kept."""
    traces = tmp_path / "traces"
    (traces / "remote").mkdir(parents=True)
    environment = os.environ | {
        "ANSIBLE_LOG_PATH": str(traces / "ansible.log"),
        "ANSIBLE_KEEP_REMOTE_FILES": "True",
        "ANSIBLE_REMOTE_TEMP": str(traces / "remote"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(traces / "facts"),
        "AWS_PROFILE": "must-not-be-used",
    }
    arguments = ProcessArguments()
    arguments.start()
    directory = tmp_path / "quickstart"
    with (traces / "output").open("w") as output:
        done = subprocess.run(
            command(directory, "--keep", "--", "-vvvv"),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
        )
    arguments.done.set()
    arguments.join()
    (traces / "arguments").write_text("\n".join(arguments.seen))
    text = (traces / "output").read_text()
    assert done.returncode == 0, text[-8000:]

    report = (directory / "report.txt").read_text()
    assert report in text
    assert "[DEPRECATION WARNING]" not in text
    assert report.count("written    AccessDenied") == 3
    assert "changed=0 on every host" in report
    assert ", 0 failed" in report
    assert "Certificate revoked" in report
    by_hand = commands(text[text.index("Go on by hand") :])
    played = subprocess.run(["sh", "-ec", by_hand], capture_output=True, text=True, check=False)
    embedded_aws = psutil.Process(int((directory / "embedded-aws.pid").read_text()))
    embedded_aws.terminate()
    embedded_aws.wait(10)
    assert played.returncode == 0, played.stdout + played.stderr
    assert ":assumed-role/rolesanywhere-quickstart/" in played.stdout
    assert "'x509Subject': 'CN=web1,OU=web'" in played.stdout
    assert played.stdout.count("PLAY RECAP") == 4  # rollout, rotate, revoke, rotate
    assert "web2: 2 certificates revoked now, 2 in all" in played.stdout
    assert '"blocked": false' in played.stdout
    assert processes_about(tmp_path) == []

    secrets = list(secrets_below(directory))
    # Keys of root, issuing CA, canary and three hosts, each of these rotated once; their sessions.
    assert len(secrets) == 9 + 4
    searched = 0
    for trace in traces.rglob("*"):
        if trace.is_file():
            content = trace.read_bytes()
            assert not SECRETS.search(content), trace
            assert not any(secret in content for secret in secrets), trace
            searched += 1
    assert searched > 10


@pytest.mark.parametrize("keep", [False, True])
def test_the_last_line_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keep: bool
) -> None:
    directory = tmp_path / "quickstart"
    playbook = tmp_path / "ansible-playbook"
    playbook.write_text(f"#!/bin/sh\necho Observed > {directory}/report.txt\necho By hand > {directory}/by-hand.txt\n")
    playbook.chmod(0o755)
    aws = subprocess.Popen(
        ["sh", "-c", "echo ready http://127.0.0.1:1; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    monkeypatch.setattr(run, "BIN", tmp_path)
    monkeypatch.setattr(run, "start_embedded_aws", lambda _log: aws)
    with run.ending(aws):
        assert run.run(directory, keep=keep, arguments=[]) == 0
        assert (aws.poll() is None) == keep
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.endswith(f"kill {aws.pid}" if keep else "make quickstart KEEP=1")


def test_an_interrupted_quickstart_leaves_no_process(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a task."""
    directory = tmp_path / "quickstart"
    running = subprocess.Popen(
        command(directory),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    for line in running.stdout:
        if line.startswith("TASK [Make two buckets"):
            break
    time.sleep(0.5)
    embedded_aws = int((directory / "embedded-aws.pid").read_text())
    os.killpg(running.pid, signal.SIGINT)
    output = running.stdout.read()
    assert running.wait(30) == 130, output
    assert "Traceback" not in output
    assert processes_about(tmp_path) == []
    assert not psutil.pid_exists(embedded_aws)
