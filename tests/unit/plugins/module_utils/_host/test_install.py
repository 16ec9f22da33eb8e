# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair is proved and switched to, or everything stays as it was."""

from __future__ import annotations

import errno
import os
import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import install as installing
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import versions
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import (
    Unproved,
    install,
    predict,
    read_issued,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
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
    for serial in os.listdir(place.versions):
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
        install(place, issued(serial), None, keep=keep)
    assert pairs(place) == ["4b05", "4b04", "4b03"][:keep]


def test_the_pair_in_use_is_always_kept(place, issued):
    with pytest.raises(HostError, match="keep is 0"):
        install(place, issued(), None, keep=0)


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
        install(place, issued(), None, group=group)
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


def test_a_directory_in_the_links_place_is_told(place, issued):
    new = issued()
    os.mkdir(place.current)
    with pytest.raises(HostError, match="is not a link to versions/<serial>; move it away"):
        install(place, new, None)


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
        assert not [name for name in os.listdir(place.path) if name not in ("current", "lock", "pending", "versions")]
    assert killed == total
