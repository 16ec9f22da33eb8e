# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet renews spread over the jitter, never later than without it, and the same wherever it is asked."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import (
    Thresholds,
    spread,
    why_near_its_end,
    why_out_of_range,
)

BEGIN = datetime(2026, 11, 1, tzinfo=timezone.utc)
END = BEGIN + timedelta(days=30)
LAST, MIDDLE, FIRST = "00" * 32, "80" + "00" * 31, "ff" * 32
FLEET = [hashlib.sha256(b"certificate %d" % number).hexdigest() for number in range(10_000)]


def due(day, thresholds, fingerprint=MIDDLE):
    return why_near_its_end(BEGIN, END, fingerprint, BEGIN + timedelta(days=day), thresholds)


@pytest.mark.parametrize(
    ("fingerprint", "thresholds", "last_day_without", "reason"),
    [
        (LAST, Thresholds(1 / 3), 20, "33 % of its lifetime is left"),
        (FIRST, Thresholds(1 / 3), 20, "33 % of its lifetime is left"),
        (LAST, Thresholds(1 / 3, jitter=0.1), 20, "33 % of its lifetime is left"),
        (MIDDLE, Thresholds(1 / 3, jitter=0.1), 18.5, "38 % of its lifetime is left"),
        (FIRST, Thresholds(1 / 3, jitter=0.1), 17, "43 % of its lifetime is left"),
        (LAST, Thresholds(0, 7, 0.1), 23, "7.0 days of its lifetime are left"),
        (MIDDLE, Thresholds(0, 7, 0.1), 21.5, "8.5 days of its lifetime are left"),
        (FIRST, Thresholds(0, 7, 0.1), 20, "10.0 days of its lifetime are left"),
        (FIRST, Thresholds(1 / 3, 7, 0.1), 17, "43 % of its lifetime is left"),
        (FIRST, Thresholds(0.9, jitter=0.9), -24, "180 % of its lifetime is left"),
    ],
)
def test_a_certificate_is_due_from_a_day_of_its_own(fingerprint, thresholds, last_day_without, reason):
    assert due(last_day_without - 0.001, thresholds, fingerprint) is None
    assert due(last_day_without + 0.001, thresholds, fingerprint) == reason


def test_ten_thousand_renewals_are_spread_evenly_and_none_is_late():
    thresholds = Thresholds(1 / 3, jitter=0.1)
    assert not any(due(17, thresholds, fingerprint) for fingerprint in FLEET)
    assert all(due(20.001, thresholds, fingerprint) for fingerprint in FLEET)
    due_on = [sum(bool(due(17 + hours / 24, thresholds, fingerprint)) for fingerprint in FLEET) for hours in range(73)]
    each_hour = [later - earlier for earlier, later in itertools.pairwise(due_on)]
    assert len(each_hour) == 72
    assert 90 < min(each_hour) <= max(each_hour) < 190  # 10,000 / 72 = 139, five standard deviations aside


def test_no_two_certificates_share_a_place():
    assert max(Counter(spread(fingerprint) for fingerprint in FLEET).values()) == 1
    assert 0 <= min(map(spread, FLEET)) <= max(map(spread, FLEET)) < 1


@pytest.mark.parametrize(
    ("fingerprint", "place"), [(LAST, 0.0), (MIDDLE, 0.5), ("1a2b3c4d5e6f7" + "f" * 51, 0.1022222)]
)
def test_the_place_is_the_same_on_every_python(fingerprint, place):
    assert spread(fingerprint) == pytest.approx(place, abs=1e-7)
    assert spread(FIRST) == 1 - 2**-52


@pytest.mark.parametrize(
    ("thresholds", "sentence"),
    [
        (Thresholds(), None),
        (Thresholds(0, 0, 0), None),
        (Thresholds(1, 36500, 1), None),
        (Thresholds(33), "renew_when_left is 33, but must be a share of the lifetime, 0 to 1."),
        (Thresholds(float("nan")), "renew_when_left is nan, but must be a share of the lifetime, 0 to 1."),
        (Thresholds(jitter=10), "renew_jitter is 10, but must be a share of the lifetime, 0 to 1."),
        (Thresholds(jitter=-0.1), "renew_jitter is -0.1, but must be a share of the lifetime, 0 to 1."),
        (Thresholds(days=-1), "renew_when_days_left is -1, but must be a number of days, 0 or more."),
        (Thresholds(days=float("inf")), "renew_when_days_left is inf, but must be a number of days, 0 or more."),
    ],
)
def test_thresholds_out_of_range_are_one_sentence(thresholds, sentence):
    assert why_out_of_range(thresholds) == sentence
