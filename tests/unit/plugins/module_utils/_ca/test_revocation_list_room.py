# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a CRL when not everything can."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.revocation_list_room import NEWEST, select
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation, entry_size

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
SERIAL = 1 << 126  # all have its length
BARE = entry_size(SERIAL, Revocation(NOW, "unspecified"))
FULL = entry_size(SERIAL, Revocation(NOW, "superseded"))


def revocations(count, reason, minutes_ago=0):
    """Return revocations a second apart, the newest first."""
    return {
        SERIAL + 10_000 * minutes_ago + number: Revocation(NOW - timedelta(minutes=minutes_ago, seconds=number), reason)
        for number in range(count)
    }


@pytest.mark.parametrize(
    ("room", "kept", "reason"),
    [
        (3 * FULL, 3, "superseded"),
        (3 * FULL - 1, 3, "unspecified"),
        (3 * BARE, 3, "unspecified"),
        (3 * BARE - 1, 2, "unspecified"),
        (0, 0, None),
    ],
)
def test_reasons_go_first_and_the_oldest_next(room, kept, reason):
    given = revocations(3, "superseded")
    selection = select(given, [], room)
    assert list(selection.revoked) == list(given)[:kept]
    assert selection.left_out == list(given)[kept:]
    assert {revocation.reason for revocation in selection.revoked.values()} == ({reason} if reason else set())


def test_the_order_is_that_which_was_given():
    given = dict(reversed(revocations(5, "superseded").items()))
    assert list(select(given, [], 4 * BARE).revoked) == list(given)[1:]


WEIGHTS = [
    # name, what is weighty beside newer ones that are not, what is known nowhere else, the newer ones
    ("stolen keys", revocations(50, "keyCompromise", 60), False, revocations(2 * NEWEST, "superseded")),
    ("known nowhere else", revocations(50, "unspecified", 60), True, revocations(2 * NEWEST, "keyCompromise")),
    ("the newest", revocations(NEWEST, "superseded"), False, revocations(2 * NEWEST, "keyCompromise", 60)),
]


@pytest.mark.parametrize(
    ("weighty", "forgotten", "others"), [row[1:] for row in WEIGHTS], ids=[row[0] for row in WEIGHTS]
)
def test_what_is_weighty_goes_in_before_the_others(weighty, forgotten, others):
    room = (len(weighty) + NEWEST) * BARE
    selection = select({**others, **weighty}, weighty if forgotten else [], room)
    assert set(weighty) <= set(selection.revoked)
    assert len(selection.revoked) == len(weighty) + NEWEST
    assert set(selection.left_out) == set(others) - set(selection.revoked)
