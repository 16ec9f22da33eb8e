# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the helper's place, whatever it is, is looked at without waiting for it."""

from __future__ import annotations

import hashlib
import os

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.helper_file import HelperFile, look_at
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.private_files import SIZE_LIMIT, open_directory


def looked_at(path):
    with open_directory(str(path.parent)) as folder:
        return look_at(folder, path.name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "helper"


def test_nothing(path):
    assert looked_at(path) is None


@pytest.mark.parametrize("mode", [0o755, 0o600, 0o4755])
def test_a_file(path, mode):
    path.write_bytes(b"helper")
    path.chmod(mode)
    assert looked_at(path) == HelperFile(True, mode, hashlib.sha256(b"helper").hexdigest())


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        os.mkfifo,
        lambda path: path.symlink_to(__file__),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.write_bytes(b"#" * (SIZE_LIMIT + 1)),
    ],
    ids=["directory", "pipe", "link", "link to a device", "large"],
)
def test_what_no_helper_can_be_has_no_digest(path, make):
    make(path)
    found = looked_at(path)
    assert found is not None
    assert found.digest is None


@pytest.mark.parametrize(
    ("owner", "user", "is_ours"), [(0, 0, True), (0, 500, True), (500, 500, True), (500, 0, False)]
)
def test_a_helper_is_ours_when_it_is_roots_or_the_users(path, monkeypatch, owner, user, is_ours):
    path.write_bytes(b"helper")
    status = list(path.stat())
    status[4] = owner
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with open_directory(str(path.parent)) as folder:
        monkeypatch.setattr(folder, "status", lambda _name: os.stat_result(status))
        assert look_at(folder, path.name).is_ours is is_ours
