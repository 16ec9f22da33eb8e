# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair is of one version, whatever happens to the symlink in the meantime."""

from __future__ import annotations

import os
import threading

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl, pair
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import read_certificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from cryptography.hazmat.primitives.serialization import Encoding


@pytest.fixture
def versions(tmp_path, make_pair):
    """Two versions of a workload, and the directory with the symlink ``current``."""
    made = {
        0x41: make_pair("EC-P256", serial=0x41, directory=tmp_path / "versions" / "41"),
        0x42: make_pair("RSA-2048", serial=0x42, directory=tmp_path / "versions" / "42"),
    }
    flip(tmp_path, 0x41)
    return tmp_path, made


def flip(workload, serial):
    temporary = workload / "temporary"
    temporary.symlink_to(f"versions/{serial:x}")
    temporary.rename(workload / "current")


def test_certificate_chain_and_key_are_read(make_pair, make_certificate):
    chain = [make_certificate("RSA-2048"), make_certificate("EC-P384")]
    directory = make_pair(chain=chain)
    with pair.open_directory(str(directory)) as opened:
        assert read_certificate(opened.certificate).subject == "CN=web1"
        assert opened.chain == [certificate.public_bytes(Encoding.DER) for certificate in chain]
        assert os.pread(opened.private_key, 100, 0).startswith(b"-----BEGIN PRIVATE KEY-----")
        descriptor = opened.private_key
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_the_key_stays_that_of_the_certificate_when_current_is_switched_and_the_old_one_removed(versions):
    workload, made = versions
    with pair.open_directory(str(workload / "current")) as opened:
        flip(workload, 0x42)
        for file in made[0x41].iterdir():
            file.unlink()
        certificate = read_certificate(opened.certificate)
        assert certificate.serial == 0x41
        assert openssl.public_key_of(opened.private_key) == certificate.public_key_info_der
        openssl.sign(opened.private_key, b"text")
        assert openssl.public_key_of(opened.private_key) == certificate.public_key_info_der


@pytest.mark.parametrize("by", ["directory", "paths"])
def test_no_mixture_is_read_while_current_is_switched_all_the_time(versions, by):
    workload, made = versions
    contents = {serial: (directory / "private-key.pem").read_bytes() for serial, directory in made.items()}
    current = str(workload / "current")
    stop = threading.Event()

    def switch():
        serial = 0x41
        while not stop.is_set():
            serial ^= 0x41 ^ 0x42
            flip(workload, serial)

    switching = threading.Thread(target=switch)
    switching.start()
    try:
        seen = []
        while len(seen) < 500 or len(set(seen)) < 2:
            paths = (f"{current}/certificate.pem", f"{current}/private-key.pem", f"{current}/chain.pem")
            opening = pair.open_directory(current) if by == "directory" else pair.open_pair(*paths)
            with opening as opened:
                serial = read_certificate(opened.certificate).serial
                assert os.pread(opened.private_key, 10000, 0) == contents[serial]
                seen.append(serial)
    finally:
        stop.set()
        switching.join()


def test_files_of_different_directories_and_relative_paths_are_taken(make_pair, tmp_path, monkeypatch):
    directory = make_pair()
    (tmp_path / "private").mkdir()
    (directory / "private-key.pem").rename(tmp_path / "private" / "key.pem")
    monkeypatch.chdir(tmp_path)
    with pair.open_pair("pair/certificate.pem", "private/key.pem") as opened:
        assert opened.chain == []
        openssl.sign(opened.private_key, b"text")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file or directory"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "must be a regular file"),
        (lambda path: (path.unlink(), path.mkdir()), "must be a regular file"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "must be a regular file"),
        (lambda path: os.truncate(path, pair.LARGEST_FILE + 1), "must be a regular file of at most 1048576 bytes"),
    ],
)
@pytest.mark.parametrize("name", ["certificate.pem", "chain.pem", "private-key.pem"])
def test_a_file_that_is_none_is_told_by_its_path(make_pair, damage, reason, name):
    directory = make_pair()
    damage(directory / name)
    with pytest.raises(SessionError, match=f"{name} {reason}"), pair.open_directory(str(directory)):
        pytest.fail("it was opened")


def test_a_directory_that_is_none_is_told(tmp_path):
    missing = pytest.raises(SessionError, match=r"current/certificate\.pem cannot be read: No such file")
    with missing, pair.open_directory(str(tmp_path / "current")):
        pytest.fail("it was opened")


def test_a_file_without_certificate_is_told(make_pair):
    directory = make_pair()
    (directory / "certificate.pem").write_bytes((directory / "private-key.pem").read_bytes())
    empty = pytest.raises(SessionError, match=r"There is no certificate in .*certificate\.pem")
    with empty, pair.open_directory(str(directory)):
        pytest.fail("it was opened")
