# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a certificate is valid, in the API's five ways of saying it (reference §8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from dateutil.relativedelta import relativedelta

from .acm_pca_errors import PrivateCaError

BACKDATE = timedelta(minutes=60)
SHORT_LIVED = timedelta(days=7)
_UTC_TIME_DIGITS = 12


def not_after(validity: Mapping[str, Any], now: datetime) -> datetime:
    """Tell when a certificate ends that is issued now; raises PrivateCaError."""
    kind, value = validity["Type"], validity["Value"]
    try:
        if kind == "END_DATE":
            return _end_date(str(value))
        if kind == "ABSOLUTE":
            return datetime.fromtimestamp(value, timezone.utc)
        return now + relativedelta(**{kind.lower(): value})
    except (ValueError, OverflowError):
        raise PrivateCaError("ValidationException", f"The validity {value} is not a valid {kind}.") from None


def not_before(given: Mapping[str, Any] | None, now: datetime) -> datetime:
    """Tell when a certificate begins; raises PrivateCaError."""
    if given is None:
        return now - BACKDATE
    if given["Type"] != "ABSOLUTE":
        raise PrivateCaError("ValidationException", "ValidityNotBefore must be of the type ABSOLUTE.")
    return not_after(given, now)


def check(start: datetime, end: datetime, authority_end: datetime | None, now: datetime, short_lived: bool) -> None:
    """Refuse a validity that a CA cannot give; raises PrivateCaError.

    authority_end: when the CA's own certificate ends; None for a root's own.
    short_lived: whether it is a certificate that no CA in short-lived mode may exceed seven days with.
    """
    if end <= now or end <= start:
        raise PrivateCaError("ValidationException", "The certificate would end before it begins or is issued.")
    if short_lived and end > now + SHORT_LIVED:
        raise PrivateCaError(
            "ValidationException",
            "The certificate validity specified exceeds seven days, the limit of a CA in short-lived mode.",
        )
    if authority_end is not None and end > authority_end:
        raise PrivateCaError(
            "ValidationException",
            "The certificate validity specified exceeds the certificate authority validity",
        )


def _end_date(digits: str) -> datetime:
    """Read UTCTime or GeneralizedTime without their Z; years of two digits from 50 on are of the last century."""
    if len(digits) == _UTC_TIME_DIGITS:
        digits = ("19" if digits >= "50" else "20") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
