# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate a host takes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.acceptance import fault
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import read_certificate
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()


def issue(authority, **wishes):
    return read_certificate(authority.issue(KEY, **{"begin": NOW - timedelta(minutes=5), **wishes}).encode())


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({}, None),
        ({"usages": ("digital_signature", "key_encipherment")}, None),
        ({"ca": True}, "CA:TRUE"),
        ({"usages": ("key_encipherment",)}, "lacks digitalSignature"),
        ({"usages": ()}, "lacks digitalSignature"),
        ({"begin": NOW + timedelta(seconds=1)}, "not valid before 2026-11-20T10:00:01Z; look at the clock"),
        ({"begin": NOW - timedelta(days=30)}, "expired at 2026-11-20T10:00:00Z"),
    ],
)
def test_what_the_certificate_must_be(authority, wishes, told):
    certificate = issue(authority, **wishes)
    found = fault(certificate, [], certificate.public_key_info_der, NOW)
    assert found is None if told is None else told in found


def test_a_certificate_for_another_key_is_refused(authority):
    assert "not for the key" in fault(issue(authority), [], b"another key", NOW)


@pytest.fixture
def chain(authority):
    """Return the issuer's and its issuer's certificate, and the root's."""
    above, root = type(authority)("Above"), type(authority)("Root")
    key = authority.key.public_key()
    return [
        read_certificate(ca.issue(key, subject=subject, ca=True, begin=NOW, usages=("key_cert_sign",)).encode())
        for ca, subject in ((above, "Issuing CA"), (root, "Above"), (root, "Root"))
    ]


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ([], None),
        ([0], None),
        ([0, 1], None),
        ([1, 0], "certificate 1 of its chain did not issue"),
        ([0, 0], "certificate 2 of its chain did not issue"),
        ([1], "certificate 1 of its chain did not issue"),
        ([0, 1, 2], "holds a root (CN=Root)"),
    ],
)
def test_the_order_of_the_chain(authority, chain, order, told):
    found = fault(issue(authority), [chain[number] for number in order], None, NOW)
    assert found is None if told is None else told in found


def test_an_issuer_in_the_chain_is_a_ca(authority):
    key = authority.key.public_key()
    impostor = read_certificate(type(authority)("Above").issue(key, subject="Issuing CA", begin=NOW).encode())
    assert "did not issue" in fault(issue(authority), [impostor], None, NOW)


def test_the_certificate_itself_is_no_part_of_its_chain(authority):
    certificate = issue(authority)
    assert "did not issue" in fault(certificate, [certificate], None, NOW)
