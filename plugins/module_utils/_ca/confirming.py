# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which certificates are in use, for what was issued may never have reached its host.

The word is that of RFC 4210, section 5.3.18 (certConf).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

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
