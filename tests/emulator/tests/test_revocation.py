# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CRLs of a trust anchor do to CreateSession (reference §1.10, §9.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.emulator.fixtures import STALE_CRL

from .issuing import Pair, authority, leaf
from .pki import NOW
from .world import World

REVOKED = "Certificate revoked"
UNTRUSTED = "Untrusted signing certificate"


def crl(
    issuer: Pair,
    *serial_numbers: int,
    reason: x509.ReasonFlags | None = None,
    this_update: datetime = NOW - timedelta(hours=1),
    next_update: datetime = NOW + timedelta(days=45),
) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, this_update, next_update)
    for serial_number in serial_numbers:
        entry = x509.RevokedCertificateBuilder(serial_number, this_update)
        if reason:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.private_key, hashes.SHA256())


@pytest.fixture(params=STALE_CRL.values(), ids=STALE_CRL)
def world(request: pytest.FixtureRequest) -> World:
    world = World()
    world.switches.crl_past_next_update_accepted = request.param
    return world


def assert_stale(world: World) -> None:
    """Ask for a session when the list is past its next update: the switch alone says what comes of that."""
    answer = world.create_session()
    accepted = world.switches.crl_past_next_update_accepted
    assert (answer.status, answer.message) == ((201, None) if accepted else (403, UNTRUSTED))


def serial(pair: Pair) -> int:
    return pair.certificate.serial_number


def test_empty_list(world: World) -> None:
    world.add_crl(crl(world.issuing))
    assert world.create_session().status == 201


def test_serial_number_on_the_list(world: World) -> None:
    world.add_crl(crl(world.issuing, 1, 2, serial(world.leaf)))
    assert world.create_session().message == REVOKED


@pytest.mark.parametrize("reason", list(x509.ReasonFlags)[1:])
def test_every_reason_revokes(world: World, reason: x509.ReasonFlags) -> None:
    world.add_crl(crl(world.issuing, serial(world.leaf), reason=reason))
    assert world.create_session().message == REVOKED


def test_disabled_list(world: World) -> None:
    entry = world.add_crl(crl(world.issuing, serial(world.leaf)), enabled=False)
    assert world.create_session().status == 201
    entry.enabled = True
    assert world.create_session().message == REVOKED


def test_list_of_another_anchor(world: World) -> None:
    world.add_crl(crl(world.issuing, serial(world.leaf)))
    world.anchor = world.add_anchor(world.issuing)
    assert world.create_session().status == 201


def test_list_of_another_authority(world: World) -> None:
    other = authority("Other CA")
    world.add_crl(crl(other, serial(world.leaf)))
    assert world.create_session().status == 201


def test_either_of_two_lists(world: World) -> None:
    world.add_crl(crl(world.issuing))
    world.add_crl(crl(world.issuing, serial(world.leaf)))
    assert world.create_session().message == REVOKED


def test_two_authorities_in_one_anchor(world: World) -> None:
    """Roll-over: each CA's list is for its own certificates."""
    following = authority("Issuing CA G2")
    world.anchor.certificates = [world.issuing.certificate, following.certificate]
    other = leaf(following, "web2", serial_number=7)
    world.add_crl(crl(world.issuing, serial(world.leaf), 7))
    world.add_crl(crl(following))
    assert world.create_session().message == REVOKED
    assert world.create_session(pair=other).status == 201
    world.add_crl(crl(following, 7))
    assert world.create_session(pair=other).message == REVOKED


def test_authorities_on_the_path(world: World) -> None:
    root = authority("Root CA")
    issuing = authority("Issuing CA", root)
    world.anchor.certificates = [root.certificate]
    world.leaf = leaf(issuing)
    world.add_crl(crl(root))
    assert world.create_session([issuing.certificate]).status == 201
    world.add_crl(crl(root, serial(issuing)))
    assert world.create_session([issuing.certificate]).message == REVOKED
    world.anchor.certificates = [root.certificate, issuing.certificate]
    assert world.create_session().message == REVOKED  # the anchor's own certificates count too


def test_list_past_its_next_update(world: World) -> None:
    world.add_crl(crl(world.issuing, next_update=NOW))
    assert_stale(world)


def test_entries_of_a_list_past_its_next_update(world: World) -> None:
    world.add_crl(crl(world.issuing, serial(world.leaf), next_update=NOW))
    world.add_crl(crl(world.issuing))
    assert world.create_session().message == REVOKED


def test_list_that_is_not_valid_yet(world: World) -> None:
    world.add_crl(crl(world.issuing, this_update=NOW + timedelta(days=1)))
    assert world.create_session().message == UNTRUSTED


def test_time_goes_by(world: World) -> None:
    world.switches.clock_window = 10**9
    world.leaf = leaf(world.issuing, not_after=NOW + timedelta(days=100))
    world.add_crl(crl(world.issuing))
    world.later(timedelta(days=44).total_seconds())
    assert world.create_session().status == 201
    world.later(timedelta(days=2).total_seconds())
    assert_stale(world)
