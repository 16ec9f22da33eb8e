# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CRL follows the ledger and never goes backwards."""

from __future__ import annotations

import errno
import functools
import os
import shutil
import stat
from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    file,
    generations,
    ledger,
    revocation_list,
    revoking,
    rollover,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso
from cryptography import x509
from cryptography.hazmat.primitives import hashes

SCHEDULE = revocation_list.Schedule(timedelta(days=45), timedelta(days=30))


@pytest.fixture
def refresh(workshop, authority, signer):
    """Return a function that refreshes the CRL of the CA."""

    def run(now=None, schedule=SCHEDULE, dry_run=False, files=authority.issuing, signer=signer):
        with ledger.opened(authority.ledger) as book:
            return revocation_list.refresh(
                files,
                generations.read(authority),
                signer,
                book,
                schedule,
                now or workshop.now,
                "tester",
                dry_run=dry_run,
            )

    return run


@pytest.fixture
def revoked(workshop, book, signer):
    """Return a function that issues a certificate to a host and revokes it."""

    def run(host, reason="key_compromise", now=None):
        now = now or workshop.now
        (outcome,) = workshop.issue(book, signer, workshop.order(host), now=now)
        revoking.revoke_host(book, host, None, reason, now, "tester", unknown=False, dry_run=False)
        return outcome.certificate.serial

    return run


def in_place(authority):
    return revocation_lists.load(authority.crl.read_bytes())


def serials(crl):
    return sorted(certificates.serial_hex(serial_number) for serial_number in revocation_lists.revocations(crl))


def test_nothing_changes_while_nothing_was_revoked(authority, refresh):
    refreshed = refresh()
    assert (refreshed.changed, refreshed.crl) == (False, in_place(authority))


def test_a_revocation_makes_the_next_crl(workshop, authority, refresh, revoked, book):
    first, second = revoked("web1"), revoked("web2", "unspecified")
    refreshed = refresh()
    assert refreshed.changed
    assert refreshed.crl == in_place(authority)
    assert revocation_lists.revocations(refreshed.crl) == {
        int(first, 16): Revocation(workshop.now, "keyCompromise"),
        int(second, 16): Revocation(workshop.now, "unspecified"),
    }
    assert revocation_lists.number(refreshed.crl) == book.last_revocation_list_number() == 2
    assert refreshed.crl.next_update_utc == workshop.days(45)
    assert not refresh().changed


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_file_is_the_owners_alone(authority, refresh, revoked, umask):
    revoked("web1")
    before = os.umask(umask)
    try:
        refresh()
    finally:
        os.umask(before)
    assert stat.S_IMODE(authority.crl.stat().st_mode) == 0o600


@pytest.mark.parametrize(("days", "changed"), [(14, False), (15, False), (16, True)])
def test_it_is_made_anew_before_it_ends(workshop, refresh, days, changed):
    refreshed = refresh(workshop.days(days))
    assert refreshed.changed is changed
    assert revocation_lists.number(refreshed.crl) == (2 if changed else 1)


def test_an_entry_stays_one_period_after_the_certificates_end(workshop, refresh, revoked):
    serial = revoked("web1")
    end = workshop.days(30)
    last = refresh(end + SCHEDULE.next_update - timedelta(seconds=1))
    assert (serials(last.crl), last.expired) == ([serial], [])
    without = refresh(end + SCHEDULE.next_update)
    assert (serials(without.crl), without.expired) == ([], [serial])


def test_what_the_ledger_has_forgotten_is_carried_on(authority, refresh, revoked, book, tmp_path):
    known = revoked("web1")
    refresh()
    with ledger.opened(authority.ledger) as open_book:
        open_book._connection.execute("VACUUM INTO ?", (str(tmp_path / "backup"),))
    forgotten, forgotten_wholly = revoked("web2"), revoked("web3")
    published = refresh().crl
    book._connection.close()
    for left in authority.directory.glob("ledger.sqlite-*"):
        left.unlink()
    shutil.copy(tmp_path / "backup", authority.ledger)
    refreshed = refresh()
    assert not refreshed.changed
    assert sorted(refreshed.carried_on) == sorted([forgotten, forgotten_wholly])
    assert serials(in_place(authority)) == sorted([known, forgotten, forgotten_wholly])
    assert revocation_lists.number(in_place(authority)) == revocation_lists.number(published) == 3


