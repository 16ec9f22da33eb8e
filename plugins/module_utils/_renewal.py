# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is renewed. The host that has it and the ledger that knows it come to the same answer.

Of the standard library of Python 3.8, for the host decides here as well.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

# Hexadecimal digits of a fingerprint that a float holds exactly.
_DIGITS = 13


class Thresholds(NamedTuple):
    """How little time must be left for a new certificate to be due; the one that is reached first counts.

    *share* and *jitter* are shares of the lifetime, 0 to 1. *jitter* is how much earlier, at most, the renewals of a
    fleet are spread.
    """

    share: float = 0.333
    days: float = 0
    jitter: float = 0


def why_out_of_range(thresholds: Thresholds) -> str | None:
    """Say which threshold is out of its range, by the name of its option, or None."""
    for option, share in (("renew_when_left", thresholds.share), ("renew_jitter", thresholds.jitter)):
        if not 0 <= share <= 1:
            return f"{option} is {share:g}, but must be a share of the lifetime, 0 to 1."
    if not 0 <= thresholds.days < float("inf"):
        return f"renew_when_days_left is {thresholds.days:g}, but must be a number of days, 0 or more."
    return None


def why_near_its_end(
    not_before: datetime, not_after: datetime, fingerprint: str, now: datetime, thresholds: Thresholds
) -> str | None:
    """Say how little is left of a certificate that is due, or None; *fingerprint* is its SHA-256 in hexadecimal."""
    left, lifetime = not_after - now, not_after - not_before
    earlier = thresholds.jitter * spread(fingerprint)
    if left < (thresholds.share + earlier) * lifetime:
        return f"{100 * left / lifetime:.0f} % of its lifetime is left"
    days = (left - earlier * lifetime) / timedelta(days=1)
    return f"{left / timedelta(days=1):.1f} days of its lifetime are left" if days < thresholds.days else None


def spread(fingerprint: str) -> float:
    """Return a certificate's own place in a fleet, from 0 up to 1.

    A fingerprint is spread as evenly as a hash is, no two certificates share one, and nobody chooses his own.
    """
    return float(int(fingerprint[:_DIGITS], 16) / 16**_DIGITS)
