# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lengths of time that users give in days or seconds."""

from __future__ import annotations

from datetime import timedelta

from .errors import AuthorityError

LONGEST = 36500  # days; a hundred years stay clear of the end of X.509's calendar
LONGEST_WAIT = 3600  # seconds


def days(option: str, number: int) -> timedelta:
    """Read an option that counts days.

    :raises AuthorityError: it is less than a day or more than a century.
    """
    if not 1 <= number <= LONGEST:
        raise AuthorityError(f"{option} is {number} days: give 1 to {LONGEST}.")
    return timedelta(days=number)


def wait(option: str, number: int) -> timedelta:
    """Read an option that counts the seconds of a wait.

    :raises AuthorityError: it is negative or more than an hour.
    """
    if not 0 <= number <= LONGEST_WAIT:
        raise AuthorityError(f"{option} is {number} seconds: give 0 to {LONGEST_WAIT}.")
    return timedelta(seconds=number)
