# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA appears whole or not at all, once, and is its owner's alone."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    creation,
    file,
    layout,
    ledger,
    private_files,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography import x509

FILES = {
    "issuing",
    "issuing/certificate.pem",
    "issuing/crl.pem",
    "issuing/private-key.pem",
    "ledger.sqlite",
    "root",
    "root/certificate.pem",
    "root/private-key.pem",
}


def content(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def path_length(certificate):
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length


def test_a_ca_has_two_levels_a_ledger_and_an_empty_crl(workshop, tmp_path):
    authority, ensured = workshop.make_authority(tmp_path / "ca")
    assert ensured.made
    assert content(tmp_path / "ca") == FILES
    root, issuing = file.load_certificate(authority.root), file.load_certificate(authority.issuing)
    assert (ensured.root, ensured.issuing) == (root, issuing)
    assert certificates.is_self_signed(root)
    issuing.verify_directly_issued_by(root)
    assert (path_length(root), path_length(issuing)) == (1, 0)
    assert issuing.subject.rfc4514_string() == "CN=Issuing CA G1,O=Example"
    assert root.subject.rfc4514_string() == "CN=Root,O=Example"
    assert (root.not_valid_before_utc, root.not_valid_after_utc) == (workshop.days(-1), workshop.days(3650))
    assert (issuing.not_valid_before_utc, issuing.not_valid_after_utc) == (workshop.days(-1), workshop.days(1825))
    for certificate in (root, issuing):
        certificates.check_anchor_certificate(certificate, workshop.now)
    crl = revocation_lists.load(authority.crl.read_bytes())
    revocation_lists.check_complete(crl)
    revocation_lists.check_signed_by(crl, [issuing])
    assert (revocation_lists.number(crl), revocation_lists.revocations(crl)) == (1, {})
    assert crl.next_update_utc == workshop.days(45)
    with ledger.opened(authority.ledger) as book:
        assert book.last_revocation_list_number() == 1


@pytest.mark.parametrize("key_type", ["ECDSA-P384", "RSA-2048"])
def test_the_key_type_is_that_of_both_keys(workshop, tmp_path, key_type):
    authority, _ensured = workshop.make_authority(tmp_path / "ca", key_type=key_type)
    for files in (authority.root, authority.issuing):
        certificate = file.load_certificate(files)
        assert keys.key_type(certificate.public_key()) == key_type
        assert certificate.signature_hash_algorithm.name == ("sha384" if key_type == "ECDSA-P384" else "sha256")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_all_of_it_is_the_owners_alone_whatever_the_umask(workshop, tmp_path, umask):
    before = os.umask(umask)
    try:
        authority, _ensured = workshop.make_authority(tmp_path / "ca")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in authority.paths() if path.exists()}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in authority.paths() if path.exists()}


def test_a_ca_is_kept_as_it_is(workshop, tmp_path):
    authority, _ensured = workshop.make_authority(tmp_path / "ca")
    before = {path: path.read_bytes() for path in authority.paths() if path.is_file()}
    _authority, ensured = workshop.make_authority(tmp_path / "ca", validity=timedelta(1), root_validity=timedelta(2))
    assert (ensured.made, list(ensured.tightened)) == (False, [])
    assert {path: path.read_bytes() for path in before} == before


