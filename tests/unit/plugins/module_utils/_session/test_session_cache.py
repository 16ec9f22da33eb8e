# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions are kept privately, made once for many processes, and never taken from somebody else."""

from __future__ import annotations

import errno
import json
import os
import pwd
import stat
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import session_cache
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Credentials, Session

NAME = session_cache.identity("a", "b")


def session(number, seconds_left=3600):
    expiration = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=seconds_left)
    return Session(Credentials(f"ASIA{number}", "secret", "token"), expiration, "arn", "role", "", "")


class Maker:
    """Makes one session after the other, each living for so many seconds, or fails."""

    def __init__(self, *outcomes):
        self.outcomes = outcomes or (3600,)
        self.made = 0

    def __call__(self):
        outcome = self.outcomes[min(self.made, len(self.outcomes) - 1)]
        self.made += 1
        if isinstance(outcome, Exception):
            raise outcome
        return session(self.made, outcome)


@pytest.fixture
def directory(tmp_path):
    return str(tmp_path / "home" / ".cache" / "rolesanywhere")


def file_of(directory):
    return f"{directory}/{NAME}.json"


def test_a_fresh_session_is_made_once(directory):
    make = Maker()
    first = session_cache.cached(directory, NAME, make)
    assert session_cache.cached(directory, NAME, make) == first == session(1)._replace(expiration=first.expiration)
    assert make.made == 1


def test_directory_and_files_are_private_whatever_the_umask(directory):
    before = os.umask(0)
    try:
        session_cache.cached(directory, NAME, Maker())
    finally:
        os.umask(before)
    for made in (directory, os.path.dirname(directory)):
        assert stat.S_IMODE(os.stat(made).st_mode) == 0o700
    assert {stat.S_IMODE(os.stat(f"{directory}/{name}").st_mode) for name in os.listdir(directory)} == {0o600}


@pytest.mark.parametrize(("seconds_left", "made"), [(301 + 5, 1), (300, 2), (1, 2), (-10, 2)])
def test_a_session_is_renewed_five_minutes_before_it_ends(directory, seconds_left, made):
    make = Maker(seconds_left, 3600)
    session_cache.cached(directory, NAME, make)
    assert session_cache.cached(directory, NAME, make).credentials.access_key_id == f"ASIA{made}"


CANNOT_TELL = SessionError("no answer")
REFUSED = SessionError("refused", certain=True)


@pytest.mark.parametrize(
    ("seconds_left", "failure", "usable"),
    [(200, CANNOT_TELL, True), (60, CANNOT_TELL, False), (-10, CANNOT_TELL, False), (200, REFUSED, False)],
)
def test_the_old_session_serves_until_its_end_when_nobody_can_tell(directory, seconds_left, failure, usable):
    make = Maker(seconds_left, failure)
    old = session_cache.cached(directory, NAME, make)
    if usable:
        assert session_cache.cached(directory, NAME, make) == old
    else:
        with pytest.raises(SessionError) as caught:
            session_cache.cached(directory, NAME, make)
        assert caught.value is failure
    assert make.made == 2


def test_a_failure_is_not_kept(directory):
    make = Maker(CANNOT_TELL, 3600)
    with pytest.raises(SessionError):
        session_cache.cached(directory, NAME, make)
    assert session_cache.cached(directory, NAME, make).credentials.access_key_id == "ASIA2"


def _document(**changes):
    document = {
        "credentials": {"access_key_id": "EVIL", "secret_access_key": "x", "session_token": "x"},
        "expiration": (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat(),
        "assumed_role_arn": "",
        "role_arn": "",
        "subject_arn": "",
        "source_identity": "",
    }
    return json.dumps({**document, **changes}).encode()


def test_the_document_that_the_next_test_breaks_is_whole(directory):
    session_cache.cached(directory, NAME, Maker())
    _overwrite(directory, _document())
    assert session_cache.cached(directory, NAME, Maker()).credentials.access_key_id == "EVIL"


def _overwrite(directory, content):
    with open(file_of(directory), "wb") as file:
        file.write(content)


DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"[" * 60000,
    b"{}",
    _document(credentials={}),
    _document(credentials=[]),
    _document(credentials={"access_key_id": 1, "secret_access_key": "x", "session_token": "x"}),
    _document(expiration="soon"),
    _document(expiration=1),
    _document(expiration="2126-01-01T00:00:00Z"),
    _document(role_arn=None),
    _document()[:-20],
    b" " * 70000 + _document(),
]


