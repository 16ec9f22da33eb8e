# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that is asked over a wire lies, loses answers, is slow and goes away; the ledger knows all that it signed."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    issuing,
    ledger,
    remote_issuing,
    revoking,
    signer,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .remote_double import GONE, RemoteDouble, other_key

NOTHING = "nothing"


class Desk:
    """Runs of ca_issue against one CA and one ledger."""

    def __init__(self, workshop, remote, book):
        self.workshop = workshop
        self.remote = remote
        self.book = book
        self.now = workshop.now

    def run(self):
        return remote_issuing.Run(self.book, lambda: self.now, "tester")

    def issue(self, *orders, run=None, dry_run=False):
        end = self.remote.certificate.not_valid_after_utc
        validity, _warning = issuing.decide_validity(timedelta(days=30), end, self.now)
        run = run or self.run()
        return remote_issuing.issue(orders, self.workshop.nonce, validity, self.remote, run, dry_run=dry_run)

    def recover(self):
        return remote_issuing.recover(self.remote, self.run())

    def later(self, minutes):
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def remote(authority, workshop):
    return RemoteDouble(authority, workshop.now)


@pytest.fixture
def desk(workshop, remote, book):
    return Desk(workshop, remote, book)


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def test_the_next_run_looks_by_the_name_that_the_ca_has_told(desk, workshop, remote, book):
    def accept_and_go(applications):
        yield applications[0], signer.Accepted("certificate/1")
        assert [intent.reference for intent in book.intents()] == ["certificate/1"]
        remote.sign(applications[0])
        raise AuthorityError(GONE)

    looked_for = []
    find = remote.find
    remote.issue = accept_and_go
    remote.find = lambda application: looked_for.append(application.reference) or find(application)
    [outcome] = desk.issue(workshop.order("web1"))
    assert outcome.refused == GONE
    desk.later(11)
    [recovered] = desk.recover()
    assert looked_for == ["certificate/1"]
    assert book.with_serial(recovered.certificate.serial)


def test_what_is_issued_stands_in_the_ledger_and_leaves_no_intent(desk, workshop, book):
    orders = [workshop.order("web1", dns_names=["web1.example.com"]), workshop.order("web2")]
    outcomes = desk.issue(*orders)
    assert [book.with_serial(outcome.certificate.serial) for outcome in outcomes] == [
        outcome.certificate for outcome in outcomes
    ]
    assert (outcomes[0].certificate.issued_at, outcomes[0].certificate.issued_by) == ("2026-11-20T10:00:00Z", "tester")
    assert book.intents() == []
    again = desk.issue(*orders)
    assert [outcome.reused for outcome in again] == [True, True]
    assert len(desk.remote.asked) == 2


def test_the_intents_are_committed_before_the_first_question_and_the_ledger_is_free_meanwhile(
    desk, workshop, authority, monkeypatch
):
    monkeypatch.setattr(ledger, "BUSY_TIMEOUT", 0.1)
    seen = []

    def look(application):
        with ledger.opened(authority.ledger) as other, other.batch():
            seen.append([intent.host for intent in other.intents()])

    desk.remote.answer = look
    desk.issue(workshop.order("web1"), workshop.order("web2"))
    # The first answer is committed before the second question's answer is taken.
    assert seen == [["web1", "web2"], ["web2"]]


def test_a_dry_run_asks_for_nothing_and_leaves_nothing(desk, workshop, book):
    (outcome,) = desk.issue(workshop.order("web1"), dry_run=True)
    assert (outcome.certificate, outcome.refused) == (None, None)
    assert (desk.remote.asked, book.intents()) == ([], [])


def test_a_refusal_fails_only_its_own_host(desk, workshop, book):
    desk.remote.answer = lambda application: "The CA says no." if "web2" in str(application.wanted.subject) else None
    outcomes = desk.issue(workshop.order("web1"), workshop.order("web2"), workshop.order("web3"))
    assert [outcome.refused for outcome in outcomes] == [None, "The CA says no.", None]
    assert book.intents() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subject": named("web9")}, "its subject is CN=web9"),
        ({"key": other_key().public_key()}, "it is for another key"),
        ({"ca": True}, "it is a CA certificate"),
        ({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "it is not for clients"),
        ({"longer": timedelta(days=3650)}, "it is valid from"),
    ],
    ids=["name", "key", "CA", "server", "ten years"],
)
def test_a_wrong_certificate_is_revoked_recorded_and_kept_from_the_host(desk, workshop, book, changes, sentence):
    desk.remote.answer = lambda application: desk.remote.sign_instead(application, **changes)
    (outcome,) = desk.issue(workshop.order("web1"))
    assert outcome.certificate is None
    assert sentence in outcome.refused
    (row,) = book.of_host("web1")
    assert (row.revoked_at, row.reason) == ("2026-11-20T10:00:00Z", "unspecified")
    assert [untold.serial for untold in book.untold_revocations(desk.now)] == [row.serial]
    assert book.intents() == []


