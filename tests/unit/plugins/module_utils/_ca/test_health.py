# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person should know about a CA before it becomes trouble."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import health
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.health import FoundFile

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def check(sentence, expected):
    if expected is None:
        assert sentence is None
    else:
        assert expected in sentence
        assert sentence.endswith((".", "?"))


@pytest.mark.parametrize(
    ("left", "validity", "expected"),
    [
        (60 * DAY, 30 * DAY, None),
        (
            60 * DAY - SECOND,
            30 * DAY,
            "The issuing CA ends on 2027-01-19T09:59:59Z, in 59 days, which is less than 2 times the 30 days of a",
        ),
        (60 * DAY - SECOND, 29 * DAY, None),
        (DAY, DAY, "in 1 day, which is less than 2 times the 1 day of a certificate: make the next issuing CA."),
        (SECOND, 30 * DAY, "in less than a day, which"),
        (0 * DAY, 30 * DAY, "The issuing CA ended on 2026-11-20T10:00:00Z, and all its certificates with it: make"),
    ],
)
def test_the_next_issuing_ca_is_called_for_at_twice_the_lifetime_of_a_certificate(left, validity, expected):
    check(health.about_end(NOW + left, validity, NOW), expected)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (30 * DAY, None),
        (30 * DAY - SECOND, "The CRL ends on 2026-12-20T09:59:59Z, in 29 days: make the next one with ca_crl and"),
        (SECOND, "in less than a day: make"),
        (0 * DAY, "The CRL ended on 2026-11-20T10:00:00Z: make the next one with ca_crl and publish it."),
    ],
)
def test_the_next_crl_is_called_for_before_this_one_ends(left, expected):
    check(health.about_next_update(NOW + left, 30 * DAY, NOW), expected)


def test_a_crl_without_an_end_is_told():
    check(health.about_next_update(None, 30 * DAY, NOW), "does not say when the next one comes")


@pytest.mark.parametrize(
    ("number", "last_made", "expected"),
    [
        (7, 7, None),
        (8, 7, None),
        (6, 7, "The CRL has the number 6, but the last one that was made has 7: an older one was put in its place"),
    ],
)
def test_an_older_crl_in_place_is_told(number, last_made, expected):
    check(health.about_number(number, last_made), expected)


@pytest.mark.parametrize(
    ("about", "member"), [(health.about_missing, "crl.missing"), (health.about_unknown, "crl.unknown")]
)
def test_each_side_of_the_comparison_is_told(about, member):
    assert about(0) is None
    check(about(1), "1 certificate is ")
    check(about(2), "2 certificates are ")
    check(about(2), f"({member})")


FILES = [FoundFile(Path("/ca"), 0, False), FoundFile(Path("/ca/crl.pem"), 7, True), FoundFile(Path("/ca/l"), 0, True)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [(FILES[:1], None), (FILES, "Others than the owner have a right on /ca/crl.pem, /ca/l: take it away")],
)
def test_files_that_are_open_to_others_are_named(files, expected):
    check(health.about_rights(files), expected)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (FILES[:1], None),
        (FILES, "belongs to the user 0, but not /ca/crl.pem (user 7): give all of it to one user"),
    ],
)
def test_files_of_another_user_are_named(files, expected):
    check(health.about_owners(files, 0), expected)
