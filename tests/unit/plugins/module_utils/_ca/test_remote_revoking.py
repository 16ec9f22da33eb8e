# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger has revoked reaches a CA that is asked over a wire, and its CRL says no less than the ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    remote_revocation_list,
    remote_revoking,
    revoking,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists

from .remote_double import GONE, RemoteDouble


@pytest.fixture
def remote(authority, workshop):
    return RemoteDouble(authority, workshop.now)


@pytest.fixture
def revoked(workshop, book, signer):
    """Issue to three hosts and revoke two of them in the ledger."""
    outcomes = workshop.issue(book, signer, *(workshop.order(f"web{number}") for number in range(3)))
    for host, reason in (("web0", "key_compromise"), ("web1", "superseded")):
        revoking.revoke_host(book, host, None, reason, workshop.now, "tester", unknown=False, dry_run=False)
    return [outcome.certificate.serial for outcome in outcomes]


def refresh(authority, remote, book, workshop, *, now=None, wait=0, dry_run=False):
    slept = []
    refreshed = remote_revocation_list.refresh(
        authority,
        remote,
        book,
        lambda: now or workshop.now,
        "tester",
        wait=timedelta(seconds=wait),
        dry_run=dry_run,
        sleep=slept.append,
    )
    return refreshed, slept


def test_the_ca_is_told_once_of_each_with_its_reason(remote, book, workshop, revoked):
    told = remote_revoking.tell(remote, book, workshop.now)
    assert (sorted(told.serials), told.failure) == (sorted(revoked[:2]), None)
    assert remote.revoked == {revoked[0]: "key_compromise", revoked[1]: "superseded"}
    assert remote_revoking.tell(remote, book, workshop.now).serials == []


def test_one_that_fails_does_not_stop_the_others_and_is_told_next_time(remote, book, workshop, revoked):
    remote.fails = lambda serial: serial == revoked[0]
    told = remote_revoking.tell(remote, book, workshop.now)
    assert told.serials == [revoked[1]]
    assert told.failure == (
        f"The ledger has revoked {revoked[0]}, but the CA has not: {GONE} "
        "Run this again; each run of ca_revoke, ca_crl and ca_issue tells it first."
    )
    remote.fails = lambda serial: False
    assert remote_revoking.tell(remote, book, workshop.now).serials == [revoked[0]]


def test_what_has_expired_is_not_told(remote, book, workshop, revoked):
    assert remote_revoking.tell(remote, book, workshop.days(31)).serials == []


def test_the_crl_is_taken_when_it_has_everything(authority, remote, book, workshop, revoked):
    remote_revoking.tell(remote, book, workshop.now)
    remote.crl_number = 6
    foretold, _slept = refresh(authority, remote, book, workshop, dry_run=True)
    assert (foretold.changed, "BEGIN X509 CRL" in authority.crl.read_text()) == (True, True)
    refreshed, _slept = refresh(authority, remote, book, workshop)
    assert (refreshed.changed, refreshed.carried_on, refreshed.left_out) == (True, [], [])
    assert {format(serial, "032x") for serial in refreshed.revoked} == set(revoked[:2])
    assert revocation_lists.number(revocation_lists.load(authority.crl.read_bytes())) == 8
    assert book.last_revocation_list_number() == 8


def test_the_same_crl_again_changes_nothing(authority, remote, book, workshop):
    crl = remote.revocation_list()
    remote.revocation_list = lambda: crl
    assert refresh(authority, remote, book, workshop)[0].changed
    assert not refresh(authority, remote, book, workshop)[0].changed


def test_a_crl_that_lacks_a_revocation_is_waited_for_and_then_refused(authority, remote, book, workshop, revoked):
    remote_revoking.tell(remote, book, workshop.now)
    remote.withheld = {revoked[0]}
    before = authority.crl.read_bytes()
    with pytest.raises(AuthorityError, match=f"number 2, lacks {revoked[0]}: run this again later"):
        refresh(authority, remote, book, workshop, wait=5)
    assert authority.crl.read_bytes() == before
    publish = remote.revocation_list

    def publish_later():
        remote.withheld = set() if remote.crl_number == 4 else {revoked[0]}
        return publish()

    remote.revocation_list = publish_later
    refreshed, slept = refresh(authority, remote, book, workshop, wait=60)
    assert len(refreshed.revoked) == 2
    assert slept == [5.0, 5.0]


def test_check_mode_foresees_what_the_ca_will_be_told(authority, remote, book, workshop, revoked):
    refreshed, _slept = refresh(authority, remote, book, workshop, dry_run=True)
    assert (refreshed.changed, refreshed.crl, len(refreshed.revoked)) == (True, None, 2)
    with pytest.raises(AuthorityError, match="lacks"):
        refresh(authority, remote, book, workshop)


def test_the_number_never_goes_backwards(authority, remote, book, workshop):
    remote.crl_number = 9
    refresh(authority, remote, book, workshop)
    before = authority.crl.read_bytes()
    remote.crl_number = 3
    with pytest.raises(AuthorityError, match="has the number 4, but 10 was published before"):
        refresh(authority, remote, book, workshop)
    assert authority.crl.read_bytes() == before
    # The ledger alone remembers it, too.
    authority.crl.unlink()
    with pytest.raises(AuthorityError, match="has the number 5, but 10 was published before"):
        refresh(authority, remote, book, workshop)


def test_an_entry_of_the_crl_in_place_that_the_ledger_has_forgotten_is_not_dropped(
    authority, remote, book, workshop, revoked
):
    remote.revoke(revoked[2], "unspecified")
    remote_revoking.tell(remote, book, workshop.now)
    refreshed, _slept = refresh(authority, remote, book, workshop)
    assert refreshed.carried_on == [revoked[2]]
    remote.withheld = {revoked[2]}
    with pytest.raises(AuthorityError, match=f"lacks {revoked[2]}"):
        refresh(authority, remote, book, workshop)


def test_entries_of_others_and_of_the_past_may_go(authority, remote, book, workshop, revoked):
    remote.revoke("4fff", "unspecified")
    remote_revoking.tell(remote, book, workshop.now)
    refresh(authority, remote, book, workshop)
    remote.revoked, remote.now = {}, workshop.days(31)
    refreshed, _slept = refresh(authority, remote, book, workshop, now=workshop.days(31))
    assert refreshed.revoked == {}
    assert refreshed.expired == sorted([*revoked[:2], "4fff"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda remote, _other: setattr(remote, "publishes", False), "The CA publishes no CRL"),
        (
            lambda remote, _other: setattr(remote, "now", remote.now - timedelta(days=4)),
            "ended on 2026-11-19T10:00:00Z",
        ),
        (lambda remote, other: setattr(remote, "revocation_list", other.revocation_list), "is not signed by this CA"),
    ],
    ids=["none", "ended", "another CA's"],
)
def test_a_crl_that_is_not_good_is_one_sentence(authority, remote, book, workshop, tmp_path, change, sentence):
    another, _ensured = workshop.make_authority(tmp_path / "other")
    before = authority.crl.read_bytes()
    change(remote, RemoteDouble(another, workshop.now))
    with pytest.raises(AuthorityError, match=sentence):
        refresh(authority, remote, book, workshop)
    assert authority.crl.read_bytes() == before
