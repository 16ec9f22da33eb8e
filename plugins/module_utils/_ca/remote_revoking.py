# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell a CA that is asked over a wire what the ledger has revoked, until it has heard all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from .errors import AuthorityError
from .ledger import Ledger
from .signer import RemoteAuthority


class Told(NamedTuple):
    """The serial numbers that the CA was told of now, and for the others what it said."""

    serials: Sequence[str] = ()
    failed: Mapping[str, str] = MappingProxyType({})

    @property
    def failure(self) -> str | None:
        """One sentence for all that the CA does not know yet, or None."""
        if not self.failed:
            return None
        sentence = next(iter(self.failed.values()))
        return (
            f"The ledger has revoked {', '.join(self.failed)}, but the CA has not: {sentence} "
            "Run this again; each run of ca_revoke, ca_crl and ca_issue tells it first."
        )


def tell(authority: RemoteAuthority, ledger: Ledger, now: datetime) -> Told:
    """Have the CA revoke what it does not know to be revoked; one that fails does not stop the others.

    :raises AuthorityError: the ledger cannot be written.
    """
    told: list[str] = []
    failed: dict[str, str] = {}
    for row in ledger.untold_revocations(now):
        try:
            authority.revoke(row.serial, row.reason or "unspecified")
        except AuthorityError as error:
            failed[row.serial] = str(error)
            continue
        with ledger.batch():
            ledger.add_told_revocation(row.serial)
        told.append(row.serial)
    return Told(told, failed)