def test_what_the_ledger_has_as_good_again_is_carried_on(workshop, authority, refresh, revoked, book):
    serial = revoked("web1")
    refresh()
    with book.batch():
        book._connection.execute("UPDATE certificates SET revoked_at = NULL, reason = NULL, revoked_by = NULL")
    other = revoked("web2")
    refreshed = refresh()
    assert refreshed.carried_on == [serial]
    assert serials(refreshed.crl) == sorted([serial, other])
    assert refresh(workshop.days(30) + SCHEDULE.next_update).carried_on == []


@pytest.mark.parametrize(("in_ledger", "in_file", "expected"), [(7, 1, 8), (1, 9, 10)])
def test_the_number_is_above_both(workshop, authority, signer, refresh, revoked, book, in_ledger, in_file, expected):
    if in_ledger > 1:
        with book.batch():
            book.add_revocation_list(
                ledger.MadeRevocationList(in_ledger, "2026-11-20T10:00:00Z", "2027-01-04T10:00:00Z", 0, "tester")
            )
    crl = revocation_list.sign(signer, in_file, {}, workshop.now, workshop.days(45))
    authority.crl.write_text(revocation_lists.to_pem(crl))
    revoked("web1")
    assert revocation_lists.number(refresh().crl) == expected


def test_a_missing_file_is_made_from_the_ledger(authority, refresh, revoked):
    serial = revoked("web1")
    authority.crl.unlink()
    refreshed = refresh()
    assert (refreshed.changed, serials(refreshed.crl)) == (True, [serial])
    assert revocation_lists.number(refreshed.crl) == 2


def foreign_crl(workshop, tmp_path, signer):
    authority, _ensured = workshop.make_authority(tmp_path / "foreign", common_name="Foreign CA")
    return authority.crl.read_text()


def unnumbered_crl(workshop, tmp_path, signer):
    builder = x509.CertificateRevocationListBuilder(signer.certificate.subject, workshop.now, workshop.days(45))
    return revocation_lists.to_pem(builder.sign(signer._private_key, hashes.SHA256()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda *_: "rubbish", "neither PEM"),
        (foreign_crl, "is not signed by this CA"),
        (unnumbered_crl, "has no number"),
    ],
    ids=["rubbish", "foreign", "no number"],
)
def test_a_crl_that_cannot_be_followed_up_stays(
    workshop, authority, tmp_path, signer, refresh, revoked, content, reason
):
    authority.crl.write_text(content(workshop, tmp_path, signer))
    before = authority.crl.read_text()
    revoked("web1")
    with pytest.raises(
        AuthorityError, match=f"crl.pem cannot be followed up: .*{reason}.* so that none of its entries"
    ):
        refresh()
    assert authority.crl.read_text() == before


def enter(workshop, book, reasons):
    """Enter a revoked certificate for each reason, a second apart, the oldest first; return their serial numbers."""
    moments = [iso(workshop.now - timedelta(seconds=len(reasons) - number)) for number in range(len(reasons))]
    rows = [
        ledger.IssuedCertificate(
            certificates.serial_hex((1 << 126) + number),
            *("web", "default", "web", "CN=web", "2026-11-20T09:55:00Z", "2026-12-20T10:00:00Z", "", "", ""),
            *("2026-11-20T07:00:00Z", "tester", moment, reason, "tester"),
        )
        for number, (moment, reason) in enumerate(zip(moments, reasons, strict=True))
    ]
    with book.batch():
        book.add(rows)
    return [row.serial for row in rows]


@pytest.mark.parametrize(("count", "with_reasons"), [(4400, True), (4600, False), (6200, False)])
def test_near_the_limit_reasons_are_left_out_and_nothing_else(workshop, refresh, book, count, with_reasons):
    known = enter(workshop, book, ["superseded"] * count)
    refreshed = refresh()
    assert (serials(refreshed.crl), refreshed.left_out) == (known, [])
    reasons = {revocation.reason for revocation in revocation_lists.revocations(refreshed.crl).values()}
    assert reasons == {"superseded" if with_reasons else "unspecified"}
    assert len(revocation_lists.to_pem(refreshed.crl)) <= revocation_lists.SIZE_LIMIT
    assert not refresh().changed


def test_beyond_the_limit_the_newest_and_those_in_foreign_hands_go_first(workshop, authority, refresh, book):
    stolen, *known = enter(workshop, book, ["key_compromise"] + ["superseded"] * 6999)
    refreshed = refresh()
    assert refreshed.crl == in_place(authority)
    assert 650 < len(refreshed.left_out) < 750
    room = 6999 - len(refreshed.left_out)
    assert serials(refreshed.crl) == [stolen, *known[-room:]]
    assert refreshed.left_out == known[:-room]
    assert 298_500 < len(revocation_lists.to_pem(refreshed.crl)) <= revocation_lists.SIZE_LIMIT
    again = refresh()
    assert (again.changed, again.left_out) == (False, refreshed.left_out)
    assert refresh(dry_run=True).left_out == refreshed.left_out


