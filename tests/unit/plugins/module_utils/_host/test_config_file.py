# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS config files of users: what is changed in them, with whose rights, and what is shown of it."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import stat

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import config_file
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError

WEB = {"web": [("region", "eu-central-1"), ("credential_process", "/helper credential-process")]}
SECTION = "[profile web]\nregion = eu-central-1\ncredential_process = /helper credential-process\n"


def edit(path, wanted=None, check_mode=False, backup=False):
    return config_file.edit(str(path), wanted or WEB, check_mode=check_mode, backup=backup)


@pytest.fixture
def config(somebody):
    """A path in the user's home whose directory is not there yet."""
    return somebody[1] / ".aws" / "config"


@pytest.fixture
def written(somebody, config):
    """Write the user's file as that user would."""

    def write(content, mode=0o600):
        config.parent.mkdir(exist_ok=True)
        config.write_text(content)
        config.chmod(mode)
        for path in (config.parent, config):
            os.chown(path, somebody[0], -1)
        return config

    return write


def test_four_steps(somebody, config):
    for check_mode, changed in [(True, ["web"]), (False, ["web"]), (True, []), (False, [])]:
        outcome = edit(config, check_mode=check_mode)
        assert (outcome.changed, outcome.after) == (changed, SECTION)
    assert config.read_text() == SECTION
    assert [(p.stat().st_uid, stat.S_IMODE(p.stat().st_mode)) for p in (config.parent, config)] == [
        (somebody[0], 0o700),
        (somebody[0], 0o600),
    ]


def test_check_mode_makes_no_directory(config):
    edit(config, check_mode=True)
    assert not config.parent.exists()


@pytest.mark.parametrize(
    ("content", "wanted", "reason"),
    [
        ("", WEB, "no section yet"),
        ("[profile web]\n", WEB, "section says something else"),
        (SECTION, WEB, None),
        (SECTION, {"web": None}, "section is still there"),
        ("[profile web]\noutput = json\n", {"web": None}, None),
        ("", {"web": None}, None),
    ],
)
def test_the_reason_why_a_section_is_due(written, content, wanted, reason):
    path = written(content)
    assert config_file.reasons(str(path), wanted) == {"web": reason}
    assert edit(path, wanted).changed == (["web"] if reason else [])
    assert config_file.reasons(str(path), wanted) == {"web": None}


def kept(path):
    status = os.lstat(path)
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o400])
def test_a_users_file_keeps_its_owner_group_and_mode(somebody, written, mode):
    path = written("[profile a]\noutput = json\n", mode)
    os.chown(path, -1, pwd.getpwuid(somebody[0]).pw_gid)
    before = kept(path)
    assert edit(path).changed == ["web"]
    assert kept(path) == before
    assert config_file.reasons(str(path), WEB) == {"web": None}


def test_a_users_file_in_a_directory_of_roots_stays_the_users(somebody, tmp_path):
    path = tmp_path / "config"
    path.write_text("[profile a]\noutput = json\n")
    path.chmod(0o644)
    os.chown(path, somebody[0], pwd.getpwuid(somebody[0]).pw_gid)
    before = kept(path)
    edit(path)
    assert kept(path) == before


def test_a_group_that_the_user_cannot_give_to_loses_its_rights_rather_than_another_one_getting_them(written):
    path = written("", 0o640)
    edit(path)
    _user, group, mode = kept(path)
    assert mode == (0o640 if group == os.getegid() else 0o600)


@pytest.mark.parametrize("mode", [0o602, 0o660, 0o1666])
def test_a_file_that_others_can_write_is_refused(written, mode):
    path = written("[profile a]\n", mode)
    if os.geteuid() == 0:
        os.chown(path, -1, 4712)
    with pytest.raises(HostError, match=f"^{path} can be written by"):
        config_file.reasons(str(path), WEB)
    with pytest.raises(HostError, match=f"^{path} can be written by"):
        edit(path)
    assert path.read_text() == "[profile a]\n"


