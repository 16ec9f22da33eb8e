# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused, what is given again, what is signed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import issuing, ledger, processes, revoking
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance, keys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec


@pytest.fixture
def book(either_book):
    return either_book


def test_a_batch_is_issued_and_stands_in_the_ledger(workshop, book, signer):
    outcomes = workshop.issue(book, signer, workshop.order("web1"), workshop.order("web2", common_name="two"))
    assert [outcome.refused for outcome in outcomes] == [None, None]
    first, second = (outcome.certificate for outcome in outcomes)
    assert book.with_serial(first.serial) == first
    assert (second.host, second.common_name, second.subject) == ("web2", "two", "CN=two")
    assert (first.not_before, first.not_after) == ("2026-11-20T09:55:00Z", "2026-12-20T10:00:00Z")
    assert (first.issued_at, first.issued_by) == ("2026-11-20T10:00:00Z", "tester")
    leaf = certificates.load(first.pem)
    assert certificates.fingerprint(leaf) == first.fingerprint
    assert leaf.issuer == signer.certificate.subject


def test_names_come_from_the_order_in_its_order(workshop, book, signer):
    order = workshop.order(
        "web1",
        organization="Example",
        organizational_units=["web", "eu"],
        dns_names=["b.example.com", "a.example.com"],
        uris=["urn:b:1"],
    )
    (outcome,) = workshop.issue(book, signer, order)
    assert outcome.certificate.subject == "CN=web1-default,OU=eu,OU=web,O=Example"
    names = certificates.load(outcome.certificate.pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [name.value for name in names.value] == ["b.example.com", "a.example.com", "urn:b:1"]


def test_refusals_leave_the_others_alone(workshop, book, signer):
    outcomes = workshop.issue(
        book,
        signer,
        workshop.order("web1", bound_to="web2"),
        workshop.order("web2", nonce="yesterday"),
        workshop.order("web3", common_name="Example, Inc."),
        workshop.order("web4", csr="rubbish"),
        workshop.order("web\n5"),
        workshop.order(""),
        workshop.order("web7"),
    )
    reasons = [
        "was not made for this host",
        "was not made for this host",
        "The common name 'Example, Inc.'",
        "cannot be read",
        "is not printable text",
        "is not printable text",
    ]
    assert all(reason in outcome.refused for reason, outcome in zip(reasons, outcomes))
    assert [outcome.certificate is not None for outcome in outcomes] == [False] * 6 + [True]
    assert len(book.of_host("web7")) == 1


def test_two_swapped_requests_are_both_refused(workshop, book, signer):
    one, two = workshop.order("web1"), workshop.order("web2")
    outcomes = workshop.issue(book, signer, one._replace(csr=two.csr), two._replace(csr=one.csr))
    assert all("was not made for this host" in outcome.refused for outcome in outcomes)


def test_the_same_order_twice_is_refused_as_a_contradiction(workshop, book, signer):
    outcomes = workshop.issue(book, signer, workshop.order("web1"), workshop.order("web1"), workshop.order("web2"))
    assert [bool(outcome.refused) for outcome in outcomes] == [True, True, False]
    assert outcomes[0].refused == "default of web1 is ordered more than once: order it once."


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_host_that_never_installs_gets_no_fourth_certificate(workshop, book, signer, dry_run):
    serials = [workshop.issue(book, signer, workshop.order("web1"))[0].certificate.serial for _time in range(3)]
    outcomes = workshop.issue(
        book, signer, workshop.order("web1"), workshop.order("web1", "other"), workshop.order("web2"), dry_run=dry_run
    )
    assert outcomes[0].refused == (
        f"The workload default of web1 has 3 unexpired certificates already, {', '.join(serials)}: unless it was "
        "rotated by hand find out why it does not install what it gets; revoke what is not needed with ca_revoke "
        "(serial), or give it one more with fleet.rolesanywhere.rotate -e rotate_force=true --limit web1."
    )
    assert [outcome.refused for outcome in outcomes[1:]] == [None, None]
    assert len(book.of_host("web1")) == 3 + (not dry_run)


@pytest.mark.parametrize(("days", "issued"), [(14, False), (15, True), (29, True)])
def test_a_host_with_three_is_renewed_when_the_last_of_them_has_come_to_half_its_time(
    workshop, book, signer, days, issued
):
    for _time in range(3):
        workshop.issue(book, signer, workshop.order("web1"))
    (outcome,) = workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(days))
    assert (outcome.refused is None) is issued
    # The one that it got is fresh, so that a host that never installs what it gets has no other for another half.
    if issued:
        assert workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(days))[0].refused


