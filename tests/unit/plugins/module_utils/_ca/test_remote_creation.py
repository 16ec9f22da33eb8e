# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a CA that is asked over a wire is made once, for that CA alone."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import layout, ledger, remote_creation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

from .remote_double import RemoteDouble


@pytest.fixture
def remote(authority, workshop):
    return RemoteDouble(authority, workshop.now)


@pytest.fixture
def folder(tmp_path):
    return layout.Layout(tmp_path / "remote")


def ensure(folder, remote, workshop, *, common_name=None, dry_run=False):
    return remote_creation.ensure(folder, remote, common_name, workshop.now, "tester", dry_run=dry_run)


def test_it_is_made_once(folder, remote, workshop):
    remote.crl_number = 6
    assert ensure(folder, remote, workshop, dry_run=True).made
    assert not folder.directory.exists()
    old_umask = os.umask(0)
    try:
        ensured = ensure(folder, remote, workshop)
    finally:
        os.umask(old_umask)
    assert (ensured.made, ensured.issuing, ensured.root) == (True, remote.certificate, None)
    assert {str(path.relative_to(folder.directory)) for path in folder.directory.rglob("*")} == {
        *("issuing", "issuing/certificate.pem", "issuing/crl.pem", "ledger.sqlite")
    }
    assert certificates.load(folder.issuing.certificate.read_text()) == remote.certificate
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.directory.rglob("*") if path.is_file()}
    assert modes == {0o600}
    with ledger.opened(folder.ledger) as book:
        assert book.last_revocation_list_number() == 8
    for dry_run in (True, False):
        assert not ensure(folder, remote, workshop, dry_run=dry_run).made


def test_a_ca_without_a_crl_has_none_in_its_folder(folder, remote, workshop):
    remote.publishes = False
    ensure(folder, remote, workshop)
    assert not folder.crl.exists()


def test_another_ca_at_the_other_end_is_one_sentence(folder, remote, workshop, tmp_path):
    ensure(folder, remote, workshop)
    # Same names, another key: only the certificate tells them apart.
    another = RemoteDouble(workshop.make_authority(tmp_path / "other")[0], workshop.now)
    with pytest.raises(AuthorityError, match="belongs to CN=Issuing CA G1,O=Example with the serial number"):
        ensure(folder, another, workshop)
    with pytest.raises(AuthorityError, match="give another folder for a new CA"):
        remote_creation.check_same(folder, another)


def test_what_others_may_read_is_closed(folder, remote, workshop):
    ensure(folder, remote, workshop)
    folder.ledger.chmod(0o644)
    assert ensure(folder, remote, workshop, dry_run=True).tightened == [folder.ledger]
    assert ensure(folder, remote, workshop).tightened == [folder.ledger]
    assert ensure(folder, remote, workshop).tightened == []


def test_a_certificate_that_is_no_cas_is_refused(folder, remote, workshop, book, signer):
    (outcome,) = workshop.issue(book, signer, workshop.order("web1"))
    remote.certificate = certificates.load(outcome.certificate.pem)
    with pytest.raises(AuthorityError, match="CN=web1-default is no CA certificate"):
        ensure(folder, remote, workshop)
    assert not folder.directory.exists()


def test_a_ca_that_has_ended_is_refused(folder, remote, workshop):
    with pytest.raises(AuthorityError, match="ended on 2031-11-19T10:00:00Z: name an issuing CA that is in force"):
        remote_creation.check(remote, None, workshop.days(1825))


def test_a_ca_of_another_name_is_refused(folder, remote, workshop):
    remote_creation.check(remote, "Issuing CA G1", workshop.now)
    with pytest.raises(AuthorityError, match="The CA is CN=Issuing CA G1,O=Example and not Issuing CA G2"):
        ensure(folder, remote, workshop, common_name="Issuing CA G2")
    assert not folder.directory.exists()


def test_the_folder_of_other_things_is_left_alone(folder, remote, workshop):
    folder.directory.mkdir(mode=0o755)
    (folder.directory / "holiday.jpg").touch()
    with pytest.raises(AuthorityError, match="is open to others and not empty"):
        ensure(folder, remote, workshop)