def test_only_a_section_with_a_credential_process_is_removed(written):
    path = written("# mine\n[profile a]\noutput = json\n" + SECTION + "[profile b]\nx = 1\n")
    assert edit(path, {"web": None, "a": None, "c": None}).changed == ["web"]
    assert path.read_text() == "# mine\n[profile a]\noutput = json\n[profile b]\nx = 1\n"


def test_the_diff_shows_our_sections_and_no_value_of_a_user(written):
    path = written("[profile web]\naws_secret_access_key = hidden\nregion = x\n[profile b]\npassword = hidden\n")
    outcome = edit(path)
    assert outcome.before == "[profile web]\naws_secret_access_key = (not shown)\nregion = x\n"
    assert outcome.after == SECTION


def test_the_backup_is_the_old_file_and_as_private(somebody, written):
    path = written("[a]\nx = 1\n", 0o644)
    backup = edit(path, backup=True).backup_file
    assert backup.startswith(f"{path}.")
    status = os.lstat(backup)
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (somebody[0], 0o600)
    with open(backup) as file:
        assert file.read() == "[a]\nx = 1\n"
    assert edit(path, backup=True).backup_file is None


def test_no_backup_is_left_unasked(written):
    path = written("[a]\nx = 1\n")
    assert edit(path).backup_file is None
    assert os.listdir(path.parent) == ["config"]


@pytest.mark.parametrize("kind", ["link", "pipe", "large", "directory"])
def test_what_is_no_config_file_is_neither_read_nor_written(somebody, config, tmp_path, kind):
    secret = tmp_path / "secret"
    secret.write_text("[profile web]\nsecret = 1\n")
    config.parent.mkdir()
    os.chown(config.parent, somebody[0], -1)
    if kind == "link":
        config.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(config)
    elif kind == "large":
        config.write_bytes(b"#" * (1024 * 1024 + 1))
        os.chown(config, somebody[0], -1)
    else:
        config.mkdir()
    with pytest.raises(HostError, match=str(config)):
        edit(config)
    with pytest.raises(HostError, match=str(config)):
        config_file.reasons(str(config), WEB)
    assert secret.read_text() == "[profile web]\nsecret = 1\n"
    assert os.listdir(config.parent) == ["config"]


def test_a_directory_that_leads_elsewhere_is_used_with_the_owners_rights_only(somebody, tmp_path):
    """What the user could not do, the user's link does not get done, either."""
    user, home = somebody
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    link = home / ".aws"
    link.symlink_to(closed)
    os.chown(link, user, -1, follow_symlinks=False)
    with pytest.raises(HostError):
        edit(link / "config")
    assert os.listdir(closed) == []


@pytest.mark.parametrize("act", [edit, lambda path: config_file.reasons(str(path), WEB)])
def test_a_file_that_its_owner_cannot_read_is_not_read_for_them(config, somebody, act):
    """A hard link to a file of root's would look like this."""
    config.parent.mkdir()
    config.write_text("[profile web]\nsecret = 1\n")
    config.chmod(0o600 if os.geteuid() == 0 else 0o000)
    os.chown(config.parent, somebody[0], -1)
    with pytest.raises(HostError, match="config cannot be read: Permission denied"):
        act(config)


def test_a_directory_that_is_locked_for_long_is_told(written, monkeypatch):
    monkeypatch.setattr(config_file, "_LOCK_SECONDS", 0.1)
    path = written("")
    descriptor = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(HostError, match="is locked by another program"):
            edit(path)
    finally:
        os.close(descriptor)


def test_a_file_system_without_locks_is_told(written, monkeypatch):
    def lockless(*_arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    path = written("")
    monkeypatch.setattr(fcntl, "flock", lockless)
    with pytest.raises(HostError, match=f"{path.parent} cannot be locked: No locks available"):
        edit(path)
