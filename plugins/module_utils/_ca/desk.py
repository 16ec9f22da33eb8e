# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide about the orders of one batch: what is refused, what is given again, what is to be signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from .answers import Outcome
from .ledger import TAKEN_OVER, BlockedHost, Intent, IssuedCertificate, Ledger
from .orders import CheckedOrder, Order

if TYPE_CHECKING:
    from cryptography import x509

COMPROMISED = "key_compromise"
# One in use, one on its way in, and one answer that was lost: a host with more does not install what it gets.
MAXIMUM_UNEXPIRED = 3


class Claim(NamedTuple):
    """A host that has a common name or a public key for itself until a time."""

    host: str
    until: str


def why_refused(
    order: Order,
    blocked: BlockedHost | None,
    name_claims: Iterable[Claim],
    key_claims: Iterable[Claim],
    *,
    compromised: bool,
) -> str | None:
    """Say why a host gets no certificate although its order is good, or None."""
    if blocked:
        return why_blocked(blocked)
    if compromised:
        return f"The public key was revoked as compromised: make a new key on {order.host}."
    for claim in key_claims:
        if claim.host != order.host:
            return (
                f"The public key belongs to the host {claim.host} until {claim.until}; if {order.host} is its clone, "
                f"make a new key on {order.host}."
            )
    for claim in name_claims:
        if claim.host != order.host:
            return (
                f"The common name {order.common_name!r} belongs to the host {claim.host} until {claim.until}: "
                f"give {order.host} another one."
            )
    return None


def why_blocked(blocked: BlockedHost) -> str:
    """Say since when and by whom a host is blocked."""
    return (
        f"The host {blocked.host} is blocked since {blocked.since} by {blocked.blocked_by} ({blocked.reason}): "
        "unblock it with ca_revoke (state unblocked), then give it a certificate with "
        f"fleet.rolesanywhere.rotate -e rotate_force=true --limit {blocked.host}."
    )


def why_enough(order: Order, unexpired: Sequence[IssuedCertificate], half: str) -> str | None:
    """Say that a workload has as many certificates as one that installs them can need, or None.

    When the last of them has come to *half* of its time, one more is in order: a host that was rotated by hand, twice
    on a day, must not be left without.
    """
    if len(unexpired) < MAXIMUM_UNEXPIRED or all(row.not_after <= half for row in unexpired):
        return None
    return (
        f"The workload {order.name} of {order.host} has {len(unexpired)} unexpired certificates already, "
        f"{', '.join(row.serial for row in unexpired)}: unless it was rotated by hand find out why it does not install "
        "what it gets; revoke what is not needed with ca_revoke (serial), or give it one more with "
        f"fleet.rolesanywhere.rotate -e rotate_force=true --limit {order.host}."
    )


def why_asked_for(order: Order, intent: Intent) -> str:
    """Say that another run has asked for the workload's certificate and waits for the answer."""
    return (
        f"A certificate for {order.name} of {order.host} was asked for at {intent.asked_at} by {intent.asked_by}, and "
        "the answer is not there yet: run this again when that run has ended, or after "
        f"{intent.claimed_until} if it was killed."
    )


class Desk:
    """Decides about the orders of one batch. It remembers what it gave away, which the ledger learns at the end.

    What another run has asked a CA for and not yet got counts as given away.
    """

    def __init__(
        self, checked: Sequence[CheckedOrder], issuer: x509.Certificate, ledger: Ledger, now: datetime
    ) -> None:
        self._times_ordered = Counter((item.order.host, item.order.name) for item in checked)
        ledger.expect(
            {item.wanted.public_key_fingerprint for item in checked if item.wanted},
            {item.order.common_name for item in checked},
            {item.order.host for item in checked},
            iso(now),
        )
        self._issuer = issuer
        self._ledger = ledger
        self._time = now
        self._now = iso(now)
        self._blocked_hosts = ledger.blocked_hosts()
        intents = ledger.intents()
        self._asked_for = {(intent.host, intent.name): intent for intent in intents}
        self._name_claims = {intent.common_name.lower(): Claim(intent.host, intent.not_after) for intent in intents}
        self._key_claims = {intent.public_key_fingerprint: Claim(intent.host, intent.not_after) for intent in intents}

    def decide(self, checked: CheckedOrder) -> Outcome | None:
        """Refuse an order or find its certificate in the ledger; None when a certificate is to be signed."""
        order, wanted = checked.order, checked.wanted
        if wanted is None:
            return Outcome(order, refused=checked.refused)
        if self._times_ordered[order.host, order.name] > 1:
            return Outcome(order, refused=f"{order.name} of {order.host} is ordered more than once: order it once.")
        same_key = self._ledger.with_public_key(wanted.public_key_fingerprint)
        reusable = self._reusable(order, wanted, same_key)
        refused = self._why_refused(order, wanted, same_key)
        intent = self._asked_for.get((order.host, order.name))
        if not refused and not reusable and intent:
            refused = why_asked_for(order, intent)
        if not refused and not reusable and not order.force:
            unexpired = self._ledger.unexpired_of_workload(order.host, order.name, self._now)
            refused = why_enough(order, self._of_this_issuer(unexpired), self._half(wanted))
        if refused:
            return Outcome(order, refused=refused)
        claim = Claim(order.host, iso(wanted.validity.not_after))
        self._name_claims[order.common_name.lower()] = claim
        self._key_claims[wanted.public_key_fingerprint] = claim
        return Outcome(order, reusable, reused=True) if reusable else None

    def _why_refused(
        self, order: Order, wanted: issuance.WantedCertificate, same_key: Sequence[IssuedCertificate]
    ) -> str | None:
        same_name = self._ledger.unexpired_with_common_name(order.common_name, self._now)
        # What was issued before the CA was taken over is no host's of the inventory: the first one to ask has the name.
        name_claims = [Claim(row.host, row.not_after) for row in same_name if row.name != TAKEN_OVER]
        key_claims = [Claim(row.host, row.not_after) for row in same_key if row.not_after > self._now]
        if order.common_name.lower() in self._name_claims:
            name_claims.append(self._name_claims[order.common_name.lower()])
        if wanted.public_key_fingerprint in self._key_claims:
            key_claims.append(self._key_claims[wanted.public_key_fingerprint])
        compromised = any(row.reason == COMPROMISED for row in same_key)
        blocked = self._blocked_hosts.get(order.host)
        return why_refused(order, blocked, name_claims, key_claims, compromised=compromised)

    def _reusable(
        self, order: Order, wanted: issuance.WantedCertificate, same_key: Sequence[IssuedCertificate]
    ) -> IssuedCertificate | None:
        half = self._half(wanted)
        for row in same_key:
            if (row.host, row.name) != (order.host, order.name) or row.revoked_at or row.not_after <= half:
                continue
            if not issuance.why_not_wanted(certificates.load(row.pem), wanted, self._issuer):
                return row
        return None

    def _of_this_issuer(self, rows: Sequence[IssuedCertificate]) -> list[IssuedCertificate]:
        """Leave out what the issuing CA before has issued: after a roll-over it is of no use."""
        return [row for row in rows if not row.pem or certificates.load(row.pem).issuer == self._issuer.subject]

    def _half(self, wanted: issuance.WantedCertificate) -> str:
        """Tell the time after which a certificate ends that has more left than half of what is wanted now."""
        return iso(self._time + (wanted.validity.not_after - self._time) / 2)
