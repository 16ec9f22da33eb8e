# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken from a host stays taken."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger, revoking
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import BlockedHost


@pytest.fixture
def born_yesterday(authority):
    """Let the ledger know of nothing that is younger than a day."""
    with ledger.opened(authority.ledger) as book, book.batch():
        book._connection.execute("UPDATE revocation_lists SET this_update = '2026-11-19T10:00:00Z'")


@pytest.fixture
def book(born_yesterday, either_book):
    return either_book


@pytest.fixture
def issued(workshop, book, signer):
    """Return serials: one of web1 that expires today, three of two workloads of web1, one of web2."""
    wanted = [("web1", "old", 1), ("web1", "one", 30), ("web1", "one", 30), ("web1", "two", 30), ("web2", "one", 30)]
    yesterday = {"now": workshop.days(-1)}
    return [
        workshop.issue(book, signer, workshop.order(host, name), days=days, **yesterday)[0].certificate.serial
        for host, name, days in wanted
    ]


def revoke(workshop, book, host="web1", name=None, reason="key_compromise", days=0, by="anna", **switches):
    when = workshop.days(days)
    return revoking.revoke_host(book, host, name, reason, when, by, **{"unknown": False, "dry_run": False, **switches})


def test_every_unexpired_certificate_of_the_host_is_revoked_and_the_host_blocked(workshop, book, issued):
    outcome = revoke(workshop, book)
    assert outcome.revoked == outcome.serials == issued[1:4]
    assert outcome.blocked == BlockedHost("web1", "2026-11-20T10:00:00Z", "anna", "key_compromise")
    row = book.with_serial(issued[1])
    assert (row.revoked_at, row.reason, row.revoked_by) == ("2026-11-20T10:00:00Z", "key_compromise", "anna")
    assert book.with_serial(issued[4]).revoked_at is None
    assert book.blocked("web2") is None


def test_one_workload_is_revoked_and_the_host_blocked_all_the_same(workshop, book, issued):
    outcome = revoke(workshop, book, name="one")
    assert outcome.revoked == issued[1:3]
    assert book.with_serial(issued[3]).revoked_at is None
    assert outcome.blocked.host == "web1"


def test_sessions_are_known_by_the_common_name_and_other_hosts_that_have_it_are_named(workshop, book, issued):
    serials = revoke(workshop, book).serials
    assert revoking.source_identities(book, serials, workshop.now) == {"CN=web1-one": [], "CN=web1-two": []}
    with book.batch():
        (held,) = book.of_host("web2")
        book.add([held._replace(serial="4f00", common_name="WEB1-one")])
    assert revoking.source_identities(book, serials, workshop.now)["CN=web1-one"] == ["web2"]
    assert revoking.source_identities(book, serials, workshop.days(60))["CN=web1-one"] == []


def test_the_second_time_changes_nothing(workshop, book, issued):
    first = revoke(workshop, book)
    second = revoke(workshop, book, reason="superseded", days=1, by="bert")
    assert (first.changed, second.changed) == (True, False)
    assert (second.revoked, second.serials, second.blocked) == ([], first.serials, first.blocked)
    assert book.with_serial(issued[1]).reason == "key_compromise"


def test_what_was_issued_in_between_is_revoked_too(workshop, book, signer, issued):
    revoke(workshop, book, name="one")
    assert revoke(workshop, book).revoked == [issued[3]]


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_unknown_host_is_refused(workshop, book, issued, dry_run):
    with pytest.raises(AuthorityError) as caught:
        revoke(workshop, book, host="web9", dry_run=dry_run)
    assert str(caught.value) == (
        "The ledger knows no certificate of web9: is this the host's name in the inventory "
        "(unknown: true blocks it in advance)?"
    )
    assert book.blocked("web9") is None


def test_an_unknown_host_is_blocked_in_advance(workshop, book):
    outcome = revoke(workshop, book, host="web9", unknown=True)
    assert (outcome.changed, outcome.revoked, outcome.blocked.host) == (True, [], "web9")
    assert not revoke(workshop, book, host="web9").changed


def test_a_host_whose_certificates_have_expired_is_known(workshop, book, issued):
    outcome = revoke(workshop, book, days=60)
    assert (outcome.revoked, outcome.blocked.host) == ([], "web1")
    assert outcome.warning == "web1 has no unexpired certificate: it is blocked, and there was nothing to revoke."
    assert revoke(workshop, book, host="web2").warning is None


def test_one_serial_number_is_revoked_and_its_host_not_blocked(workshop, book, issued):
    arguments = (book, issued[1], "superseded", workshop.now, "anna")
    first = revoking.revoke_serial(*arguments, dry_run=False)
    second = revoking.revoke_serial(*arguments, dry_run=False)
    assert (first.changed, first.revoked, first.blocked) == (True, [issued[1]], None)
    assert (second.changed, second.revoked, second.serials) == (False, [], [issued[1]])


def test_an_expired_certificate_needs_no_revocation(workshop, book, issued):
    outcome = revoking.revoke_serial(book, issued[0], "superseded", workshop.now, "anna", dry_run=False)
    assert not outcome.changed
    assert outcome.warning == f"The certificate {issued[0]} of web1 has expired: there was nothing to revoke."


def test_an_unknown_serial_number_is_one_sentence(workshop, book):
    with pytest.raises(AuthorityError, match="The ledger knows no certificate with the serial number 4001"):
        revoking.revoke_serial(book, "4001", "superseded", workshop.now, "anna", dry_run=False)


def test_unblocking_gives_no_certificate_back(workshop, book, issued):
    revoke(workshop, book)
    first, second = (revoking.unblock(book, "web1", unknown=False, dry_run=False) for _attempt in range(2))
    assert (first.changed, second.changed) == (True, False)
    assert first.blocked is None
    assert first.serials == issued[1:4]


def test_a_name_that_nobody_knows_is_not_unblocked_unless_that_is_meant(book):
    with pytest.raises(AuthorityError, match="The ledger neither blocks web0 nor knows a certificate of it"):
        revoking.unblock(book, "web0", unknown=False, dry_run=False)
    assert not revoking.unblock(book, "web0", unknown=True, dry_run=False).changed


def test_a_dry_run_says_what_would_be_and_leaves_all(workshop, book, issued):
    outcome = revoke(workshop, book, dry_run=True)
    assert (outcome.changed, outcome.revoked, outcome.blocked.host) == (True, issued[1:4], "web1")
    assert book.blocked("web1") is None
    assert book.with_serial(issued[1]).revoked_at is None
    revoke(workshop, book)
    assert revoking.unblock(book, "web1", unknown=False, dry_run=True).changed
    assert book.blocked("web1")