def test_a_dry_run_makes_nothing(workshop, tmp_path):
    _authority, ensured = workshop.make_authority(tmp_path / "ca", dry_run=True)
    assert ensured.made
    assert not (tmp_path / "ca").exists()
    (tmp_path / "ca").mkdir(mode=0o700)
    _authority, ensured = workshop.make_authority(tmp_path / "ca", dry_run=True)
    assert ensured.made
    assert content(tmp_path / "ca") == set()


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_others_could_read_is_closed_again(workshop, tmp_path, dry_run):
    authority, _ensured = workshop.make_authority(tmp_path / "ca")
    authority.directory.chmod(0o755)
    authority.issuing.private_key.chmod(0o640)
    _authority, ensured = workshop.make_authority(tmp_path / "ca", dry_run=dry_run)
    assert list(ensured.tightened) == [authority.directory, authority.issuing.private_key]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in ensured.tightened]
    assert modes == ([0o755, 0o640] if dry_run else [0o700, 0o600])


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"common_name": "Issuing CA G2"}, "its issuing CA is CN=Issuing CA G1,O=Example instead of CN=Issuing CA G2"),
        ({"root_common_name": "Other root"}, "its root is CN=Root,O=Example instead of CN=Other root,O=Example"),
        ({"organization": None}, "its issuing CA is CN=Issuing CA G1,O=Example instead of CN=Issuing CA G1:"),
        ({"key_type": "RSA-2048"}, "the key of its issuing CA is ECDSA-P256 instead of RSA-2048"),
    ],
)
def test_another_ca_is_refused(workshop, tmp_path, wish, reason):
    workshop.make_authority(tmp_path / "ca")
    with pytest.raises(AuthorityError, match=r"is another one, .*: give another folder for a new CA") as caught:
        workshop.make_authority(tmp_path / "ca", **wish)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("wish", "error", "sentence"),
    [
        ({"common_name": "Example, Inc."}, CertificateError, "The common name 'Example, Inc.' has characters"),
        ({"organization": "Example, Inc."}, CertificateError, "The organization 'Example, Inc.' has characters"),
        ({"root_common_name": "CN=Root"}, CertificateError, "begins with CN="),
        ({"root_common_name": "Issuing CA G1"}, AuthorityError, "give them different names"),
    ],
)
def test_a_name_that_would_break_sessions_makes_nothing(workshop, tmp_path, wish, error, sentence):
    with pytest.raises(error, match=sentence):
        workshop.make_authority(tmp_path / "ca", **wish)
    assert not (tmp_path / "ca").exists()


def test_the_issuing_ca_ends_with_its_root(workshop, tmp_path):
    _authority, ensured = workshop.make_authority(
        tmp_path / "ca", root_validity=timedelta(100), validity=timedelta(200)
    )
    assert ensured.issuing.not_valid_after_utc == workshop.days(100)
    assert ensured.warnings == [
        "The issuing CA ends with its root on 2027-02-28T10:00:00Z instead of 2027-06-08T10:00:00Z."
    ]


def test_an_unencrypted_key_needs_a_yes(workshop, tmp_path):
    arguments = (layout.Layout(tmp_path / "ca"), workshop.wanted, None, workshop.now, "tester")
    for dry_run in (True, False):
        with pytest.raises(AuthorityError, match="or say allow_unencrypted_key: true"):
            creation.ensure(*arguments, allow_unencrypted_key=False, dry_run=dry_run)
    assert not (tmp_path / "ca").exists() or content(tmp_path / "ca") == set()


def test_with_a_passphrase_both_keys_are_encrypted(workshop, tmp_path):
    authority, _ensured = workshop.make_authority(tmp_path / "ca", b"correct horse")
    for files in (authority.root, authority.issuing):
        assert files.private_key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    file.load_signer(authority.issuing, b"correct horse")
    with pytest.raises(AuthorityError, match=r"issuing/private-key.pem cannot be decrypted: the passphrase is wrong"):
        file.load_signer(authority.issuing, b"wrong staple")


def make_and_report(workshop, directory, results):
    _authority, ensured = workshop.make_authority(directory)
    results.put((ensured.made, ensured.issuing.serial_number))


def test_two_runs_at_once_make_one_ca(workshop, tmp_path):
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    runs = [fork.Process(target=make_and_report, args=(workshop, tmp_path / "ca", results)) for _attempt in range(4)]
    for run in runs:
        run.start()
    reported = [results.get(timeout=60) for _attempt in runs]
    for run in runs:
        run.join(60)
    assert sorted(made for made, _serial in reported) == [False, False, False, True]
    assert len({serial for _made, serial in reported}) == 1
    assert content(tmp_path / "ca") == FILES


