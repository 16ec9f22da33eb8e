# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person should know about a CA before it becomes trouble: a sentence each, or None."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

# A certificate signed on the last day on which this is kept still lives its whole life, and the next one can, too.
LIFETIMES_LEFT = 2


class FoundFile(NamedTuple):
    """A file or folder of the CA with its owner's number, and whether others than that user have a right on it."""

    path: Path
    owner: int
    open_to_others: bool


def about_end(end: datetime, validity: timedelta, now: datetime) -> str | None:
    """Warn when the issuing CA has ended, or will before two certificates could live one after the other."""
    if end <= now:
        return f"The issuing CA ended on {iso(end)}, and all its certificates with it: make the next issuing CA."
    if end - now < LIFETIMES_LEFT * validity:
        return (
            f"The issuing CA ends on {iso(end)}, in {_days(end - now)}, which is less than {LIFETIMES_LEFT} times the "
            f"{_days(validity)} of a certificate: make the next issuing CA."
        )
    return None


def about_next_update(next_update: datetime | None, refresh_before: timedelta, now: datetime) -> str | None:
    """Warn when the CRL has ended or is near its end, so that whoever should make it daily does not."""
    if next_update is None:
        return "The CRL does not say when the next one comes: make one with ca_crl and publish it."
    if next_update <= now:
        return f"The CRL ended on {iso(next_update)}: make the next one with ca_crl and publish it."
    if next_update - now < refresh_before:
        return (
            f"The CRL ends on {iso(next_update)}, in {_days(next_update - now)}: make the next one with ca_crl and "
            "publish it, once a day."
        )
    return None


def about_number(number: int, last_made: int) -> str | None:
    """Warn when the CRL in place is not the one that the ledger has as the last."""
    if number >= last_made:
        return None
    return (
        f"The CRL has the number {number}, but the last one that was made has {last_made}: an older one was put in its "
        "place, make the next one with ca_crl and publish it."
    )


def about_missing(missing: int) -> str | None:
    """Warn when a revocation has not reached the CRL."""
    if not missing:
        return None
    return (
        f"{_certificates(missing)} revoked in the ledger but not on the CRL (crl.missing): make the next CRL with "
        "ca_crl and publish it."
    )


def about_unknown(unknown: int) -> str | None:
    """Warn when the CRL knows of revocations that the ledger does not."""
    if not unknown:
        return None
    return (
        f"{_certificates(unknown)} on the CRL but not revoked in the ledger (crl.unknown): was the ledger restored "
        "from an old backup?"
    )


def about_rights(files: Iterable[FoundFile]) -> str | None:
    """Warn of files that others than their owner have a right on."""
    found = [str(file.path) for file in files if file.open_to_others]
    if not found:
        return None
    return f"Others than the owner have a right on {', '.join(found)}: take it away, as the module ca does."


def about_owners(files: Iterable[FoundFile], owner: int) -> str | None:
    """Warn of files that another user owns than the CA's folder: that user's modules may fail on them."""
    found = [f"{file.path} (user {file.owner})" for file in files if file.owner != owner]
    if not found:
        return None
    return (
        f"The folder of the CA belongs to the user {owner}, but not {', '.join(found)}: give all of it to one user and "
        "run the modules as that one."
    )


def _certificates(number: int) -> str:
    return "1 certificate is" if number == 1 else f"{number} certificates are"


def _days(length: timedelta) -> str:
    """Write a length in whole days, rounded down: a warning must not promise more than is left."""
    if length < timedelta(days=1):
        return "less than a day"
    return "1 day" if length.days == 1 else f"{length.days} days"
