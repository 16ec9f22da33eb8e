# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every refusal that was seen of the live service comes with advice of its own."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.refusals import ADVICE, advice

ROLE = "arn:aws:iam::123456789012:role/web"
SEEN = [
    ("Untrusted signing certificate", "issuer"),
    ("Untrusted certificate. Insufficient certificate", "expired"),
    ("Certificate revoked", "ca_revoke with state unblocked"),
    ("Certificate revoked", "fleet.rolesanywhere.rotate -e rotate_force=true --limit HOST"),
    ("Invalid signature", "clock"),
    ("Specified Trust Anchor wasn't found.", "trust anchor"),
    ("Invalid or empty profile provided.", "profile"),
    ("Requested Role isn't one of those listed in the Profile.", "compare the role's ARN"),
    ("Not authorized to set roleSessionName.", "session name"),
    (f"Unable to assume role for {ROLE}.", "trust policy"),
    (
        f"Unable to assume role for {ROLE}. The requested DurationSeconds exceeds the MaxSessionDuration",
        "longest session",
    ),
    ("Unable to assume role. Some attributes failed to be mapped into session tags. Issuer: [ CN ];", "character"),
]


@pytest.mark.parametrize(("reason", "word"), SEEN)
def test_what_was_seen_has_advice(reason, word):
    assert word in advice(reason)


def test_what_was_never_seen_has_none():
    assert advice("Something new") == ""
    assert advice("") == ""


def test_every_advice_is_for_something_that_was_seen():
    assert {words for _beginning, words in ADVICE} == {advice(reason) for reason, _word in SEEN}