# The documents hold the time, so they are no names for tests.
@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_corrupt_file_is_written_anew(directory, content):
    session_cache.cached(directory, NAME, Maker())
    _overwrite(directory, content)
    make = Maker()
    assert session_cache.cached(directory, NAME, make).credentials.access_key_id == "ASIA1"
    assert session_cache.cached(directory, NAME, make).credentials.access_key_id == "ASIA1"
    assert make.made == 1


def _replace_by(make):
    def damage(path, elsewhere):
        os.unlink(path)
        elsewhere.write_bytes(_document())
        elsewhere.chmod(0o600)
        make(path, elsewhere)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda path, elsewhere: (_overwrite(os.path.dirname(path), _document()), os.chmod(path, 0o640)),
        lambda path, elsewhere: (_overwrite(os.path.dirname(path), _document()), os.chmod(path, 0o606)),
        _replace_by(lambda path, elsewhere: os.symlink(elsewhere, path)),
        _replace_by(lambda path, elsewhere: os.mkfifo(path, 0o600)),
    ],
    ids=["group", "others", "symlink", "fifo"],
)
def test_a_file_that_others_could_have_made_is_not_believed(directory, tmp_path, damage):
    session_cache.cached(directory, NAME, Maker())
    damage(file_of(directory), tmp_path / "elsewhere")
    assert session_cache.cached(directory, NAME, Maker()).credentials.access_key_id == "ASIA1"
    status = os.lstat(file_of(directory))
    assert stat.S_ISREG(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600


def test_a_file_of_another_owner_is_not_believed(directory, monkeypatch):
    session_cache.cached(directory, NAME, Maker())
    _overwrite(directory, _document())
    folder = os.open(directory, os.O_RDONLY)
    assert session_cache._read(folder, NAME).credentials.access_key_id == "EVIL"
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert session_cache._read(folder, NAME) is None
    os.close(folder)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o1777])
def test_a_directory_that_others_may_enter_is_refused(directory, mode):
    os.makedirs(directory)
    os.chmod(directory, mode)
    make = Maker()
    with pytest.raises(SessionError, match="must be ours with mode 0700"):
        session_cache.cached(directory, NAME, make)
    assert make.made == 0
    assert os.listdir(directory) == []