def test_a_fourth_certificate_is_issued_by_force(workshop, book, signer):
    for _time in range(4):
        (outcome,) = workshop.issue(book, signer, workshop.order("web1", force=True))
        assert outcome.certificate


def test_a_fourth_request_for_a_known_key_is_answered(workshop, book, signer):
    orders = [workshop.order("web1") for _time in range(3)]
    for order in orders:
        workshop.issue(book, signer, order)
    assert workshop.issue(book, signer, orders[0])[0].reused


def test_expired_and_revoked_certificates_make_room(workshop, book, signer):
    workshop.issue(book, signer, workshop.order("web1"), days=1)
    serials = [workshop.issue(book, signer, workshop.order("web1"))[0].certificate.serial for _time in range(2)]
    assert workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(1))[0].certificate
    assert workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(1))[0].refused
    revoking.revoke_serial(book, serials[0], "superseded", workshop.days(1), "tester", dry_run=False)
    assert workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(1))[0].certificate


def test_a_lost_answer_is_given_again(workshop, book, signer):
    order = workshop.order("web1", dns_names=["web1.example.com"])
    (first,) = workshop.issue(book, signer, order)
    (second,) = workshop.issue(book, signer, order, now=workshop.days(14))
    assert second == issuing.Outcome(order, first.certificate, reused=True)
    assert len(book.of_host("web1")) == 1


@pytest.mark.parametrize(("days", "wanted_days", "reused"), [(14, 30, True), (15, 30, False), (24, 10, True)])
def test_a_certificate_is_given_again_while_more_than_half_its_time_is_left(
    workshop, book, signer, days, wanted_days, reused
):
    order = workshop.order("web1")
    workshop.issue(book, signer, order)
    (outcome,) = workshop.issue(book, signer, order, now=workshop.days(days), days=wanted_days)
    assert (outcome.refused, outcome.reused) == (None, reused)


@pytest.mark.parametrize(
    ("change", "days"),
    [
        ({"common_name": "web1-new"}, 0),
        ({"organizational_units": ["db"]}, 0),
        ({"dns_names": ["web1.example.com"]}, 0),
        ({}, 30),
    ],
    ids=["common name", "unit", "DNS name", "expired"],
)
def test_a_certificate_for_other_names_or_an_expired_one_is_not_given_again(workshop, book, signer, change, days):
    order = workshop.order("web1")
    workshop.issue(book, signer, order)
    (outcome,) = workshop.issue(book, signer, order._replace(**change), now=workshop.days(days))
    assert (outcome.refused, outcome.reused) == (None, False)
    assert len(book.of_host("web1")) == 2


def test_a_certificate_of_another_workload_is_not_given_again(workshop, book, signer):
    key = ec.generate_private_key(ec.SECP256R1())
    workshop.issue(book, signer, workshop.order("web1", "one", key=key))
    (outcome,) = workshop.issue(book, signer, workshop.order("web1", "two", key=key))
    assert not outcome.reused
    assert outcome.certificate.name == "two"


def test_a_revoked_certificate_is_not_given_again(workshop, book, signer):
    order = workshop.order("web1")
    (first,) = workshop.issue(book, signer, order)
    revoking.revoke_serial(book, first.certificate.serial, "superseded", workshop.now, "tester", dry_run=False)
    (second,) = workshop.issue(book, signer, order)
    assert not second.reused
    assert second.certificate.serial != first.certificate.serial


@pytest.mark.parametrize("same_batch", [True, False])
@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        (
            {"common_name": "Shared"},
            {"common_name": "sHARED"},
            "The common name 'sHARED' belongs to the host web1 until",
        ),
        ({"shared_key": True}, {"shared_key": True}, "belongs to the host web1 until 2026-12-20T10:00:00Z"),
    ],
    ids=["name", "key"],
)
def test_a_name_and_a_key_belong_to_one_host(workshop, book, signer, same_batch, first, second, sentence):
    shared_key = ec.generate_private_key(ec.SECP256R1())
    orders = [
        workshop.order(host, key=shared_key if wish.pop("shared_key", False) else None, **wish)
        for host, wish in (("web1", dict(first)), ("web2", dict(second)))
    ]
    if same_batch:
        outcomes = workshop.issue(book, signer, *orders)
    else:
        outcomes = workshop.issue(book, signer, orders[0]) + workshop.issue(book, signer, orders[1])
    assert outcomes[0].refused is None
    assert sentence in outcomes[1].refused
    assert book.of_host("web2") == []


