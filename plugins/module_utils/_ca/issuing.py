# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue certificates for a batch of orders: what is refused, what is given again, what is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import processes
from .errors import AuthorityError
from .ledger import TAKEN_OVER, BlockedHost, IssuedCertificate, Ledger
from .orders import CheckedOrder, Order, check
from .signer import Signer

if TYPE_CHECKING:
    from cryptography import x509

SHORTEST_VALIDITY = timedelta(days=1)
COMPROMISED = "key_compromise"
UNSPECIFIED = "unspecified"
# One in use, one on its way in, and one answer that was lost: a host with more does not install what it gets.
MAXIMUM_UNEXPIRED = 3


class Outcome(NamedTuple):
    """What became of an order: a certificate (in a dry run only an old one), or the sentence of its refusal.

    *mistake* is what the CA signed instead of what was wanted. Nobody gets it, but it exists, so it is revoked.
    """

    order: Order
    certificate: IssuedCertificate | None = None
    reused: bool = False
    refused: str | None = None
    mistake: IssuedCertificate | None = None

    @property
    def new(self) -> IssuedCertificate | None:
        """What the ledger is to learn."""
        return None if self.reused else self.certificate or self.mistake


class Claim(NamedTuple):
    """A host that has a common name or a public key for itself until a time."""

    host: str
    until: str


def decide_validity(length: timedelta, issuer_end: datetime, now: datetime) -> tuple[issuance.Validity, str | None]:
    """Decide the dates of a batch, with a warning when the CA ends before them.

    :raises AuthorityError: less than a day would be left.
    """
    wanted_end = now + length
    if issuer_end - now < SHORTEST_VALIDITY:
        raise AuthorityError(
            f"The CA ends on {iso(issuer_end)}, in less than a day: nothing was issued, make the next issuing CA."
        )
    warning = None
    if wanted_end > issuer_end:
        warning = (
            f"The certificates end with their CA on {iso(issuer_end)} instead of {iso(wanted_end)}: "
            "make the next issuing CA in time."
        )
    return issuance.Validity(now - issuance.WORKLOAD_BACKDATE, min(wanted_end, issuer_end)), warning


def issue(
    orders: Sequence[Order],
    nonce: str,
    validity: issuance.Validity,
    signer: Signer,
    ledger: Ledger,
    now: datetime,
    issued_by: str,
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """Serve a batch of orders; whatever certificate is returned stands in the ledger, committed.

    :raises AuthorityError: the clock runs behind the ledger, or the ledger cannot be written; nothing was issued then.
    """
    process_count = processes.available() if signer.forkable else 1
    checked = check(orders, nonce, validity, process_count=process_count)
    with ledger.batch(dry_run=dry_run):
        ledger.check_clock(now)
        desk = _Desk(orders, signer.certificate, ledger, now)
        decided = [desk.decide(item) for item in checked]
        waiting = [item for item, outcome in zip(checked, decided) if outcome is None]
        if dry_run:
            served: Iterator[Outcome] = (Outcome(item.order) for item in waiting)
        else:
            served = _serve(waiting, signer, now, issued_by, process_count)
        outcomes = [next(served) if outcome is None else outcome for outcome in decided]
        ledger.add(outcome.new for outcome in outcomes if outcome.new)
    return outcomes


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
        return (
            f"The host {order.host} is blocked since {blocked.since} by {blocked.blocked_by} ({blocked.reason}): "
            "unblock it with ca_revoke (state unblocked), then give it a certificate with "
            f"fleet.rolesanywhere.rotate -e rotate_force=true --limit {order.host}."
        )
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


class _Desk:
    """Decides about the orders of one batch. It remembers what it gave away, which the ledger learns at the end."""

    def __init__(self, orders: Iterable[Order], issuer: x509.Certificate, ledger: Ledger, now: datetime) -> None:
        self._times_ordered = Counter((order.host, order.name) for order in orders)
        self._issuer = issuer
        self._ledger = ledger
        self._time = now
        self._now = iso(now)
        self._blocked_hosts = ledger.blocked_hosts()
        self._name_claims: dict[str, Claim] = {}
        self._key_claims: dict[str, Claim] = {}

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
        if not refused and not reusable and not order.force:
            unexpired = self._ledger.unexpired_of_workload(order.host, order.name, self._now)
            refused = why_enough(order, unexpired, self._half(wanted))
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

    def _half(self, wanted: issuance.WantedCertificate) -> str:
        """Tell the time after which a certificate ends that has more left than half of what is wanted now."""
        return iso(self._time + (wanted.validity.not_after - self._time) / 2)


def _serve(
    waiting: Sequence[CheckedOrder], signer: Signer, now: datetime, issued_by: str, process_count: int
) -> Iterator[Outcome]:
    """Have certificates signed and looked at, in their order."""
    served = processes.share(lambda some: _sign(some, signer, now, issued_by), waiting, process_count)
    for item, (row, difference) in zip(waiting, served):
        yield _mistaken(item.order, row, difference) if difference else Outcome(item.order, row)


def _sign(
    waiting: Iterable[CheckedOrder], signer: Signer, now: datetime, issued_by: str
) -> list[tuple[IssuedCertificate, str | None]]:
    """Describe what the signer made, each with its difference from what was wanted; steps as in orders.check."""
    wishes = [(item.order, item.wanted) for item in waiting if item.wanted]
    signed = [signer.issue(wanted) for _order, wanted in wishes]
    differences = [
        issuance.why_not_wanted(certificate, wanted, signer.certificate)
        or issuance.why_not_within(certificate, wanted.validity)
        for certificate, (_order, wanted) in zip(signed, wishes)
    ]
    rows = [
        _describe(order, wanted, certificate, now, issued_by) for (order, wanted), certificate in zip(wishes, signed)
    ]
    return list(zip(rows, differences))


def _mistaken(order: Order, row: IssuedCertificate, difference: str) -> Outcome:
    revoked = row._replace(revoked_at=row.issued_at, reason=UNSPECIFIED, revoked_by=row.issued_by)
    return Outcome(
        order,
        refused=(
            f"What the CA signed is not what was wanted and was revoked at once as {row.serial}: {difference}; "
            "publish the next CRL and find out what the CA's signer does."
        ),
        mistake=revoked,
    )


def _describe(
    order: Order,
    wanted: issuance.WantedCertificate,
    certificate: x509.Certificate,
    now: datetime,
    issued_by: str,
) -> IssuedCertificate:
    return IssuedCertificate(
        serial=certificates.serial_hex(certificate.serial_number),
        host=order.host,
        name=order.name,
        common_name=order.common_name,
        subject=certificates.describe(certificate.subject),
        not_before=iso(certificate.not_valid_before_utc),
        not_after=iso(certificate.not_valid_after_utc),
        fingerprint=certificates.fingerprint(certificate),
        public_key_fingerprint=wanted.public_key_fingerprint,
        pem=certificates.to_pem(certificate),
        issued_at=iso(now),
        issued_by=issued_by,
    )