def test_a_directory_of_another_owner_is_refused(directory, monkeypatch):
    os.makedirs(directory, mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(SessionError, match="must be ours"):
        session_cache.cached(directory, NAME, Maker())


def test_a_symlink_in_the_directorys_place_is_refused(directory, tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    os.makedirs(os.path.dirname(directory))
    os.symlink(tmp_path / "real", directory)
    with pytest.raises(SessionError, match="cannot be used"):
        session_cache.cached(directory, NAME, Maker())


def test_a_lock_file_is_no_way_out_of_the_directory(directory, tmp_path):
    os.makedirs(directory, mode=0o700)
    os.symlink(tmp_path / "victim", f"{directory}/{NAME}.lock")
    with pytest.raises(SessionError, match="cannot be locked"):
        session_cache.cached(directory, NAME, Maker())
    assert not (tmp_path / "victim").exists()


def test_a_file_system_without_locks_is_told_at_once(directory, monkeypatch):
    def flock(*_arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(session_cache.locks.fcntl, "flock", flock)
    with pytest.raises(SessionError, match="cannot be locked: No locks available; name another directory"):
        session_cache.cached(directory, NAME, Maker())


def test_a_full_disk_costs_the_cache_and_not_the_session(directory, monkeypatch):
    def write(*_arguments):
        raise OSError(28, "No space")

    monkeypatch.setattr(session_cache, "_write", write)
    assert session_cache.cached(directory, NAME, Maker()).credentials.access_key_id == "ASIA1"


def test_fifty_processes_at_once_make_one_session(directory, tmp_path):
    calls = tmp_path / "calls"
    started_reading, started = os.pipe()

    def make():
        with open(calls, "a") as file:
            file.write("x")
        time.sleep(0.05)
        return session(1)

    children = []
    for _number in range(50):
        child = os.fork()
        if child == 0:
            os.close(started)
            os.read(started_reading, 1)  # all of them go on when the writing end is closed
            right = False
            try:
                right = session_cache.cached(directory, NAME, make).credentials.access_key_id == "ASIA1"
            finally:
                os._exit(0 if right else 1)
        children.append(child)
    os.close(started)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 50
    os.close(started_reading)
    assert calls.read_text() == "x"


def test_a_process_does_not_wait_for_ever_for_another(directory, monkeypatch):
    monkeypatch.setattr(session_cache, "LOCK_PATIENCE", 0.05)

    def make():
        with pytest.raises(SessionError, match="Another process is busy") as caught:
            session_cache.cached(directory, NAME, Maker())
        assert not caught.value.certain
        return session(1)

    session_cache.cached(directory, NAME, make)


def _aged(path):
    os.utime(path, (0, time.time() - 14 * 3600))


def test_what_renewed_certificates_leave_behind_is_removed(directory):
    old, young = session_cache.identity("old"), session_cache.identity("young")
    session_cache.cached(directory, old, Maker())
    session_cache.cached(directory, young, Maker())
    with open(f"{directory}/{old}.4242", "w"):  # its process was killed while it wrote
        pass
    for suffix in ("json", "lock", "4242"):
        _aged(f"{directory}/{old}.{suffix}")
    session_cache.cached(directory, NAME, Maker())
    assert set(os.listdir(directory)) == {f"{name}.{suffix}" for name in (NAME, young) for suffix in ("json", "lock")}


def test_what_is_not_ours_stays_in_the_directory_however_old(directory):
    os.makedirs(directory, mode=0o700)
    theirs = ["letter.txt", "00.json", f"{NAME}.json.bak", f"{NAME}.", f"x{NAME}.lock", f"{NAME.upper()}.json"]
    for name in theirs:
        with open(f"{directory}/{name}", "w"):
            pass
        _aged(f"{directory}/{name}")
    session_cache.cached(directory, NAME, Maker())
    assert set(os.listdir(directory)) == {*theirs, f"{NAME}.json", f"{NAME}.lock"}


@pytest.mark.parametrize("name", ["folder", f"{session_cache.identity('old')}.json"])
def test_an_old_folder_does_not_keep_the_session_from_being_kept(directory, name):
    os.makedirs(f"{directory}/{name}", mode=0o700)
    os.chmod(directory, 0o700)
    _aged(f"{directory}/{name}")
    make = Maker()
    session_cache.cached(directory, NAME, make)
    session_cache.cached(directory, NAME, make)
    assert make.made == 1
    assert os.path.isdir(f"{directory}/{name}")


def test_identities_differ_in_each_part():
    parts = ["fingerprint", "anchor", "profile", "role", "", "endpoint", "3600", ""]
    names = {session_cache.identity(*parts[:at], "other", *parts[at + 1 :]) for at in range(len(parts))}
    names |= {session_cache.identity(*parts), session_cache.identity("fingerprintanchor", *parts[2:])}
    assert len(names) == len(parts) + 2
    assert all(len(name) == 64 for name in names)


@pytest.mark.parametrize(
    ("variable", "home", "expected"),
    [
        ("/x/cache", "HOME", "/x/cache/rolesanywhere"),
        ("", "HOME", "HOME/.cache/rolesanywhere"),
        ("relative", "HOME", "HOME/.cache/rolesanywhere"),
        (None, "HOME", "HOME/.cache/rolesanywhere"),
        (None, "/nonexistent", None),
        (None, "/", None),
        (None, "", None),
        (None, None, None),
    ],
)
def test_the_default_directory_is_the_effective_users(tmp_path, monkeypatch, variable, home, expected):
    monkeypatch.setenv("HOME", "/home/somebody-else")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", variable)

    def entry(user):
        assert user == os.geteuid()
        if home is None:
            raise KeyError(user)
        return SimpleNamespace(pw_dir=home.replace("HOME", str(tmp_path)))

    monkeypatch.setattr(pwd, "getpwuid", entry)
    assert session_cache.default_directory() == (expected and expected.replace("HOME", str(tmp_path)))