def test_beyond_the_limit_what_the_ledger_has_forgotten_stays(workshop, authority, signer, refresh, book):
    forgotten = Revocation(workshop.now - timedelta(days=9), "unspecified")
    crl = revocation_list.sign(signer, 5, {99: forgotten}, workshop.now, workshop.days(45))
    authority.crl.write_text(revocation_lists.to_pem(crl))
    enter(workshop, book, ["superseded"] * 7000)
    refreshed = refresh()
    assert refreshed.carried_on == [certificates.serial_hex(99)]
    assert revocation_lists.revocations(refreshed.crl)[99] == forgotten


def test_a_full_disk_leaves_the_old_one(authority, refresh, revoked, book, monkeypatch):
    old = authority.crl.read_bytes()
    revoked("web1")
    with monkeypatch.context() as patch:

        def fsync(_descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, "fsync", fsync)
        with pytest.raises(AuthorityError, match=r"crl\.pem cannot be written: No space left on device"):
            refresh()
    assert authority.crl.read_bytes() == old
    assert book.last_revocation_list_number() == 1
    assert not list(authority.directory.glob(".new-*"))
    assert refresh().changed


def test_a_dry_run_says_what_would_be(authority, refresh, revoked, book):
    old = authority.crl.read_bytes()
    serial = revoked("web1")
    refreshed = refresh(dry_run=True)
    assert (refreshed.changed, refreshed.crl) == (True, None)
    assert [certificates.serial_hex(number) for number in refreshed.revoked] == [serial]
    assert authority.crl.read_bytes() == old
    assert book.last_revocation_list_number() == 1


def test_a_ca_without_crl_sign_makes_none(authority, refresh, monkeypatch):
    monkeypatch.setattr(revocation_lists, "may_sign", lambda issuer: False)
    with pytest.raises(AuthorityError, match="may not sign CRLs"):
        refresh()


def test_a_clock_that_runs_behind_makes_none(workshop, refresh, revoked):
    revoked("web1")
    with pytest.raises(AuthorityError, match="set the clock right"):
        refresh(workshop.now - timedelta(minutes=11))


def test_periods_that_would_make_one_each_time_are_refused(refresh):
    with pytest.raises(AuthorityError, match="refresh_before must be less than next_update"):
        refresh(schedule=revocation_list.Schedule(timedelta(days=30), timedelta(days=30)))


def test_what_the_signer_hands_back_is_looked_at_as_a_strangers(workshop, signer):
    class Forgetful:
        certificate = signer.certificate

        def sign_revocation_list(self, builder):
            return signer.sign_revocation_list(
                revocation_lists.builder(self.certificate, 5, {}, workshop.now, workshop.days(45))
            )

    with pytest.raises(AuthorityError, match="does not revoke what was wanted"):
        revocation_list.sign(Forgetful(), 5, {9: Revocation(workshop.now, "unspecified")}, workshop.now, workshop.now)
    with pytest.raises(AuthorityError, match="does not revoke what was wanted"):
        revocation_list.sign(Forgetful(), 6, {}, workshop.now, workshop.now)


def test_each_ca_of_a_roll_over_revokes_its_own(workshop, authority, refresh, revoked):
    old = revoked("web1")
    roll_over = functools.partial(
        rollover.reach,
        authority,
        wanted=rollover.WantedIssuing("Issuing CA G2", "Example", "ECDSA-P256", timedelta(1825)),
        passphrase=None,
        token=None,
        now=workshop.now,
        made_by="tester",
        allow_unencrypted_key=True,
        allow_existing_key=False,
        force=True,
        dry_run=False,
    )
    roll_over(state="prepared")
    roll_over(state="switched")
    with ledger.opened(authority.ledger) as book:
        (outcome,) = workshop.issue(book, file.load_signer(authority.issuing, None), workshop.order("web2"))
        revoking.revoke_host(book, "web2", None, "superseded", workshop.now, "tester", unknown=False, dry_run=False)
    new = outcome.certificate.serial
    crls = [
        refresh(files=files, signer=file.load_signer(files, None)).crl
        for files in (authority.previous, authority.issuing)
    ]
    assert [serials(crl) for crl in crls] == [[old], [new]]
    assert [revocation_lists.number(crl) for crl in crls] == [3, 4]
    roll_over(state="finished")
    assert refresh(signer=file.load_signer(authority.issuing, None)).changed is False
