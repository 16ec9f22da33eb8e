# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which certificates are in use, for what was issued may never have reached its host.

The word is that of RFC 4210, section 5.3.18 (certConf).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .errors import AuthorityError
from .ledger import Ledger


class Use(NamedTuple):
    """A workload and the serial number of the certificate that it uses."""

    host: str
    name: str
    serial: str


class Outcome(NamedTuple):
    """What the ledger has learned now, and what it cannot believe: it never gave this workload that certificate."""

    confirmed: Sequence[Use]
    unknown: Sequence[Use]


def read(serials: Mapping[str, Any]) -> list[Use]:
    """Read serial numbers by host and by workload.

    :raises AuthorityError: they are not given so.
    """
    uses: list[Use] = []
    for host, by_name in serials.items():
        if not isinstance(by_name, dict) or not all(isinstance(serial, str) for serial in by_name.values()):
            raise AuthorityError(f"serials of {host} is {by_name!r}: give a serial number, as text, for each workload.")
        uses.extend(Use(host, name, serial.lower()) for name, serial in by_name.items())
    return uses


def confirm(ledger: Ledger, uses: Iterable[Use], now: datetime, *, dry_run: bool) -> Outcome:
    """Note all in one transaction. A host can only speak for its own certificates."""
    confirmed: list[Use] = []
    unknown: list[Use] = []
    with ledger.batch(dry_run=dry_run):
        for use in uses:
            is_new = ledger.use(use.host, use.name, use.serial, now)
            if is_new is None:
                unknown.append(use)
            elif is_new:
                confirmed.append(use)
    return Outcome(confirmed, unknown)
