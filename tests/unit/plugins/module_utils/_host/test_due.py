# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""When something is due, and the reason that is told first."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.due import (
    Installed,
    Wishes,
    certificate_due,
    directory_due,
    helper_due,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.helper_file import HelperFile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.issuers import Issuer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import Thresholds
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BEGIN = datetime(2026, 11, 1, tzinfo=timezone.utc)
END = BEGIN + timedelta(days=30)
WEB = 1001


def encoded(public_key):
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


CA = Issuer("CN=CA G1", b"G1", b"1" * 20)
NEXT_CA = Issuer("CN=CA G2", b"G2", b"2" * 20)

KEY = encoded(ec.generate_private_key(ec.SECP256R1()).public_key())
SOUND = Installed(
    subject=[("O", "Example"), ("OU", "web"), ("OU", "blue"), ("CN", "web1")],
    dns_names=["web1.example.org", "www.example.org"],
    uris=["spiffe://example.org/web"],
    issuer=CA,
    not_before=BEGIN,
    not_after=END,
    fingerprint="80" * 32,
    public_key=KEY,
    key_matches=True,
    private_key_mode=0o400,
    private_key_group=0,
    key_store="file",
)


ANY = Wishes()


def due(installed=SOUND, wishes=ANY, day=10.0, left=1 / 3, days=0, **more):
    return certificate_due(installed, wishes, BEGIN + timedelta(days=day), Thresholds(left, days), **more)


@pytest.mark.parametrize(
    ("changes", "wishes", "reason"),
    [
        ({}, {}, None),
        ({}, {"common_name": "web1", "organization": "Example", "organizational_units": ["web", "blue"]}, None),
        ({}, {"key_type": "ECDSA-P256"}, None),
        ({"private_key_mode": 0o404}, {}, "private key is readable by others"),
        ({"private_key_mode": 0o602}, {}, "private key is readable by others"),
        ({"private_key_mode": 0o640, "private_key_group": WEB}, {"group": WEB}, None),
        ({"private_key_mode": 0o640, "private_key_group": WEB}, {}, "private key is readable by the group 1001"),
        ({"private_key_mode": 0o640}, {"group": WEB}, "private key is readable by the group 0"),
        ({"private_key_mode": 0o400}, {"group": WEB}, "private key is not readable by the group 1001"),
        ({"key_matches": False}, {}, "key does not match the certificate"),
        ({"not_after": BEGIN + timedelta(days=10)}, {}, "expired on 2026-11-11"),
        ({}, {"common_name": "web2"}, "common name changed from web1 to web2"),
        ({"subject": []}, {"common_name": "web1"}, "common name changed from none to web1"),
        ({}, {"organization": "Other"}, "organization changed from Example to Other"),
        ({}, {"organization": ""}, "organization changed from Example to none"),
        ({"subject": [("CN", "web1")]}, {"organization": ""}, None),
        ({}, {"organizational_units": ["blue", "web"]}, "organizational units changed from web, blue to blue, web"),
        ({}, {"organizational_units": []}, "organizational units changed from web, blue to none"),
        ({}, {"dns_names": ["web1.example.org", "www.example.org"], "uris": ["spiffe://example.org/web"]}, None),
        (
            {},
            {"dns_names": ["www.example.org", "web1.example.org"]},
            "DNS names changed from web1.example.org, www.example.org to www.example.org, web1.example.org",
        ),
        ({"dns_names": []}, {"dns_names": ["web1"]}, "DNS names changed from none to web1"),
        ({}, {"uris": []}, "URIs changed from spiffe://example.org/web to none"),
        ({}, {"key_type": "RSA-3072"}, "key type changed from ECDSA-P256 to RSA-3072"),
        ({}, {"key_store": "file"}, None),
        ({}, {"key_store": "tss2"}, "key store changed from file to tss2"),
        ({"key_store": "tss2"}, {"key_store": "file"}, "key store changed from tss2 to file"),
        ({}, {"issuers": []}, None),
        ({}, {"issuers": [CA]}, None),
        ({}, {"issuers": [NEXT_CA, CA]}, None),
        ({}, {"issuers": [NEXT_CA]}, "issuer changed from CN=CA G1 to CN=CA G2"),
        ({}, {"issuers": [NEXT_CA, Issuer("CN=CA G3")]}, "issuer changed from CN=CA G1 to CN=CA G2 or CN=CA G3"),
        ({}, {"issuers": [Issuer(key_identifier=b"2" * 20)]}, f"issuer changed from CN=CA G1 to the key {'32' * 20}"),
        ({}, {"issuers": [CA._replace(key_identifier=b"2" * 20)]}, "issuer CN=CA G1 has another key now"),
    ],
)
def test_what_is_found_beside_what_is_wanted(changes, wishes, reason):
    assert due(SOUND._replace(**changes), Wishes(**wishes)) == reason


@pytest.mark.parametrize(
    ("day", "left", "reason"),
    [
        (0, 1 / 3, None),
        (19.9, 1 / 3, None),
        (20.1, 1 / 3, "33 % of its lifetime is left"),
        (23.7, 1 / 3, "21 % of its lifetime is left"),
        (29.99, 1 / 3, "0 % of its lifetime is left"),
        (30, 1 / 3, "expired on 2026-12-01"),
        (29.99, 0, None),
        (0.01, 1, "100 % of its lifetime is left"),
        (-5, 1 / 3, None),
    ],
)
def test_the_share_of_the_lifetime_that_is_left(day, left, reason):
    assert due(day=day, left=left) == reason


