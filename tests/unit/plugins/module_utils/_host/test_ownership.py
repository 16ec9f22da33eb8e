# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose ground it is: what others could replace is refused, and a user's files are handled as that user."""

from __future__ import annotations

import os
import pwd
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import ownership
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError

OWN, GROUP = os.geteuid(), os.getegid()
STRANGER, STRANGERS = 4711, 4712


@pytest.fixture
def walk(monkeypatch):
    """Let the way to any path consist of the given (mode, owner, group)."""

    def set_up(*steps):
        walked = [
            (f"/{number}", os.stat_result([mode, 0, 0, 0, owner, group, 0, 0, 0, 0]))
            for number, (mode, owner, group) in enumerate(steps)
        ]
        monkeypatch.setattr(ownership, "steps", lambda _path: iter(walked))

    return set_up


DIRECTORY, LINK = stat.S_IFDIR, stat.S_IFLNK


@pytest.mark.parametrize(
    ("user", "step", "told"),
    [
        (0, (DIRECTORY | 0o755, 0, 0), None),
        (0, (DIRECTORY | 0o775, 0, 0), None),
        (0, (DIRECTORY | 0o1777, 0, 0), None),
        (0, (LINK | 0o777, 0, 0), None),
        (0, (DIRECTORY | 0o775, 0, STRANGERS), "written by the group 4712"),
        (0, (DIRECTORY | 0o1775, 0, STRANGERS), None),
        (0, (DIRECTORY | 0o757, 0, 0), "written by everybody"),
        (0, (DIRECTORY | 0o755, STRANGER, 0), "belongs to user 4711"),
        (0, (LINK | 0o777, STRANGER, 0), "belongs to user 4711"),
        (500, (DIRECTORY | 0o755, 500, 500), None),
        (500, (DIRECTORY | 0o775, 500, 500), None),
        (500, (DIRECTORY | 0o775, 500, STRANGERS), "written by the group 4712"),
        (500, (DIRECTORY | 0o777, 500, 500), "written by everybody"),
        (500, (DIRECTORY | 0o755, STRANGER, 500), "belongs to user 4711"),
    ],
)
def test_who_could_replace_a_parent(walk, monkeypatch, user, step, told):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "getegid", lambda: user)
    walk((DIRECTORY | 0o755, 0, 0), step)
    if told is None:
        ownership.check_parents("/any")
        return
    with pytest.raises(HostError, match=told):
        ownership.check_parents("/any")


@pytest.mark.parametrize(
    ("steps", "owner"),
    [
        ([(DIRECTORY | 0o755, 0, 0)], (0, 0)),
        ([(DIRECTORY | 0o755, 0, 0), (DIRECTORY | 0o700, 500, 50)], (500, 50)),
        ([(DIRECTORY | 0o755, 0, 0), (LINK | 0o777, 500, 50), (DIRECTORY | 0o700, 0, 0)], (500, 50)),
        ([(DIRECTORY | 0o1777, 0, 0), (DIRECTORY | 0o755, 500, 50), (DIRECTORY | 0o755, 600, 60)], (500, 50)),
    ],
)
def test_the_ground_is_whose_step_comes_first(walk, steps, owner):
    walk(*steps)
    assert ownership.owner_of_ground("/any") == owner


def test_ground_that_everybody_writes_is_nobodys(walk):
    walk((DIRECTORY | 0o757, 0, 0))
    with pytest.raises(HostError, match="written by everybody"):
        ownership.owner_of_ground("/any")


def test_the_way_is_walked_as_the_kernel_walks_it(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to("../link/deep")
    walked = [step for step, _status in ownership.steps(f"{tmp_path}/link/up/../none/x")]
    names = [str(Path(step).relative_to(tmp_path)) for step in walked if step.startswith(f"{tmp_path}/")]
    assert names == ["link", "real", "real/up", "link", "real", "real/deep"]


def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(HostError, match="symbolic links"):
        list(ownership.steps(f"{tmp_path}/a/x"))


def test_the_act_has_the_rights_of_the_owner(somebody):
    user, home = somebody
    rights = ownership.as_owner_of_ground(f"{home}/.aws/config", lambda: [os.geteuid(), os.getuid(), os.getegid() == 0])
    assert rights == [user, user, GROUP == 0 and OWN != 0]
    assert os.geteuid() == OWN


def test_another_users_environment_is_not_the_callers(somebody, monkeypatch):
    monkeypatch.setenv("HOME", "/caller")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caller/cache")
    found = ownership.as_owner_of_ground(
        f"{somebody[1]}/config", lambda: [os.environ.get(name) for name in ("HOME", "XDG_CACHE_HOME")]
    )
    assert found == ([pwd.getpwuid(somebody[0]).pw_dir, None] if OWN == 0 else ["/caller", "/caller/cache"])
    assert os.environ["HOME"] == "/caller"


def test_what_the_act_refuses_comes_back_as_it_is(somebody):
    def act():
        raise HostError("No.")

    with pytest.raises(HostError, match=r"^No\.$"):
        ownership.as_owner_of_ground(f"{somebody[1]}/config", act)


def test_a_file_system_that_does_not_answer_holds_nobody(somebody, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(ownership, "owner_of_ground", lambda _path: (os.getuid() or 65534, os.getgid()))
    monkeypatch.setattr(ownership, "_become", lambda *_user: None)
    with pytest.raises(HostError, match="gave no answer"):
        ownership.as_owner_of_ground("/any", lambda: time.sleep(60), seconds=1)


@pytest.mark.parametrize(("group", "number"), [(None, None), ("4711", 4711), ("root", 0)])
def test_a_group_by_name_or_number(group, number):
    assert ownership.group_number(group) == number


def test_a_group_that_is_not_there_is_told():
    with pytest.raises(HostError, match="There is no group 'no-such-group' here"):
        ownership.group_number("no-such-group")
