# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair is proved and switched to, or everything stays as it was."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import install as installing
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import versions
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import (
    Care,
    Unproved,
    install,
    predict,
    read_issued,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.roll_back import roll_back
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.session_target import SessionTarget
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.openssl import public_key_of
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Credentials, Session

TARGET = SessionTarget("anchor", "profile", "role", "eu-central-1", None)
SESSION = Session(
    Credentials("ASIA", "secret", "token"), datetime(2026, 11, 20, tzinfo=timezone.utc), "arn", "", "", ""
)
REFUSED = SessionError("Certificate revoked.", certain=True)
SILENT = SessionError("No answer within 10 seconds.")


@pytest.fixture
def aws(monkeypatch):
    """CreateSession: a list of the answers to come; what was asked is kept in ``asked``."""

    class Answers(list):
        def __init__(self):
            self.asked = []

    answers = Answers()

    def create_session(pair, wanted):
        answers.asked.append((public_key_of(pair.private_key), wanted))
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(installing, "create_session", create_session)
    return answers


@pytest.fixture
def issued(place, authority):
    """Make a request and return the certificate for it; what is wished goes to the CA."""

    def issue(serial=0x4B01, **wishes):
        csr = make_request(place, "ECDSA-P256", "0" * 64, None, False).csr
        return read_issued(authority.sign(csr, serial=serial, **wishes), "")

    return issue


def pairs(place):
    """Return the serials of the pairs, the current one first, after making sure that each is whole."""
    for serial in versions.serials(place):
        assert sorted(os.listdir(place.version(serial))) == ["certificate.pem", "chain.pem", "private-key.pem"]
        certificate = read_issued(Path(place.version(serial), "certificate.pem").read_text(), "").certificate
        assert public_key_of(f"{place.version(serial)}/private-key.pem") == certificate.public_key_info_der
    return [versions.current_serial(place), *versions.other_serials(place)]


def test_a_proved_pair_is_switched_to(place, issued, aws):
    aws[:] = [SESSION, SESSION]
    first = install(place, issued(), TARGET)
    assert (first.changed, first.serial, first.previous_serial, first.session) == (True, "4b01", None, SESSION)
    second = install(place, issued(0x4B02), TARGET)
    assert (second.changed, second.serial, second.previous_serial) == (True, "4b02", "4b01")
    assert pairs(place) == ["4b02", "4b01"]
    assert os.readlink(place.current) == "versions/4b02"
    assert sorted(os.listdir(place.path)) == ["current", "lock", "versions"]


def test_the_staged_pair_is_what_is_proved(place, issued, aws):
    aws[:] = [SESSION]
    new = issued()
    install(place, new, TARGET)
    ((public_key, wanted),) = aws.asked
    assert public_key == new.certificate.public_key_info_der
    assert wanted[:5] == TARGET


def test_what_is_in_use_already_is_left_and_not_proved_again(place, issued, aws):
    aws[:] = [SESSION]
    new = issued()
    install(place, new, TARGET)
    again = install(place, new, TARGET)
    assert (again.changed, again.serial, again.session) == (False, "4b01", None)
    assert predict(place, new).changed is False
    assert len(aws.asked) == 1


def test_a_second_certificate_with_the_serial_in_use_is_refused(place, issued):
    install(place, issued(), None)
    again = issued()
    for step in (predict, lambda *arguments: install(*arguments, None)):
        with pytest.raises(HostError, match="Another certificate 4b01 is in use"):
            step(place, again)
    assert pairs(place) == ["4b01"]


def test_without_a_target_nothing_is_proved(place, issued, aws):
    assert install(place, issued(), None).changed
    assert aws.asked == []


def test_a_refused_pair_is_discarded_with_its_key(place, issued, aws):
    aws[:] = [SESSION, REFUSED]
    install(place, issued(), TARGET)
    with pytest.raises(Unproved, match="Certificate 4b02 was refused and discarded: Certificate revoked") as error:
        install(place, issued(0x4B02), TARGET)
    assert error.value.refused
    assert pairs(place) == ["4b01"]
    assert not os.path.lexists(place.pending)


def test_when_nobody_can_tell_the_pair_waits_for_the_next_run(place, issued, aws):
    aws[:] = [SESSION, SILENT, SESSION]
    install(place, issued(), TARGET)
    new = issued(0x4B02)
    with pytest.raises(Unproved, match="nobody can tell whether it works: No answer within 10 seconds") as error:
        install(place, new, TARGET)
    assert not error.value.refused
    assert pairs(place) == ["4b01", "4b02"]
    assert versions.waiting_serial(place) == "4b02"
    # The same key is asked for again and the CA gives the same certificate.
    assert make_request(place, "ECDSA-P256", "1" * 64, None, False).changed is False
    assert install(place, new, TARGET).changed
    assert pairs(place) == ["4b02", "4b01"]
    assert versions.waiting_serial(place) is None


def test_a_first_pair_that_is_refused_leaves_none(place, issued, aws):
    aws[:] = [REFUSED]
    with pytest.raises(Unproved):
        install(place, issued(), TARGET)
    assert pairs(place) == [None]
    assert not os.path.lexists(place.current)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_so_many_pairs_are_kept(place, issued, keep):
    for serial in range(0x4B01, 0x4B06):
        install(place, issued(serial), None, Care(keep=keep))
    assert pairs(place) == ["4b05", "4b04", "4b03"][:keep]


def test_fewer_pairs_are_kept_under_the_pair_in_use(place, issued):
    for serial in range(0x4B01, 0x4B04):
        new = issued(serial)
        install(place, new, None)
    assert predict(place, new, Care(keep=2)).changed
    assert install(place, new, None, Care(keep=2)).changed
    assert pairs(place) == ["4b03", "4b02"]
    assert not install(place, new, None, Care(keep=2)).changed


def test_the_pair_in_use_is_always_kept(place, issued):
    with pytest.raises(HostError, match="keep is 0"):
        install(place, issued(), None, Care(keep=0))


def test_a_certificate_for_another_key_is_not_staged(place, issued, authority):
    stranger = read_issued(authority.issue(authority.key.public_key()), "")
    issued()
    for step in (predict, lambda *arguments: install(*arguments, None)):
        with pytest.raises(HostError, match="Certificate 4b01 cannot be installed: it is not for the key that waits"):
            step(place, stranger)
    assert pairs(place) == [None]


def test_a_certificate_that_no_key_waits_for_is_told(place, authority):
    with pytest.raises(HostError, match=r"No key waits for a certificate in .*/pending; make a request"):
        install(place, read_issued(authority.issue(authority.key.public_key()), ""), None)


def test_check_mode_says_what_would_be_done_before_there_is_anything(place, authority):
    stranger = read_issued(authority.issue(authority.key.public_key()), "")
    assert predict(place, stranger)[:3] == (True, "4b01", None)
    assert predict(place, None)[:3] == (True, "", None)
    assert not os.path.lexists(place.directory)


@pytest.mark.parametrize("count", [0, 2])
def test_what_is_not_one_certificate_is_refused(authority, count):
    with pytest.raises(HostError, match=f"holds {count} certificates"):
        read_issued(authority.issue(authority.key.public_key()) * count, "")


@pytest.mark.parametrize(("group", "key_mode"), [(None, 0o400), (os.getegid(), 0o640)])
@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_owner_group_and_modes(place, issued, group, key_mode, umask):
    old = os.umask(umask)
    try:
        install(place, issued(), None, Care(group=group))
    finally:
        os.umask(old)
    version = place.version("4b01")
    modes = {
        place.path: 0o750,
        place.versions: 0o750,
        version: 0o750,
        f"{version}/certificate.pem": 0o640,
        f"{version}/chain.pem": 0o640,
        f"{version}/private-key.pem": key_mode,
    }
    assert {path: stat.S_IMODE(os.lstat(path).st_mode) for path in modes} == modes
    assert {os.lstat(path).st_uid for path in modes} == {os.geteuid()}


@pytest.mark.parametrize(
    ("path", "mode"),
    [("", 0o700), ("certificate.pem", 0o644), ("chain.pem", 0o600), ("private-key.pem", 0o600)],
)
def test_modes_of_the_pair_in_use_are_corrected(place, issued, path, mode):
    new = issued()
    install(place, new, None)
    spoiled = f"{place.version('4b01')}/{path}".rstrip("/")
    right = stat.S_IMODE(os.lstat(spoiled).st_mode)
    os.chmod(spoiled, mode)
    assert predict(place, new).changed
    assert stat.S_IMODE(os.lstat(spoiled).st_mode) == mode
    assert install(place, new, None).changed
    assert stat.S_IMODE(os.lstat(spoiled).st_mode) == right
    assert not predict(place, new).changed
    assert not install(place, new, None).changed


class Labels:
    """SELinux contexts: what was asked for, and for which paths the answer is that they had another one."""

    def __init__(self, *wrong):
        self.asked, self.wrong = [], wrong

    def __call__(self, path, is_new):
        self.asked.append((os.path.relpath(path, "/"), is_new))
        assert os.path.lexists(path)
        return path in self.wrong


def test_what_is_new_gets_the_context_of_its_own_path_before_it_is_used(place, issued, monkeypatch):
    new, labels = issued(), Labels()
    flip = versions.flip
    monkeypatch.setattr(versions, "flip", lambda *arguments: (labels.asked.append("flip"), flip(*arguments)))
    install(place, new, None, Care(label=labels))
    version = place.version("4b01")[1:]
    files = [f"{version}/{name}" for name in ("certificate.pem", "chain.pem", "private-key.pem")]
    directories = [(place.path[1:], False), (place.versions[1:], False)]  # the request made them
    assert labels.asked == [*directories, *((path, True) for path in [version, *files]), "flip"]


@pytest.mark.parametrize("wrong", ["", "/versions", "/versions/4b01", "/versions/4b01/private-key.pem"])
def test_another_context_is_a_change(place, issued, wrong):
    new = issued()
    install(place, new, None)
    assert not predict(place, new, Care(label=Labels())).changed
    for step in (
        predict(place, new, Care(label=(labels := Labels(place.path + wrong)))),
        install(place, new, None, Care(label=labels)),
    ):
        assert step.changed
        assert {is_new for _path, is_new in labels.asked} == {False}


def test_a_kept_version_loses_its_key_when_it_expires(place, issued, let_expire):
    install(place, issued(0x4B01), None)
    install(place, issued(0x4B02), None)
    new = issued(0x4B03)
    expired = let_expire(place, "4b01")
    assert predict(place, new).removed_keys == ["4b01"]
    assert expired.exists()
    done = install(place, new, None)
    assert (done.changed, done.removed_keys) == (True, ["4b01"])
    assert not expired.exists()
    assert Path(place.version("4b01"), "certificate.pem").exists()
    assert Path(place.version("4b02"), "private-key.pem").exists()
    assert versions.serials(place) == ["4b03", "4b02", "4b01"]


def test_a_key_that_expires_under_the_pair_in_use_is_removed_too(place, issued, let_expire):
    install(place, issued(0x4B01), None)
    new = issued(0x4B02)
    install(place, new, None)
    expired = let_expire(place, "4b01")
    assert predict(place, new)[0::4] == (True, ["4b01"])
    assert install(place, new, None)[0::4] == (True, ["4b01"])
    assert not expired.exists()
    assert install(place, new, None)[0::4] == (False, [])


@pytest.mark.parametrize(
    "leave",
    [
        lambda place: os.mkdir(f"{place.versions}/.staging-4b09"),
        lambda place: os.mkdir(f"{place.versions}/.removed-4b09"),
        lambda place: os.symlink("versions/4b09", f"{place.path}/.current-0"),
        lambda place: shutil.copytree(place.version("4b02"), place.pending, symlinks=True),
    ],
)
def test_what_a_killed_run_left_is_cleared_away_under_the_pair_in_use(place, issued, leave):
    install(place, issued(), None)
    new = issued(0x4B02)
    install(place, new, None)
    leave(place)
    assert predict(place, new).changed
    assert install(place, new, None).changed
    assert sorted(os.listdir(place.path)) == ["current", "lock", "versions"]
    assert pairs(place) == ["4b02", "4b01"]
    assert not predict(place, new).changed


def test_a_key_that_waits_for_the_next_certificate_is_left(place, issued):
    new = issued()
    install(place, new, None)
    issued(0x4B02)
    assert not predict(place, new).changed
    assert not install(place, new, None).changed
    assert os.path.lexists(place.pending_key)


def test_keys_that_others_may_know_are_removed_at_once(place, issued):
    for serial in (0x4B01, 0x4B02):
        install(place, issued(serial), None)
    new, care = issued(0x4B03), Care(keep=3, compromised=True)
    assert predict(place, new, care).removed_keys == ["4b02", "4b01"]
    assert sorted(install(place, new, None, care).removed_keys) == ["4b01", "4b02"]
    keys = [serial for serial in versions.serials(place) if Path(place.version(serial), "private-key.pem").exists()]
    assert keys == ["4b03"]


def test_a_directory_in_the_links_place_is_told(place, issued):
    new = issued()
    os.mkdir(place.current)
    with pytest.raises(HostError, match="is not a link to versions/<serial>; move it away"):
        install(place, new, None)


def test_everything_is_on_the_disk_before_it_is_switched_to(place, issued, monkeypatch):
    synced, rename, fsync, missing = set(), os.rename, os.fsync, []

    def remember(descriptor):
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def check(old, new, **more):
        if new == place.current:
            needed = [place.versions, *versions.paths_of(place, "4b01")]
            missing.append([path for path in needed if os.lstat(path).st_ino not in synced])
            synced.clear()
        rename(old, new, **more)

    monkeypatch.setattr(os, "fsync", remember)
    monkeypatch.setattr(os, "rename", check)
    install(place, issued(), None)
    assert missing == [[]]
    assert os.lstat(place.path).st_ino in synced  # so is the switch itself


@pytest.mark.parametrize(
    "act",
    [
        lambda place, _issued: make_request(place, "ECDSA-P256", "0" * 64, None, False),
        lambda place, issued: install(place, issued, None),
        lambda place, _issued: roll_back(place, "4b01", None, Care()),
    ],
    ids=["request", "install", "roll back"],
)
def test_two_runs_are_kept_apart(place, issued, monkeypatch, act):
    install(place, issued(), None)
    new = issued(0x4B02)
    monkeypatch.setattr(versions, "locked", partial(versions.locked, seconds=0.05))
    before = {path: path.lstat().st_mtime_ns for path in Path(place.path).rglob("*")}
    with open(place.lock, "rb") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        with pytest.raises(HostError, match=f"^Another run has been working on {place.path} for 0.05 seconds; let it"):
            act(place, new)
        assert {path: path.lstat().st_mtime_ns for path in Path(place.path).rglob("*")} == before
    act(place, new)


# ---- trouble at any moment ----

CHANGING = ["open", "fchmod", "fchown", "fsync", "rename", "symlink", "mkdir", "chmod", "rmdir", "unlink"]


def count_calls(monkeypatch, act):
    """Call ``act(number, name)`` before each call that changes something on the disk."""
    number = [0]

    def wrap(name):
        genuine = getattr(os, name)

        def call(*arguments, **more):
            number[0] += 1
            act(number[0], name)
            return genuine(*arguments, **more)

        monkeypatch.setattr(os, name, call)

    for name in CHANGING:
        wrap(name)
    return number


def calls_of_an_installation(place, issued):
    new = issued(0x4B02)
    with pytest.MonkeyPatch.context() as patch:
        number = count_calls(patch, lambda *_call: None)
        install(place, new, None)
    return number[0]


def test_a_full_disk_at_any_moment_changes_nothing(place, issued):
    install(place, issued(), None)
    total = calls_of_an_installation(place, issued)
    current, sentences = "4b02", set()
    for moment in range(1, total + 1):
        new = issued(0x4B02 + moment)

        def full(number, _name, moment=moment):
            if number == moment:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.MonkeyPatch.context() as patch:
            count_calls(patch, full)
            try:
                install(place, new, None)
            except HostError as error:
                sentences.add(str(error).replace(str(place.path), ""))
        switched = versions.current_serial(place)
        assert switched in (current, new.certificate.serial_hex)
        current = pairs(place)[0]
        # The next run takes it up with the same key and certificate.
        install(place, new, None)
        current = pairs(place)[0]
        assert current == new.certificate.serial_hex
        assert versions.leftovers(place) == []
    assert total > 20
    assert {sentence.partition("; ")[2] for sentence in sentences} == {
        "make room there and run again, what was in place still is."
    }


def test_killed_at_any_moment_the_host_has_a_working_pair(place, issued):
    install(place, issued(), None)
    total = calls_of_an_installation(place, issued)
    killed = 0
    for moment in range(1, total + 1):
        current, new = versions.current_serial(place), issued(0x4B02 + moment)

        def die(number, _name, moment=moment):
            if number == moment:
                os._exit(9)

        child = os.fork()
        if child == 0:
            count_calls(pytest.MonkeyPatch(), die)
            install(place, new, None)
            os._exit(0)
        killed += os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 9
        found = versions.current_serial(place)
        assert found in (current, new.certificate.serial_hex)
        certificate = read_issued(Path(place.current, "certificate.pem").read_text(), "").certificate
        assert public_key_of(f"{place.version(found)}/private-key.pem") == certificate.public_key_info_der
        install(place, new, None)
        assert pairs(place)[0] == new.certificate.serial_hex
        assert versions.leftovers(place) == []
        assert not [name for name in os.listdir(place.path) if name not in ("current", "lock", "pending", "versions")]
    assert killed == total
