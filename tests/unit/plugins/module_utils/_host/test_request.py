# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key is made once and asked for again, and it never leaves its private directory."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import request, versions
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

BINDING, ANOTHER = "0" * 64, "1" * 64
CHALLENGE_PASSWORD = x509.ObjectIdentifier("1.2.840.113549.1.9.7")


def ask(place, key_type="ECDSA-P256", binding=BINDING, group=None, check_mode=False):
    return make_request(place, key_type, binding, group, check_mode)


def read(csr):
    return x509.load_pem_x509_csr(csr.encode())


def test_four_steps(place):
    first, second, third, fourth = (ask(place, check_mode=check_mode) for check_mode in (True, False, True, False))
    assert first == (True, "", "")
    assert [answer.changed for answer in (second, third, fourth)] == [True, False, False]
    assert second.public_key_fingerprint == third.public_key_fingerprint == fourth.public_key_fingerprint


def test_check_mode_makes_nothing(place):
    ask(place, check_mode=True)
    assert not Path(place.directory).exists()


def test_the_request_has_the_binding_and_no_name(place):
    csr = read(ask(place).csr)
    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == "CN=rolesanywhere"
    assert csr.attributes.get_attribute_for_oid(CHALLENGE_PASSWORD).value.decode() == BINDING


def test_a_waiting_key_is_used_again_with_a_new_binding(place):
    first, second = read(ask(place).csr), read(ask(place, binding=ANOTHER).csr)
    assert first.public_key() == second.public_key()
    assert second.attributes.get_attribute_for_oid(CHALLENGE_PASSWORD).value.decode() == ANOTHER


@pytest.mark.parametrize(
    ("key_type", "kind", "size"),
    [("ECDSA-P384", ec.EllipticCurvePublicKey, 384), ("RSA-2048", rsa.RSAPublicKey, 2048)],
)
def test_a_waiting_key_of_another_type_is_replaced(place, key_type, kind, size):
    ask(place)
    answer = ask(place, key_type)
    assert answer.changed
    key = read(answer.csr).public_key()
    assert isinstance(key, kind)
    assert key.key_size == size


@pytest.mark.parametrize(
    "spoil",
    [
        lambda place: os.chmod(place.pending_key, 0o640),
        lambda place: os.chmod(place.pending, 0o750),
        lambda place: Path(place.pending_key).write_text("no key"),
        lambda place: os.unlink(place.pending_key),
        lambda place: (
            versions.stage(place, "4b01", b"", b"", versions.read_pending_key(place), None)
            or versions.flip(place, "4b01")
        ),
    ],
    ids=["key was open", "directory was open", "no key", "missing", "already in use"],
)
def test_a_waiting_key_that_cannot_serve_is_replaced(place, spoil):
    first = ask(place)
    spoil(place)
    second = ask(place)
    assert second.changed
    assert second.public_key_fingerprint != first.public_key_fingerprint


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_modes_are_exact_whatever_the_umask(place, umask):
    old = os.umask(umask)
    try:
        ask(place)
    finally:
        os.umask(old)
    paths = {place.directory: 0o755, place.path: 0o750, place.versions: 0o750, place.pending: 0o700, place.lock: 0o600}
    paths[place.pending_key] = 0o600
    assert {path: stat.S_IMODE(os.lstat(path).st_mode) for path in paths} == paths


def test_a_parent_that_others_may_write_is_refused(place):
    Path(place.directory).mkdir()
    os.chmod(place.directory, 0o777)
    with pytest.raises(HostError, match="can be written by everybody"):
        ask(place)
    assert os.listdir(place.directory) == []


def test_a_waiting_key_of_another_store_is_thrown_away(place, monkeypatch):
    ask(place)
    asked = []
    monkeypatch.setattr(request.openssl, "generate_key", lambda *kind: asked.append(kind) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_request(place, "ECDSA-P256", BINDING, None, False, "tss2")
    assert asked == [(place.pending_key, "ECDSA-P256", "tss2")]
    assert not os.path.lexists(place.pending)


def test_a_failure_leaves_no_half_key(place, monkeypatch):
    def fail(path, *_kind):
        Path(path).write_text("half")
        raise SessionError("openssl genpkey failed.")

    monkeypatch.setattr(request.openssl, "generate_key", fail)
    with pytest.raises(SessionError):
        ask(place)
    assert not os.path.lexists(place.pending)


def test_without_openssl_there_is_one_sentence(place, monkeypatch):
    monkeypatch.setattr(request.openssl, "PROGRAMS", ("/nowhere/openssl",))
    with pytest.raises(SessionError, match="There is no openssl program here"):
        ask(place)


def test_a_second_run_waits_for_the_first(place):
    ask(place)
    second = versions.locked(place, seconds=0.1)
    with versions.locked(place), pytest.raises(HostError, match="Another run has been working"), second:
        pass


def test_a_file_system_without_locks_is_told(place, monkeypatch):
    def lockless(*_arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", lockless)
    with pytest.raises(HostError, match="/lock cannot be locked: No locks available"):
        ask(place)
