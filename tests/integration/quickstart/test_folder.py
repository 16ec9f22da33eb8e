# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart's folder: where it is, what is never emptied, and whose processes are left alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.quickstart import run

STRANGER = 4711
ORDINARY = os.geteuid() or 65534


class Started(Exception):
    """The quickstart got as far as to start the embedded AWS."""


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_log: Path) -> None:
        raise Started

    monkeypatch.setattr(run, "start_embedded_aws", start)


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a folder that every user can look into, with a checkout, and a temporary folder for all."""
    with tempfile.TemporaryDirectory() as name:
        ground = Path(name).resolve()
        ground.chmod(0o755)
        (ground / "above" / "checkout").mkdir(parents=True)
        (ground / "temporary").mkdir()
        (ground / "temporary").chmod(0o1777)
        monkeypatch.setattr(run, "ROOT", ground / "above" / "checkout")
        monkeypatch.setattr(tempfile, "tempdir", str(ground / "temporary"))
        yield ground


def become_ordinary() -> None:
    """Give up root's rights for good."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(ORDINARY)
        os.setuid(ORDINARY)


def as_ordinary_user(act: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of an ordinary user: root's tests take one who owns nothing, others their own.

    The process is a fork, because an interpreter in root's home could not be started by anybody else.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork"), initializer=become_ordinary) as pool:
        return pool.submit(act, *arguments).result()


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a path belong to another user than the one who runs the quickstart."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, -1, follow_symlinks=False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)


def refusal(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the quickstart, which must end before it starts anything; return what it says."""
    assert run.run(directory, keep=False, arguments=[]) == 1
    return capsys.readouterr().out


def test_a_checkout_of_ones_own_holds_the_folder(ground: Path) -> None:
    assert run.default_directory() == run.ROOT / ".quickstart"


@pytest.mark.parametrize("given_away", ["above", "above/checkout"])
def test_another_users_checkout_does_not(ground: Path, monkeypatch: pytest.MonkeyPatch, given_away: str) -> None:
    give_away(ground / given_away, monkeypatch)
    assert run.default_directory() == ground / "temporary" / f"rolesanywhere-quickstart-{os.geteuid()}"


def test_a_checkout_that_the_user_cannot_write_does_not(ground: Path) -> None:
    run.ROOT.chmod(0o555)
    found = as_ordinary_user(run.default_directory)
    assert found == ground / "temporary" / f"rolesanywhere-quickstart-{ORDINARY}"


def test_an_ordinary_user_gets_a_folder_that_nobody_else_reads(ground: Path) -> None:
    run.ROOT.chmod(0o555)
    directory = as_ordinary_user(run.default_directory)
    for _time in range(2):
        assert as_ordinary_user(run.obstacle, directory) is None
        as_ordinary_user(run.prepare, directory)
        status = directory.stat()
        assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (ORDINARY, 0o700)
        assert {path.name for path in directory.iterdir()} == {"made-by-quickstart", "administrator.ini"}


@pytest.mark.parametrize("name", ["two words", "tab\there", "a,b", "a:b", "Bücher", 'quo"te', "$HOME", "a\n"])
def test_a_path_that_the_collection_refuses_is_told_before_anything_is_made(
    ground: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert f"The path {ground / name} may hold only" in refusal(ground / name, capsys)
    assert not (ground / name).exists()

    (ground / "link").symlink_to(ground / name)
    assert refusal(ground / "link", capsys).endswith("choose another --directory.\n")

    monkeypatch.setattr(run, "ROOT", ground / name)
    assert refusal(run.ROOT / ".quickstart", capsys).endswith("move the checkout.\n")
    assert refusal(ground / "elsewhere", capsys).endswith("move the checkout.\n")
    assert not (ground / "elsewhere").exists()


def test_a_path_of_all_characters_that_the_collection_takes_is_taken(ground: Path) -> None:
    with pytest.raises(Started):
        run.run(ground / "Az_09.=+@-", keep=False, arguments=[])


def test_a_folder_that_the_quickstart_did_not_make_is_not_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").write_text("mine")
    assert "is no folder of the quickstart" in refusal(tmp_path, capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    assert "cannot be the quickstart's folder" in refusal(tmp_path / "file", capsys)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("there", ["nothing", "empty folder", "folder of the quickstart"])
def test_its_own_folder_is_made_anew(tmp_path: Path, there: str) -> None:
    directory = tmp_path / "a" / "b"
    if there != "nothing":
        directory.mkdir(parents=True)
    if there == "folder of the quickstart":
        run.prepare(directory)
        (directory / "report.txt").write_text("of yesterday")
    with pytest.raises(Started):
        run.run(directory, keep=False, arguments=[])
    assert (directory / "made-by-quickstart").exists()
    assert not (directory / "report.txt").exists()


@pytest.mark.parametrize("what", ["folder", "link", "link to nowhere", "folder behind a link of ones own"])
def test_what_another_user_laid_in_the_temporary_folder_is_refused(
    ground: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    directory, elsewhere = run.default_directory(), ground / "elsewhere"
    made = directory if what == "folder" else elsewhere
    if what != "link to nowhere":
        run.prepare(made)
    if what != "folder":
        directory.symlink_to(elsewhere)
    before = sorted(path for path in ground.rglob("*"))
    give_away(elsewhere if "behind" in what else directory, monkeypatch)
    assert "belongs to another user" in refusal(directory, capsys)
    assert sorted(path for path in ground.rglob("*")) == before


def test_a_folder_that_cannot_be_looked_at_is_told(ground: Path) -> None:
    closed = ground / "closed"
    closed.mkdir(mode=0o700)
    if os.geteuid() != 0:
        closed.chmod(0)
    assert as_ordinary_user(run_quietly, closed / "quickstart") == 1


def run_quietly(directory: Path) -> int:
    """Run the quickstart in a process whose output nobody reads."""
    return run.run(directory, keep=False, arguments=[])


@pytest.fixture
def sleeper() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a process which does nothing but has the given words on its command line."""
    processes = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "print(flush=True); input()", *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


Sleeper = Callable[..., "subprocess.Popen[str]"]


def test_an_embedded_aws_that_runs_is_told_and_its_folder_kept(
    tmp_path: Path, sleeper: Sleeper, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = sleeper("-m", "tests.emulator")
    run.prepare(tmp_path)
    (tmp_path / "embedded-aws.pid").write_text(str(aws.pid))
    assert refusal(tmp_path, capsys).endswith(f"stop it with  kill {aws.pid}\n")
    assert (tmp_path / "embedded-aws.pid").exists()


@pytest.mark.parametrize("written", ["pid of another program", "pid of a dead emulator", "", "no number"])
def test_a_process_id_that_is_no_embedded_aws_stands_in_nobodys_way(
    tmp_path: Path, sleeper: Sleeper, written: str
) -> None:
    """After a reboot the number is another program's; a file that was cut off names none."""
    other = sleeper("tests.emulator" if "dead" in written else "editor")
    if "dead" in written:
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    run.prepare(tmp_path)
    (tmp_path / "embedded-aws.pid").write_text(str(other.pid) if written.startswith("pid") else written)
    with pytest.raises(Started):
        run.run(tmp_path, keep=False, arguments=[])
    assert "dead" in written or other.poll() is None


@pytest.mark.parametrize("error", [psutil.AccessDenied, psutil.NoSuchProcess])
def test_a_process_that_cannot_be_looked_at_is_no_embedded_aws(
    monkeypatch: pytest.MonkeyPatch, error: type[psutil.Error]
) -> None:
    def cmdline(self: psutil.Process) -> list[str]:
        raise error(self.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", cmdline)
    assert not run.is_embedded_aws(os.getpid())
