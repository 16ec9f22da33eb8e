# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoke what a host holds and block the host, so that no later run gives back what was taken away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import names
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from .errors import AuthorityError
from .ledger import TAKEN_OVER, BlockedHost, IssuedCertificate, Ledger


class Outcome(NamedTuple):
    """What was revoked now, all that is revoked of the host, the block before and after, and what to warn of."""

    revoked: list[str]
    serials: list[str]
    blocked_before: BlockedHost | None
    blocked: BlockedHost | None
    warning: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the ledger differs from before."""
        return bool(self.revoked) or self.blocked_before != self.blocked


def revoke_host(
    ledger: Ledger,
    host: str,
    name: str | None,
    reason: str,
    now: datetime,
    revoked_by: str,
    *,
    unknown: bool,
    dry_run: bool,
) -> Outcome:
    """Revoke every unexpired certificate of a host, or of one of its workloads, and block the host.

    *unknown* blocks in advance a host that the ledger does not know.

    :raises AuthorityError: the ledger knows no certificate of the host: a name mistyped must not look like a success.
    """
    with ledger.batch(dry_run=dry_run):
        before = ledger.blocked(host)
        held = _held(ledger, host)
        if not (held or before or unknown):
            raise AuthorityError(
                f"The ledger knows no certificate of {host}: is this the host's name in the inventory "
                "(unknown: true blocks it in advance)?"
            )
        live = [row.serial for row in held if _is_live(row, now) and name in (None, row.name)]
        ledger.revoke(live, now, reason, revoked_by)
        ledger.block(BlockedHost(host, iso(now), revoked_by, reason))
        outcome = _outcome(ledger, host, live, before)
    if held and not outcome.serials:
        warning = f"{host} has no unexpired certificate: it is blocked, and there was nothing to revoke."
        return outcome._replace(warning=warning)
    return outcome


def revoke_serial(
    ledger: Ledger, serial: str, reason: str, now: datetime, revoked_by: str, *, dry_run: bool
) -> Outcome:
    """Revoke one certificate unless it has expired. Its host is not blocked: the host keeps what else it holds.

    :raises AuthorityError: the ledger does not know the serial number.
    """
    with ledger.batch(dry_run=dry_run):
        row = ledger.with_serial(serial)
        if row is None:
            raise AuthorityError(f"The ledger knows no certificate with the serial number {serial}: look it up again.")
        live = [serial] if _is_live(row, now) else []
        ledger.revoke(live, now, reason, revoked_by)
        outcome = _outcome(ledger, row.host, live, ledger.blocked(row.host))
    if serial not in outcome.serials:
        warning = f"The certificate {serial} of {row.host} has expired: there was nothing to revoke."
        return outcome._replace(warning=warning)
    return outcome


def unblock(ledger: Ledger, host: str, *, unknown: bool, dry_run: bool) -> Outcome:
    """Let a host have new certificates; those revoked stay revoked.

    *unknown* takes a host that the ledger does not know for one that is not blocked.

    :raises AuthorityError: the ledger neither blocks the host nor knows a certificate of it.
    """
    with ledger.batch(dry_run=dry_run):
        before = ledger.blocked(host)
        if not (before or unknown or ledger.of_host(host)):
            raise AuthorityError(
                f"The ledger neither blocks {host} nor knows a certificate of it: is this the host's name in the "
                "inventory (unknown: true accepts it)?"
            )
        ledger.unblock(host)
        return _outcome(ledger, host, [], before)


def _held(ledger: Ledger, host: str) -> list[IssuedCertificate]:
    """Find all certificates that were issued to a host, and those with its common names from before a take-over."""
    rows = {row.serial: row for row in ledger.of_host(host)}
    for common_name in {row.common_name for row in rows.values()} - {""}:
        older = ledger.unexpired_with_common_name(common_name, now="")
        rows.update((row.serial, row) for row in older if row.name == TAKEN_OVER)
    return list(rows.values())


def source_identities(ledger: Ledger, serials: Iterable[str], now: datetime) -> dict[str, list[str]]:
    """Tell by which names AWS knows who is behind the sessions of certificates, and which other hosts have each too."""
    shared = {}
    for serial in serials:
        row = ledger.with_serial(serial)
        if row is not None and row.common_name:
            holders = {holder.host for holder in ledger.unexpired_with_common_name(row.common_name, iso(now))}
            shared[names.source_identity(row.common_name)] = sorted(holders - {row.host})
    return shared


def _is_live(row: IssuedCertificate, now: datetime) -> bool:
    return row.revoked_at is None and row.not_after > iso(now)


def _outcome(ledger: Ledger, host: str, revoked: list[str], blocked_before: BlockedHost | None) -> Outcome:
    serials = [row.serial for row in _held(ledger, host) if row.revoked_at]
    return Outcome(revoked, serials, blocked_before, ledger.blocked(host))