def test_a_clone_is_told_to_make_a_new_key(workshop, book, signer):
    key = ec.generate_private_key(ec.SECP256R1())
    outcomes = workshop.issue(book, signer, workshop.order("web1", key=key), workshop.order("clone", key=key))
    assert outcomes[1].refused.endswith("if clone is its clone, make a new key on clone.")


def test_a_name_is_free_again_when_it_has_expired(workshop, book, signer):
    workshop.issue(book, signer, workshop.order("web1", common_name="shared"))
    (before,) = workshop.issue(book, signer, workshop.order("web2", common_name="shared"), now=workshop.days(29))
    (after,) = workshop.issue(book, signer, workshop.order("web2", common_name="shared"), now=workshop.days(30))
    assert before.refused
    assert after.certificate


def test_a_blocked_host_is_refused_until_it_is_unblocked(workshop, book, signer):
    order = workshop.order("web1")
    workshop.issue(book, signer, order)
    revoking.revoke_host(
        book, "web1", None, "privilege_withdrawn", workshop.now, "anna@controller", unknown=False, dry_run=False
    )
    outcomes = workshop.issue(book, signer, order, workshop.order("web2"))
    assert outcomes[0].refused.startswith(
        "The host web1 is blocked since 2026-11-20T10:00:00Z by anna@controller (privilege_withdrawn): unblock it "
        "with ca_revoke (state unblocked)"
    )
    assert outcomes[0].refused.endswith("fleet.rolesanywhere.rotate -e rotate_force=true --limit web1.")
    assert outcomes[1].certificate
    revoking.unblock(book, "web1", unknown=False, dry_run=False)
    assert workshop.issue(book, signer, order)[0].certificate


def test_a_compromised_key_never_gets_a_certificate_again(workshop, book, signer):
    key = ec.generate_private_key(ec.SECP256R1())
    workshop.issue(book, signer, workshop.order("web1", key=key))
    revoking.revoke_host(book, "web1", None, "key_compromise", workshop.now, "tester", unknown=False, dry_run=False)
    revoking.unblock(book, "web1", unknown=False, dry_run=False)
    (same,) = workshop.issue(book, signer, workshop.order("web1", key=key), now=workshop.days(99))
    (other,) = workshop.issue(book, signer, workshop.order("web1"), now=workshop.days(99))
    assert same.refused == "The public key was revoked as compromised: make a new key on web1."
    assert other.certificate


def test_a_dry_run_decides_and_leaves_nothing(workshop, book, signer):
    known = workshop.order("web1")
    (first,) = workshop.issue(book, signer, known)
    outcomes = workshop.issue(
        book,
        signer,
        known,
        workshop.order("web2", common_name="new"),
        workshop.order("web3", common_name="NEW"),
        dry_run=True,
    )
    assert outcomes[0].certificate == first.certificate
    assert outcomes[1] == issuing.Outcome(outcomes[1].order)
    assert "belongs to the host web2" in outcomes[2].refused
    assert book.of_host("web2") == []


def another_key():
    return keys.public_key_info(ec.generate_private_key(ec.SECP256R1()).public_key())


class Stranger:
    """A signer that hands back something else than what was wanted."""

    chain = ""
    forkable = False

    def __init__(self, signer, change):
        self.certificate = signer.certificate
        self._signer = signer
        self._change = change

    def issue(self, wanted):
        return self._signer.issue(self._change(wanted))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda wanted: wanted._replace(subject=x509.Name([])), "its subject is"),
        (
            lambda wanted: wanted._replace(public_key_info=another_key()),
            "it is for another key",
        ),
        (
            lambda wanted: wanted._replace(
                validity=issuance.Validity(wanted.validity.not_before, wanted.validity.not_after + timedelta(days=3650))
            ),
            "it is valid from 2026-11-20T09:55:00Z to 2036",
        ),
    ],
    ids=["name", "key", "ten years"],
)
def test_what_a_signer_hands_back_is_looked_at_as_a_strangers(workshop, book, signer, change, reason):
    validity, _warning = issuing.decide_validity(timedelta(30), signer.certificate.not_valid_after_utc, workshop.now)
    (outcome,) = issuing.issue(
        [workshop.order("web1")], workshop.nonce, validity, Stranger(signer, change), book, workshop.now, "tester"
    )
    assert outcome.certificate is None
    assert outcome.refused.startswith("What the CA signed is not what was wanted and was revoked at once")
    assert f": {reason}" in outcome.refused
    (row,) = book.of_host("web1")
    assert row == outcome.mistake
    assert (row.revoked_at, row.reason, row.revoked_by) == ("2026-11-20T10:00:00Z", "unspecified", "tester")
    assert row.fingerprint == certificates.fingerprint(certificates.load(row.pem))