def test_a_certificate_that_somebody_else_has_signed_is_not_the_cas_to_revoke(desk, workshop, book):
    desk.remote.answer = lambda application: desk.remote.sign_instead(application, signed_with=other_key())
    (outcome,) = desk.issue(workshop.order("web1"))
    assert outcome.refused.startswith("The CA answered with a certificate of somebody else: it was not issued by")
    assert (book.of_host("web1"), book.intents()) == ([], [])


def test_another_hosts_certificate_is_neither_given_away_nor_revoked(desk, workshop, book):
    (first,) = desk.issue(workshop.order("web1"))
    desk.remote.answer = lambda application: certificates.load(first.certificate.pem)
    (second,) = desk.issue(workshop.order("web2"))
    serial = first.certificate.serial
    assert second.refused == (
        f"The CA answered with the certificate {serial}, which belongs to default of web1: find out what it does."
    )
    assert book.with_serial(serial).revoked_at is None
    assert book.of_host("web2") == []


def test_a_serial_number_that_was_used_before_is_refused(desk, workshop, book):
    (first,) = desk.issue(workshop.order("web1"))
    serial = int(first.certificate.serial, 16)
    desk.remote.answer = lambda application: desk.remote.sign_instead(application, serial=serial)
    (second,) = desk.issue(workshop.order("web2"))
    assert "which belongs to default of web1" in second.refused
    assert book.with_serial(first.certificate.serial) == first.certificate


def test_those_that_came_are_served_when_the_ca_goes_away(desk, workshop, book):
    desk.remote.fails = lambda application: len(desk.remote.asked) == 1
    outcomes = desk.issue(workshop.order("web1"), workshop.order("web2"), workshop.order("web3"))
    assert [outcome.refused for outcome in outcomes] == [None, GONE, GONE]
    assert [intent.host for intent in book.intents()] == ["web2", "web3"]
    # Nothing is claimed any more: the next run may begin at once.
    desk.remote.fails = lambda application: False
    assert desk.recover() == []
    assert [outcome.refused for outcome in desk.issue(workshop.order("web2"), workshop.order("web3"))] == [None, None]


@pytest.mark.parametrize("lost", [NOTHING, signer.Lost("It took too long.")])
def test_a_lost_answer_is_found_by_the_next_run_and_given_to_its_host(desk, workshop, book, lost):
    def sign_and_lose(application):
        desk.remote.sign(application)
        return lost

    desk.remote.answer = sign_and_lose
    orders = [workshop.order("web1"), workshop.order("web2")]
    outcomes = desk.issue(*orders)
    expected = remote_issuing.NO_ANSWER if lost == NOTHING else "It took too long."
    assert [outcome.refused for outcome in outcomes] == [expected] * 2
    assert all(outcome.refused.__class__ is str for outcome in outcomes)
    found = desk.recover()
    assert {outcome.certificate.host for outcome in found} == {"web1", "web2"}
    assert book.intents() == []
    again = desk.issue(*orders)
    assert [outcome.certificate for outcome in again] == [outcome.certificate for outcome in found]
    assert len(desk.remote.signed) == 2


def test_a_lost_answer_of_a_host_that_was_blocked_meanwhile_is_revoked(desk, workshop, book):
    desk.remote.answer = lambda application: desk.remote.sign(application) and NOTHING
    desk.issue(workshop.order("web1"))
    revoking.revoke_host(book, "web1", None, "key_compromise", desk.now, "guard", unknown=True, dry_run=False)
    (outcome,) = desk.recover()
    assert outcome.refused.startswith("The host web1 is blocked since 2026-11-20T10:00:00Z by guard")
    (row,) = book.of_host("web1")
    assert (row.revoked_at, row.reason, row.revoked_by) == ("2026-11-20T10:00:00Z", "key_compromise", "guard")


