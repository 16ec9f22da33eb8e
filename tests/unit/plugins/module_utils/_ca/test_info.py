# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at a CA as a whole."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    info,
    ledger,
    ledger_reading,
    private_files,
    revocation_list,
    revoking,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from cryptography.hazmat.primitives.asymmetric import ec

QUESTION = info.Question(None, 1000, timedelta(days=30), timedelta(days=30))


@pytest.fixture
def look(workshop, authority):
    def run(now=None, **question):
        return info.look(authority, QUESTION._replace(**question), now or workshop.now)

    return run


@pytest.fixture
def issued(workshop, book, signer):
    """Return a function that issues a certificate to a host."""

    def run(host, name="default", **options):
        (outcome,) = workshop.issue(book, signer, workshop.order(host, name, **options))
        assert outcome.certificate, outcome.refused
        return outcome.certificate

    return run


@pytest.fixture
def revoke(workshop, book):
    def run(host):
        revoking.revoke_host(book, host, None, "superseded", workshop.now, "anna", unknown=False, dry_run=False)

    return run


@pytest.fixture
def publish(workshop, authority, signer):
    """Return a function that puts a CRL with some serial numbers in its place."""

    def run(number, *serials):
        revoked = {int(serial, 16): Revocation(workshop.now, "superseded") for serial in serials}
        crl = revocation_list.sign(signer, number, revoked, workshop.now, workshop.days(45))
        private_files.write(authority.crl, revocation_lists.to_pem(crl).encode())

    return run


def test_a_new_ca_has_no_fault(authority, look):
    report = look()
    assert report.faults == report.left_out == []
    assert [certificates.describe(found.subject) for found in (report.issuing, report.root)] == [
        "CN=Issuing CA G1,O=Example",
        "CN=Root,O=Example",
    ]
    assert report.entries.counts == ledger_reading.Counts(0, 0, 0, 0, 0)
    entries = report.entries
    assert (entries.matching, entries.found, entries.blocked_hosts, entries.shared_keys) == (None, [], [], [])
    assert (report.entries.crl.missing, report.entries.crl.unknown) == ([], [])


def test_no_private_key_is_opened(authority, look):
    for files in (authority.root, authority.issuing):
        files.private_key.unlink()
    assert look().faults == []


def test_a_root_that_is_kept_elsewhere_is_none(authority, look):
    authority.root.certificate.unlink()
    report = look()
    assert (report.root, report.faults) == (None, [])


def test_the_crl_is_compared_with_the_ledger(issued, revoke, publish, look):
    late, both, good = (issued(host).serial for host in ("web1", "web2", "web3"))
    for host in ("web1", "web2"):
        revoke(host)
    publish(2, both, good, "4f" * 16)
    report = look()
    assert (report.entries.crl.missing, sorted(report.entries.crl.unknown)) == ([late], sorted([good, "4f" * 16]))
    assert [fault.split(":")[0] for fault in report.faults] == [
        "1 certificate is revoked in the ledger but not on the CRL (crl.missing)",
        "2 certificates are on the CRL but not revoked in the ledger (crl.unknown)",
    ]


def test_a_revoked_certificate_that_has_expired_is_not_missed(workshop, issued, revoke, look):
    issued("web1")
    revoke("web1")
    assert len(look(workshop.days(30) - timedelta(seconds=1)).entries.crl.missing) == 1
    assert look(workshop.days(30)).entries.crl.missing == []


def test_a_crl_made_while_the_ledger_was_read_is_compared_with_what_it_was_made_of(
    workshop, book, issued, revoke, publish, look, monkeypatch
):
    serial = issued("web1").serial
    read = ledger_reading.read
    looks = []

    def read_and_publish(path, ask):
        found = read(path, ask)
        if not looks:
            revoke("web1")
            publish(2, serial)
        looks.append(found)
        return found

    monkeypatch.setattr(ledger_reading, "read", read_and_publish)
    report = look()
    assert len(looks) == 2
    assert (report.faults, report.entries.counts.revoked, len(report.entries.crl.crl)) == ([], 1, 1)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "There is no CRL"),
        (b"rubbish", "crl.pem cannot be followed up: The CRL cannot be read"),
    ],
)
def test_without_a_crl_the_rest_is_told(authority, issued, look, content, fault):
    issued("web1")
    authority.crl.unlink()
    if content:
        private_files.write(authority.crl, content)
    report = look()
    assert report.entries.crl is None
    assert report.entries.counts.issued == 1
    (sentence,) = report.faults
    assert fault in sentence


