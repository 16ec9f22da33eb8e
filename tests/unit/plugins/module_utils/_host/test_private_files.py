# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole or absent, exact modes, and nothing but regular files is read."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.private_files import (
    SIZE_LIMIT,
    make_directory,
    open_directory,
)


def mode_of(path):
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request):
    """Each test with every umask."""
    old = os.umask(request.param)
    yield
    os.umask(old)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400, 0o755])
def test_the_mode_is_exact_whatever_the_umask(tmp_path, mode):
    with open_directory(str(tmp_path)) as directory:
        directory.write("file", b"content", mode)
    make_directory(str(tmp_path / "directory"), mode | 0o111)
    assert (mode_of(tmp_path / "file"), mode_of(tmp_path / "directory")) == (mode, mode | 0o111)


def test_a_file_is_replaced_and_its_readers_keep_the_old_one(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as reader, open_directory(str(tmp_path)) as directory:
        directory.write("file", b"new", 0o600)
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_the_key_is_never_wider_than_0600_on_its_way(tmp_path, monkeypatch):
    seen = []
    fchmod = os.fchmod

    def watch(descriptor, mode):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fchmod(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", watch)
    old = os.umask(0)
    try:
        with open_directory(str(tmp_path)) as directory:
            directory.write("file", b"key", 0o640)
    finally:
        os.umask(old)
    assert seen == [0o600]


@pytest.mark.parametrize("call", ["fsync", "rename", "fchmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    (tmp_path / "file").write_bytes(b"old")

    def full(*_arguments, **_more):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_directory(str(tmp_path)) as directory:
        monkeypatch.setattr(os, call, full)
        with pytest.raises(HostError, match="/file cannot be written: No space left on device; make room there"):
            directory.write("file", b"new", 0o600)
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_missing_file_is_none(tmp_path):
    with open_directory(str(tmp_path)) as directory:
        assert directory.read("file") is None
        assert directory.status("file") is None


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "too large"])
def test_what_is_no_small_regular_file_is_refused_without_waiting(tmp_path, kind):
    path = tmp_path / "file"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_bytes(bytes(SIZE_LIMIT + 1))
    with open_directory(str(tmp_path)) as directory, pytest.raises(HostError, match="/file "):
        directory.read("file")


def test_the_largest_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(bytes(SIZE_LIMIT))
    with open_directory(str(tmp_path)) as directory:
        assert len(directory.read("file")) == SIZE_LIMIT


def test_a_directory_that_was_swapped_is_not_written_to(tmp_path):
    old, other = tmp_path / "old", tmp_path / "other"
    old.mkdir()
    other.mkdir()
    with open_directory(str(old)) as directory:
        old.rename(tmp_path / "moved")
        old.symlink_to(other)
        directory.write("file", b"content", 0o600)
    assert os.listdir(other) == []
    assert os.listdir(tmp_path / "moved") == ["file"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_in_a_directorys_place_is_refused(tmp_path, kind):
    path = tmp_path / "directory"
    path.symlink_to(tmp_path) if kind == "link" else path.write_bytes(b"")
    with pytest.raises(HostError, match="is not a directory; move it away"):
        make_directory(str(path), 0o750)