@pytest.mark.parametrize(
    ("days_left", "days", "end", "warned"),
    [(1825, 30, 30, False), (30, 30, 30, False), (29, 30, 29, True), (1, 30, 1, True)],
)
def test_no_certificate_outlives_the_ca(workshop, days_left, days, end, warned):
    validity, warning = issuing.decide_validity(timedelta(days), workshop.days(days_left), workshop.now)
    assert validity == issuance.Validity(workshop.now - timedelta(minutes=5), workshop.days(end))
    assert bool(warning) is warned


def test_the_warning_names_both_dates(workshop):
    _validity, warning = issuing.decide_validity(timedelta(30), workshop.days(10), workshop.now)
    assert "on 2026-11-30T10:00:00Z instead of 2026-12-20T10:00:00Z" in warning


def test_a_ca_with_less_than_a_day_issues_nothing(workshop):
    end = workshop.days(1) - timedelta(seconds=1)
    with pytest.raises(AuthorityError, match=re.escape("The CA ends on 2026-11-21T09:59:59Z, in less than a day")):
        issuing.decide_validity(timedelta(30), end, workshop.now)


@pytest.mark.parametrize(("minutes", "refused"), [(10, False), (11, True)])
def test_a_clock_that_runs_behind_the_ledger_issues_nothing(workshop, book, signer, minutes, refused):
    workshop.issue(book, signer, workshop.order("web1"))
    earlier = workshop.now - timedelta(minutes=minutes)
    if refused:
        with pytest.raises(
            AuthorityError, match="clock says 2026-11-20T09:49:00Z, but the ledger's newest entry is of"
        ):
            workshop.issue(book, signer, workshop.order("web2"), now=earlier)
        assert book.of_host("web2") == []
    else:
        assert workshop.issue(book, signer, workshop.order("web2"), now=earlier)[0].certificate


def test_nothing_is_returned_when_the_ledger_cannot_be_written(workshop, authority, signer):
    orders = [workshop.order(f"web{number}") for number in range(20)]

    def issue_on_a_full_disk():
        with ledger.opened(authority.ledger) as book:
            pages = book._connection.execute("PRAGMA page_count").fetchone()[0]
            book._connection.execute(f"PRAGMA max_page_count = {pages}")
            workshop.issue(book, signer, *orders)

    with pytest.raises(
        AuthorityError, match=r"disk is full\): make room if the disk is full and run again, nothing was"
    ):
        issue_on_a_full_disk()
    with ledger.opened(authority.ledger) as book:
        assert not book.has_entries()


@pytest.mark.parametrize("forkable", [True, False])
def test_a_large_batch_is_shared_among_processes_when_the_key_can_be(workshop, book, signer, monkeypatch, forkable):
    monkeypatch.setattr(processes, "SMALLEST_SHARE", 2)
    monkeypatch.setattr(processes, "available", lambda: 2)
    monkeypatch.setattr(signer, "forkable", forkable)
    share = processes.share
    counts = []
    monkeypatch.setattr(
        processes, "share", lambda work, items, count: counts.append(count) or share(work, items, count)
    )
    orders = [workshop.order(f"web{number}") for number in range(4)]
    orders[1] = orders[1]._replace(csr="rubbish")
    outcomes = workshop.issue(book, signer, *orders)
    assert [bool(outcome.refused) for outcome in outcomes] == [False, True, False, False]
    assert [outcome.order for outcome in outcomes] == orders
    assert counts == ([2, 2] if forkable else [1, 1])
    for outcome in outcomes:
        if outcome.certificate:
            assert book.of_host(outcome.order.host) == [outcome.certificate]