def test_every_fault_is_told(workshop, authority, book, publish, look):
    with book.batch():
        for number in (2, 3):
            book.add_revocation_list(
                ledger.MadeRevocationList(number, "2026-11-20T10:00:00Z", "2027-01-04T10:00:00Z", 0, "tester")
            )
    publish(2)
    authority.crl.chmod(0o644)
    now = workshop.days(1825 - 1)
    told = [
        "The issuing CA ends on 2031-11-19T10:00:00Z, in 1 day,",
        "The CRL ended on 2027-01-04T10:00:00Z:",
        "The CRL has the number 2, but the last one that was made has 3:",
        f"Others than the owner have a right on {authority.crl}:",
    ]
    assert [sentence[: len(start)] for sentence, start in zip(look(now).faults, told)] == told
    assert len(look(now).faults) == len(told)
    (sentence,) = look(workshop.now - timedelta(days=1)).faults[:1]
    assert sentence.startswith("This machine's clock says 2026-11-19T10:00:00Z, but the ledger's newest entry is of ")


def test_the_log_beside_the_ledger_is_looked_at_too(authority, issued, look):
    issued("web1")
    log = authority.ledger.with_name("ledger.sqlite-wal")
    log.chmod(0o640)
    (sentence,) = look().faults
    assert f"have a right on {log}: take" in sentence


def test_what_is_listed_and_what_is_left_out(issued, look):
    serials = [issued("web1", name).serial for name in ("a", "b", "c")]
    assert (look().entries.found, look().entries.matching) == ([], None)
    search = ledger_reading.Search(host="web1")
    assert [row.serial for row in look(search=search).entries.found] == serials
    report = look(search=search, limit=2)
    assert ([row.serial for row in report.entries.found], report.entries.matching) == (serials[:2], 3)
    assert (report.left_out, report.faults) == (["2 of 3 certificates are listed: ask for fewer, or raise limit."], [])
    report = look(search=search, limit=0)
    assert (report.entries.found, report.entries.matching, report.left_out) == ([], 3, [])


def test_shared_keys_come_with_their_certificates(issued, look):
    keys = [ec.generate_private_key(ec.SECP256R1()) for _key in range(2)]
    issued("web3")
    for key in keys:
        host = f"web{keys.index(key)}"
        first, second = issued(host, "a", key=key), issued(host, "b", key=key)
        assert (first, second) != (second, first)
    report = look()
    assert report.entries.shared_key_count == len(report.entries.shared_keys) == 2
    for shared in report.entries.shared_keys:
        assert [row.name for row in shared.certificates] == ["b", "a"]
        assert {row.public_key_fingerprint for row in shared.certificates} == {shared.public_key_fingerprint}
    report = look(limit=1)
    assert (report.entries.shared_key_count, len(report.entries.shared_keys)) == (2, 1)
    assert report.left_out == ["1 of 2 shared keys are listed: ask for fewer, or raise limit."]


def test_blocked_hosts_come_by_name(issued, revoke, look):
    for host in ("web2", "web1"):
        issued(host)
        revoke(host)
    blocks = look().entries.blocked_hosts
    assert [(block.host, block.blocked_by) for block in blocks] == [("web1", "anna"), ("web2", "anna")]


def test_a_restored_ledger_is_told_by_the_crl(authority, book, issued, revoke, publish, look, tmp_path):
    serial = issued("web1").serial
    backup = sqlite3.connect(tmp_path / "backup")
    book._connection.backup(backup)
    backup.close()
    revoke("web1")
    publish(2, serial)
    assert look().faults == []
    book._connection.close()
    for left in authority.directory.glob("ledger.sqlite*"):
        left.unlink()
    private_files.write(authority.ledger, (tmp_path / "backup").read_bytes())
    report = look()
    assert report.entries.crl.unknown == [serial]
    assert "was the ledger restored from an old backup?" in report.faults[0]
