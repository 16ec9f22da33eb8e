# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a nightly run visits: what nears its end, what was never installed, what was never there; nothing revoked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import ledger, ledger_reading, renewing
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import BlockedHost, IssuedCertificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import Thresholds
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

NOW = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
THIRD = Thresholds(1 / 3)
NIGHTLY = renewing.RenewalQuestion(None, THIRD)


def issued(serial, age, *, host="web1", name="default", life=30.0, in_use=True, revoked=False):
    """Return a certificate that was issued some days ago, for so many days."""
    begin = NOW - timedelta(days=age)
    return IssuedCertificate(
        *(serial, host, name, host, f"CN={host}", iso(begin), iso(begin + timedelta(days=life)), "80" * 32, "key"),
        *("PEM", iso(begin), "tester"),
        *((iso(NOW), "superseded", "anna") if revoked else (None, None, None)),
        iso(begin) if in_use else None,
    )


@pytest.mark.parametrize(
    ("certificates", "due", "held"),
    [
        ([issued("01", 1)], None, None),
        ([issued("01", 19.9)], None, None),
        ([issued("01", 20.1)], "33 % of its lifetime is left", None),
        ([issued("01", 31)], "expired on 2026-11-19", None),
        ([issued("01", 30)], "expired on 2026-11-20", None),
        ([issued("01", 1, in_use=False)], "certificate 01 of 2026-11-19T10:00:00Z is not known to be in use", None),
        ([issued("01", 25, in_use=False), issued("02", 5)], None, None),
        (
            [issued("01", 25), issued("02", 5, in_use=False)],
            "certificate 02 of 2026-11-15T10:00:00Z is not known",
            None,
        ),
        ([issued("01", 25, in_use=False), issued("02", 21)], "30 % of its lifetime is left", None),
        # What was issued last ends first: it counts all the same.
        ([issued("01", 5, in_use=False), issued("02", 4, life=6)], None, None),
        ([issued("01", 5, in_use=False), issued("02", 5, life=6)], "17 % of its lifetime is left", None),
        ([issued("01", 21, revoked=True)], None, "certificate 01 was revoked on 2026-11-20T10:00:00Z"),
        ([issued("01", 21, in_use=False, revoked=True)], None, "certificate 01 was revoked on"),
        ([issued("01", 21, in_use=False), issued("02", 1, revoked=True)], None, "certificate 02 was revoked on"),
        # The CA signed something wrong and revoked it at once: the one before goes on, and is renewed.
        ([issued("01", 5), issued("02", 1, in_use=False, revoked=True)], None, None),
        ([issued("01", 21), issued("02", 1, in_use=False, revoked=True)], "30 % of its lifetime is left", None),
        ([issued("01", 31, revoked=True)], "expired on 2026-11-19", None),
    ],
)
def test_a_workload(certificates, due, held):
    hindrance = renewing.why_held(certificates, NOW)
    reason = None if hindrance else renewing.why_due(certificates, THIRD, NOW)
    assert (reason or "").startswith(due or "")
    assert (hindrance or "").startswith(held or "")
    assert (bool(reason), bool(hindrance)) == (bool(due), bool(held))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger.create(path)
    with ledger.opened(path) as book, book.batch():
        book.add(
            [
                issued("01", 1),
                issued("02", 21, host="web2"),
                issued("03", 1, host="web2", name="backup"),
                issued("04", 21, host="web3"),
                issued("05", 21, host="web4", revoked=True),
                issued("06", 400, host="web5"),
                issued("07", 1, host="web6"),
                issued("08", 100, host="web6", name="given up", in_use=False),
                issued("09", 40, host="web6", name="late"),
                issued("10", 21, host="web7"),
                issued("11", 22, host="web7", name="backup"),
            ]
        )
        book.block(BlockedHost("web3", iso(NOW), "anna", "key_compromise"))
        book.block(BlockedHost("web8", iso(NOW), "anna", "superseded"))
    return path


def find(path, question):
    return ledger_reading.read(path, lambda book: renewing.find(book, question, NOW))


def test_all_hosts_of_the_ledger(path):
    found = find(path, NIGHTLY)
    assert [(finding.host, finding.name, finding.serial, finding.reason) for finding in found.due] == [
        ("web2", "default", "02", "30 % of its lifetime is left"),
        ("web5", "default", "06", "expired on 2025-11-15"),
        ("web6", "late", "09", "expired on 2026-11-10"),
        ("web7", "backup", "11", "27 % of its lifetime is left"),
        ("web7", "default", "10", "30 % of its lifetime is left"),
    ]
    assert found.hosts == ["web2", "web5", "web6", "web7"]
    assert [(finding.host, finding.name, finding.reason) for finding in found.held] == [
        ("web3", None, "blocked since 2026-11-20T10:00:00Z by anna (key_compromise)"),
        ("web4", "default", "certificate 05 was revoked on 2026-11-20T10:00:00Z"),
    ]


def test_only_what_is_asked_for_and_what_the_ledger_does_not_know_is_due(path):
    found = find(path, renewing.RenewalQuestion(["web9", "web2", "web8", "web1", "web9"], THIRD))
    assert found.hosts == ["web9", "web2"]
    assert found.due[0] == renewing.Finding("web9", "no certificate yet")
    assert [finding.host for finding in found.held] == ["web8"]
    assert find(path, renewing.RenewalQuestion([], THIRD)) == ([], [])


def test_the_thresholds_count(path):
    assert find(path, renewing.RenewalQuestion(["web2"], Thresholds(0.2))).due == []
    assert find(path, renewing.RenewalQuestion(["web2"], Thresholds(0.2, 10))).hosts == ["web2"]
    assert find(path, renewing.RenewalQuestion(["web2"], Thresholds(0.2, jitter=0.25))).hosts == ["web2"]
    with pytest.raises(AuthorityError, match=r"^renew_jitter is 2, but must be a share of the lifetime, 0 to 1\.$"):
        renewing.check(renewing.RenewalQuestion(None, Thresholds(jitter=2)))


def test_every_host_is_found_by_an_index(path):
    def look(book):
        asked = []
        book._connection.set_trace_callback(asked.append)
        renewing.find(book, NIGHTLY, NOW)
        book._connection.set_trace_callback(None)
        plans = (book._connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in dict.fromkeys(asked))
        return [step[3] for plan in plans for step in plan]

    found = {step for step in ledger_reading.read(path, look) if not step.startswith("USE TEMP B-TREE FOR ")}
    assert found == {
        "SCAN certificates USING COVERING INDEX certificates_of_host",
        "SCAN blocked_hosts",
        "SEARCH certificates USING INDEX certificates_of_host (host=? AND not_after>?)",
        "SEARCH certificates USING INDEX certificates_of_host (host=?)",
    }