def renames_until(stop_at, action, monkeypatch):
    """Let *action* happen instead of the rename of this number."""
    genuine, count = Path.rename, iter(range(100))

    def rename(path, target):
        if next(count) == stop_at:
            action()
        return genuine(path, target)

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("stop_at", range(3))
def test_a_run_that_is_killed_leaves_no_ca_and_the_next_one_makes_it(workshop, tmp_path, monkeypatch, stop_at):
    child = os.fork()
    if child == 0:
        renames_until(stop_at, lambda: os._exit(9), monkeypatch)
        workshop.make_authority(tmp_path / "ca")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with pytest.raises(AuthorityError, match="There is no CA"):
        layout.existing(str(tmp_path / "ca"))
    root = tmp_path / "ca" / "root" / "certificate.pem"
    left = root.read_bytes() if root.exists() else None
    authority, ensured = workshop.make_authority(tmp_path / "ca")
    assert ensured.made
    assert content(tmp_path / "ca") == FILES
    assert left in (None, authority.root.certificate.read_bytes())
    ensured.issuing.verify_directly_issued_by(ensured.root)


@pytest.mark.parametrize("full_at", range(1, 6))
def test_a_full_disk_leaves_nothing(workshop, tmp_path, monkeypatch, full_at):
    genuine, count = os.fsync, iter(range(1, 100))

    def fsync(descriptor):
        if next(count) == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        genuine(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(AuthorityError, match=r"ca cannot be written: No space left on device\.$"):
        workshop.make_authority(tmp_path / "ca")
    assert content(tmp_path / "ca") == set()


def test_the_remains_of_a_used_ca_are_not_built_upon(workshop, tmp_path, signer, book, authority):
    workshop.issue(book, signer, workshop.order("web1"))
    authority.issuing.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(AuthorityError, match=r"whose issuing certificate is gone: restore .*issuing from a backup"):
        workshop.make_authority(authority.directory)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("ledger", "has lost its ledger: restore ledger.sqlite from a backup"),
        ("root.certificate", "root/certificate.pem cannot be read: No such file"),
    ],
)
def test_a_ca_with_a_part_lost_is_not_mended(workshop, authority, missing, sentence):
    path = authority
    for part in missing.split("."):
        path = getattr(path, part)
    path.unlink()
    with pytest.raises(AuthorityError, match=sentence):
        workshop.make_authority(authority.directory)
    assert not path.exists()


def test_a_certificate_that_is_lost_is_not_made_anew(workshop, authority):
    authority.issuing.certificate.unlink()
    with pytest.raises(AuthorityError, match=r"issuing has lost its certificate\.pem: restore it"):
        workshop.make_authority(authority.directory)


def test_a_folder_of_other_things_is_refused(workshop, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "passwd").touch()
    with pytest.raises(AuthorityError, match="is open to others and not empty: give the CA a folder of its own"):
        workshop.make_authority(tmp_path)
    assert content(tmp_path) == {"passwd"}


def test_a_file_in_place_of_the_folder_is_one_sentence(workshop, tmp_path):
    (tmp_path / "ca").touch()
    with pytest.raises(AuthorityError, match="ca cannot be written: Not a directory"):
        workshop.make_authority(tmp_path / "ca")


def test_the_root_key_may_be_taken_away(workshop, authority, book, signer):
    authority.root.private_key.unlink()
    assert workshop.issue(book, signer, workshop.order("web1"))[0].certificate
    assert not workshop.make_authority(authority.directory)[1].made


def test_only_the_owner_counts_as_private(tmp_path):
    for mode, is_open in ((0o700, False), (0o600, False), (0o710, True), (0o601, True)):
        tmp_path.chmod(mode)
        assert private_files.is_open_to_others(tmp_path) is is_open
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("shut", ["", "ca"])
def test_a_folder_of_another_user_is_one_sentence(workshop, tmp_path, denied, shut, dry_run):
    workshop.make_authority(tmp_path / "ca")
    denied(tmp_path / shut)
    with pytest.raises(AuthorityError, match="cannot be read: Permission denied; run this as the owner of the CA's"):
        workshop.make_authority(tmp_path / "ca", dry_run=dry_run)
