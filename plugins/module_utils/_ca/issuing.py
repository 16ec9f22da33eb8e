# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue certificates for a batch of orders: what is refused, what is given again, what is signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import processes
from .answers import Outcome, describe, mistaken
from .desk import Desk
from .errors import AuthorityError
from .ledger import IssuedCertificate, Ledger
from .orders import CheckedOrder, Order, check
from .signer import Signer

SHORTEST_VALIDITY = timedelta(days=1)


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
        desk = Desk(checked, signer.certificate, ledger, now)
        decided = [desk.decide(item) for item in checked]
        waiting = [item for item, outcome in zip(checked, decided) if outcome is None]
        if dry_run:
            served: Iterator[Outcome] = (Outcome(item.order) for item in waiting)
        else:
            served = _serve(waiting, signer, now, issued_by, process_count)
        outcomes = [next(served) if outcome is None else outcome for outcome in decided]
        ledger.add(outcome.new for outcome in outcomes if outcome.new)
    return outcomes


def _serve(
    waiting: Sequence[CheckedOrder], signer: Signer, now: datetime, issued_by: str, process_count: int
) -> Iterator[Outcome]:
    """Have certificates signed and looked at, in their order."""
    served = processes.share(lambda some: _sign(some, signer, now, issued_by), waiting, process_count)
    for item, (row, difference) in zip(waiting, served):
        yield mistaken(item.order, row, difference) if difference else Outcome(item.order, row)


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
        describe(order, wanted, certificate, now, issued_by) for (order, wanted), certificate in zip(wishes, signed)
    ]
    return list(zip(rows, differences))
