# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA in a folder, its open ledger, and orders for it."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    creation,
    file,
    issuing,
    layout,
    ledger,
    ledgers,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.orders import Order
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, NameOID
from moto import mock_aws

NONCE = "nonce of this run"


class Workshop:
    """Makes CAs and orders at a fixed time."""

    nonce = NONCE
    now = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
    wanted = creation.WantedAuthority(
        "Issuing CA G1", "Root", "Example", "ECDSA-P256", timedelta(3650), timedelta(1825)
    )

    def make_authority(self, directory, passphrase=None, *, dry_run=False, **wanted):
        authority = layout.Layout(directory)
        ensured = creation.ensure(
            authority,
            self.wanted._replace(**wanted),
            passphrase,
            self.now,
            "tester",
            allow_unencrypted_key=passphrase is None,
            dry_run=dry_run,
        )
        return authority, ensured

    @staticmethod
    def order(host, name="default", *, key=None, nonce=NONCE, bound_to=None, **wishes):
        key = key or ec.generate_private_key(ec.SECP256R1())
        binding = hashlib.sha256(f"{nonce}\n{bound_to or host}\n{name}".encode()).hexdigest()
        csr = (
            x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rolesanywhere")]))
            .add_attribute(AttributeOID.CHALLENGE_PASSWORD, binding.encode())
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
            .decode()
        )
        order = Order(host, name, csr, f"{host}-{name}", None, [], [], [])
        return order._replace(**wishes)

    def issue(self, book, signer, *orders, now=None, days=30, dry_run=False):
        now = now or self.now
        validity, _warning = issuing.decide_validity(timedelta(days), signer.certificate.not_valid_after_utc, now)
        return issuing.issue(orders, NONCE, validity, signer, book, now, "tester", dry_run=dry_run)

    def days(self, number):
        return self.now + timedelta(days=number)


@pytest.fixture
def denied(monkeypatch):
    """Return a function that shuts a folder as the kernel does to those who may not enter; root may enter all."""
    shut = []
    stat, open_ = os.stat, os.open

    def look(inner):
        def guarded(path, *arguments, **options):
            if shut and str(path).startswith(f"{shut[0]}/"):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return inner(path, *arguments, **options)

        return guarded

    monkeypatch.setattr(os, "stat", look(stat))
    monkeypatch.setattr(os, "open", look(open_))
    return shut.append


@pytest.fixture
def workshop():
    return Workshop()


@pytest.fixture
def authority(workshop, tmp_path):
    return workshop.make_authority(tmp_path / "ca")[0]


@pytest.fixture
def signer(authority):
    return file.load_signer(authority.issuing, None)


@pytest.fixture
def dynamodb():
    """Return the options of a ledger in a DynamoDB that lives as long as a test."""
    options = dict.fromkeys(("profile", "endpoint_url", "session_token"))
    with mock_aws():
        keys = {"access_key": "test", "secret_key": "test"}
        yield {"ledger": "dynamodb", "dynamodb": {**options, **keys, "table": "fleet", "region": "eu-central-1"}}


@pytest.fixture
def book(authority):
    with ledger.opened(authority.ledger) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "dynamodb"])
def either_book(request, authority):
    """Return the open ledger of one kind and then of the other: both have to answer alike."""
    if request.param == "sqlite":
        yield request.getfixturevalue("book")
    else:
        parameters = request.getfixturevalue("dynamodb")
        ledgers.share(parameters, authority, dry_run=False)
        with ledgers.opened(parameters, authority) as opened:
            yield opened