def test_a_host_that_is_blocked_while_the_ca_signs_gets_nothing(desk, workshop, authority, book):
    def block_meanwhile(application):
        with ledger.opened(authority.ledger) as other:
            revoking.revoke_host(other, "web1", None, "unspecified", desk.now, "guard", unknown=True, dry_run=False)

    desk.remote.answer = block_meanwhile
    (outcome,) = desk.issue(workshop.order("web1"))
    assert "blocked" in outcome.refused
    assert [row.serial for row in book.untold_revocations(desk.now)] == [outcome.mistake.serial]


def test_what_a_live_run_has_asked_for_is_not_asked_for_again(desk, workshop, authority, book):
    order = workshop.order("web1")
    refused = []

    def ask_twice(application):
        with ledger.opened(authority.ledger) as other:
            second = Desk(workshop, RemoteDouble(authority, desk.now), other)
            second.now = desk.now + timedelta(minutes=9, seconds=59)
            assert second.recover() == []
            refused.extend(second.issue(order, workshop.order("web2", common_name="WEB1-default")))
            assert second.remote.asked == []

    desk.remote.answer = ask_twice
    (outcome,) = desk.issue(order)
    assert outcome.certificate
    assert refused[0].refused == (
        "A certificate for default of web1 was asked for at 2026-11-20T10:00:00Z by tester, and the answer is not "
        "there yet: run this again when that run has ended, or after 2026-11-20T10:10:00Z if it was killed."
    )
    assert "belongs to the host web1" in refused[1].refused


def test_a_run_that_takes_long_shows_that_it_lives(desk, workshop, authority, book):
    claims = []

    def be_slow(application):
        desk.later(8)
        claims.extend(intent.claimed_until for intent in book.intents()[:1])

    desk.remote.answer = be_slow
    desk.issue(*(workshop.order(f"web{number}") for number in range(3)))
    assert claims == ["2026-11-20T10:10:00Z", "2026-11-20T10:18:00Z", "2026-11-20T10:26:00Z"]


def test_a_run_that_was_killed_loses_its_claim_and_the_next_one_finds_all(desk, workshop, authority, book):
    child = os.fork()
    if child == 0:
        with ledger.opened(authority.ledger) as own:
            killed = Desk(workshop, RemoteDouble(authority, desk.now), own)
            killed.remote.answer = lambda application: len(killed.remote.asked) == 2 and os.kill(os.getpid(), 9)
            killed.issue(*(workshop.order(f"web{number}") for number in range(3)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
    assert [row.host for row in book.of_host("web0")] == ["web0"]
    intents = book.intents()
    assert [intent.host for intent in intents] == ["web1", "web2"]
    desk.later(9)
    assert desk.recover() == []
    assert len(book.intents()) == 2
    desk.later(1)
    # The CA has signed for web1 before the run was killed.
    desk.remote.signed[intents[0].token] = desk.remote.sign(remote_issuing._asked(intents[0]).application)
    (found,) = desk.recover()
    assert found.certificate.host == "web1"
    assert book.intents() == []


def test_an_answer_that_does_not_reach_the_ledger_is_found_later(desk, workshop, book, monkeypatch):
    def fail(_rows):
        raise AuthorityError("The ledger cannot be written.")

    with monkeypatch.context() as broken:
        broken.setattr(book, "add", fail)
        with pytest.raises(AuthorityError, match="cannot be written"):
            desk.issue(workshop.order("web1"))
    assert book.of_host("web1") == []
    (found,) = desk.recover()
    assert found.certificate.host == "web1"


def test_a_ca_that_cannot_be_asked_for_lost_answers_leaves_them_to_the_next_run(desk, workshop, book):
    desk.remote.answer = lambda application: NOTHING
    desk.issue(workshop.order("web1"))
    desk.remote.fails = lambda what: what == "find"
    with pytest.raises(AuthorityError, match=GONE):
        desk.recover()
    (intent,) = book.intents()
    assert intent.claimed_until == "2026-11-20T10:00:00Z"


def test_a_clock_that_runs_behind_the_ledger_is_refused(desk, workshop):
    desk.issue(workshop.order("web1"))
    desk.later(-11)
    for work in (desk.recover, lambda: desk.issue(workshop.order("web2"))):
        with pytest.raises(AuthorityError, match="set the clock right"):
            work()
