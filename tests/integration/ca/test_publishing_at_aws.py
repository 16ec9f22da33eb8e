# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the ledger to the CRL at AWS, by several runs at once and after the ledger has lost what it knew."""

from __future__ import annotations

import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import crls
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    file,
    generations,
    ledger,
    publishing,
    revocation_list,
    revoking,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists
from cryptography import x509

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.unit.plugins.module_utils._ca.conftest import authority, book, signer, workshop

__all__ = ["authority", "book", "emulator", "emulator_server", "signer", "workshop"]

ROUNDS = 50
SCHEDULE = revocation_list.Schedule(timedelta(days=45), timedelta(days=30))


class FarAway(Service):
    """A service at the end of a line that takes its time, so that a look may be old when the write arrives."""

    def call(self, operation, **request):
        """Call an operation."""
        if operation == "UpdateCrl":
            time.sleep(random.uniform(0, 0.05))
        return super().call(operation, **request)


class Publisher:
    """A run that revokes, makes the CRL and publishes it, step by step as the playbooks do."""

    def __init__(self, workshop, authority, emulator, name):
        self.workshop, self.authority, self.name = workshop, authority, name
        self.crls = Resources(FarAway(client(emulator, "rolesanywhere")), crls.KIND)

    def revoke(self, serial):
        """Revoke a certificate and put that into force."""
        with ledger.opened(self.authority.ledger) as book:
            revoking.revoke_serial(book, serial, "unspecified", self.workshop.now, self.name, dry_run=False)
            self.publish(book)

    def publish(self, book):
        """Make the CRL and publish it, while nobody else does."""
        publishing.take_lease(book, self.name, lambda: datetime.now(timezone.utc))
        files, now = self.authority.issuing, self.workshop.now
        made = revocation_list.refresh(
            files,
            generations.read(self.authority),
            file.load_signer(files, None),
            book,
            SCHEDULE,
            now,
            self.name,
            dry_run=False,
        )
        unset = ("id", "crl_path", "s3_uri", "expired_serials", "left_out_serials", "trust_anchor_arn", "tags")
        wanted = {"name": "fleet", "crl": revocation_lists.to_pem(made.crl), "state": "present", "enabled": True}
        options = {**dict.fromkeys(unset), **wanted, "force": False, "purge_tags": True}
        crls.ensure(self.crls, options, check_mode=False)
        publishing.give_lease_back(book, self.name)


@pytest.fixture
def published(authority, emulator):
    """Import the CA's empty CRL; return a function that tells which serial numbers the CRL at AWS has."""
    service = client(emulator, "rolesanywhere")
    source = {"x509CertificateData": authority.issuing.certificate.read_text()}
    anchor = service.create_trust_anchor(
        name="fleet", enabled=True, source={"sourceType": "CERTIFICATE_BUNDLE", "sourceData": source}
    )["trustAnchor"]
    empty = authority.issuing.crl.read_bytes()
    service.import_crl(name="fleet", crlData=empty, trustAnchorArn=anchor["trustAnchorArn"], enabled=True)

    def serials():
        (crl,) = service.list_crls()["crls"]
        return {f"{entry.serial_number:032x}" for entry in x509.load_pem_x509_crl(crl["crlData"])}

    return serials


@pytest.fixture
def issue(workshop, book, signer):
    """Return a function that issues certificates to so many hosts and returns their serial numbers."""

    def run(count):
        orders = [workshop.order(f"web{number}") for number in range(count)]
        return [outcome.certificate.serial for outcome in workshop.issue(book, signer, *orders)]

    return run


def test_after_two_revocations_at_once_the_last_crl_has_both(workshop, authority, emulator, published, issue):
    serials = issue(2 * ROUNDS)
    publishers = [Publisher(workshop, authority, emulator, name) for name in ("first", "second")]
    with ThreadPoolExecutor(2) as pool:
        for round_number in range(ROUNDS):
            pair = serials[2 * round_number : 2 * round_number + 2]
            list(pool.map(Publisher.revoke, publishers, pair))
            assert published() == set(serials[: 2 * round_number + 2]), round_number


def test_a_ledger_that_was_restored_gives_nothing_back(workshop, authority, book, emulator, published, issue, tmp_path):
    lost, known = issue(2)
    publisher = Publisher(workshop, authority, emulator, "first")
    with sqlite3.connect(tmp_path / "copy") as backup:
        book._connection.backup(backup)
    publisher.revoke(lost)
    assert published() == {lost}
    with sqlite3.connect(tmp_path / "copy") as backup:
        backup.backup(book._connection)
    publisher.publish(book)
    assert published() == {lost}
    publisher.revoke(known)
    assert published() == {lost, known}