@pytest.mark.parametrize(
    ("day", "left", "days", "reason"),
    [
        (22.9, 0, 7, None),
        (23.5, 0, 7, "6.5 days of its lifetime are left"),
        (29.96, 0, 0.1, "0.0 days of its lifetime are left"),
        (23.5, 1 / 3, 7, "22 % of its lifetime is left"),
        (10, 1 / 3, 21, "20.0 days of its lifetime are left"),
        (-5, 0, 100, "35.0 days of its lifetime are left"),
        (30, 0, 7, "expired on 2026-12-01"),
    ],
)
def test_the_days_that_are_left(day, left, days, reason):
    assert due(day=day, left=left, days=days) == reason


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("force", [True, False])
def test_days_are_0_or_more(days, force):
    with pytest.raises(HostError, match=f"^renew_when_days_left is {days:g}, but must be a number of days, 0 or more"):
        due(days=days, force=force)


@pytest.mark.parametrize("left", [33, -0.1, 1.01, float("nan"), float("inf")])
@pytest.mark.parametrize("force", [True, False])
def test_a_share_is_from_0_to_1(left, force):
    with pytest.raises(HostError, match=f"^renew_when_left is {left:g}, but must be a share of the lifetime, 0 to 1"):
        due(left=left, force=force)


def test_no_certificate_is_due_at_once():
    assert due(None) == "no certificate yet"


def test_the_reasons_are_told_in_their_order():
    """Each step takes away the reason that was told, and the next one shows."""
    worst = SOUND._replace(
        private_key_mode=0o644,
        directory_fault="/etc/rolesanywhere/web is open",
        key_matches=False,
        not_after=BEGIN + timedelta(days=9),
    )
    wishes = Wishes(common_name="web2", key_type="RSA-2048", key_store="tss2", issuers=[NEXT_CA])
    renamed = SOUND
    steps = [
        due(worst, wishes, 25, force=True, waiting="4b1f", trouble="unreadable."),
        due(worst, wishes, 25, waiting="4b1f", trouble="unreadable."),
        due(worst, wishes, 25, trouble="unreadable."),
        due(worst, wishes, 25),
        due(worst._replace(private_key_mode=0o400), wishes, 25),
        due(worst._replace(private_key_mode=0o400, directory_fault=None), wishes, 25),
        due(renamed._replace(not_after=worst.not_after), wishes, 25),
        due(renamed, wishes, 25),
        due(renamed, wishes._replace(common_name=None), 25),
        due(renamed, wishes._replace(common_name=None, issuers=[]), 25),
        due(renamed, Wishes(key_store="tss2"), 25),
        due(renamed, Wishes(), 25, days=7),
        due(renamed, Wishes(), 25, left=0, days=7),
        due(renamed, Wishes(), 10, days=7),
    ]
    assert steps == [
        "forced",
        "certificate 4b1f is staged and waits for its proof",
        "unreadable.",
        "private key is readable by others",
        "/etc/rolesanywhere/web is open",
        "key does not match the certificate",
        "expired on 2026-11-10",
        "common name changed from web1 to web2",
        "issuer changed from CN=CA G1 to CN=CA G2",
        "key type changed from ECDSA-P256 to RSA-2048",
        "key store changed from file to tss2",
        "17 % of its lifetime is left",
        "5.0 days of its lifetime are left",
        None,
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"digest": None}, "the helper is not a regular file of at most 1 MiB"),
        ({"is_ours": False, "digest": "ef"}, "the helper belongs to another user"),
        ({"digest": "ef", "mode": 0o644}, "the helper is not the one of version 0.1.0"),
        ({"mode": 0o644}, "the helper does not have the mode 0755"),
        ({"mode": 0o757}, "the helper does not have the mode 0755"),
        ({"mode": 0o4755}, "the helper does not have the mode 0755"),
    ],
)
def test_when_the_helper_is_due(changes, reason):
    found = HelperFile(is_ours=True, mode=0o755, digest="cd")._replace(**changes)
    assert helper_due(found, "cd", "0.1.0") == reason


def test_no_helper_is_due_at_once():
    assert helper_due(None, "cd", "0.1.0") == "no helper yet"


def status(mode, group=0):
    """Return the status of something in a directory's place."""
    return os.stat_result((mode, 0, 0, 1, 0, group, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("found", "group", "reason"),
    [
        (status(stat.S_IFDIR | 0o750, 0), None, None),
        (status(stat.S_IFDIR | 0o750, WEB), None, None),
        (status(stat.S_IFDIR | 0o750, WEB), WEB, None),
        (None, None, "is missing"),
        (status(stat.S_IFLNK | 0o777), None, "is not a directory"),
        (status(stat.S_IFREG | 0o750), None, "is not a directory"),
        (status(stat.S_IFDIR | 0o755, WEB), WEB, "has the mode 0755, not 0750"),
        (status(stat.S_IFDIR | 0o700), None, "has the mode 0700, not 0750"),
        (status(stat.S_IFDIR | 0o2750), None, "has the mode 2750, not 0750"),
        (status(stat.S_IFDIR | 0o750, 0), WEB, "belongs to the group 0, not to 1001"),
        (status(stat.S_IFDIR | 0o750, WEB), 0, "belongs to the group 1001, not to 0"),
    ],
)
def test_a_directory_has_its_mode_and_the_wanted_group(found, group, reason):
    assert directory_due(found, group) == reason
