# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issue certificates through a CA that is asked over a wire.

What a run will ask for stands in the ledger, committed, before the first question; each answer is entered, committed
and closes its intent before the next one counts. The ledger is not locked while the wire is waited for. Whatever kills
a run, the next one finds the intents that are open and looks for their answers first, so nothing that the CA signed
stays unknown. While a run is alive its intents are its own: no other asks for the same again.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance, requests
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from .answers import Outcome, judge
from .desk import Desk, why_blocked
from .errors import AuthorityError
from .ledger import Intent, IssuedCertificate, Ledger
from .orders import CheckedOrder, Order, check, complete
from .signer import Accepted, Answer, Application, Lost, RemoteAuthority

if TYPE_CHECKING:
    from cryptography import x509

# A run that gives no sign of life for so long is taken for dead; no provider waits longer for one answer.
CLAIM = timedelta(minutes=10)
_SIGN_OF_LIFE = CLAIM / 10

NO_ANSWER = "The CA gave no answer for this one: run this again, which looks for the answer first."


class Asked(NamedTuple):
    """An application with the order that it is for, and by whom it was asked for."""

    order: Order
    application: Application
    asked_by: str


class Run:
    """A run that asks: its name in the ledger, and which intents it has to itself."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], actor: str) -> None:
        self.ledger = ledger
        self.clock = clock
        self.actor = actor
        self.name = secrets.token_hex(8)
        self._claimed_until = clock()

    def claim_until(self) -> datetime:
        """Begin a claim, and return its end."""
        self._claimed_until = self.clock() + CLAIM
        return self._claimed_until

    def show_life(self) -> None:
        """Prolong the claim now and then, within the batch that is open."""
        if self._claimed_until - self.clock() < CLAIM - _SIGN_OF_LIFE:
            self.ledger.claim_intents(self.name, self.claim_until())

    def let_go(self) -> None:
        """Leave what has no answer to the next run."""
        # If the disk is full the claim ends by itself.
        with contextlib.suppress(AuthorityError), self.ledger.batch():
            self.ledger.claim_intents(self.name, self.clock())


def recover(authority: RemoteAuthority, run: Run) -> list[Outcome]:
    """Look for the answers that earlier runs have lost, and enter what is found; return that.

    :raises AuthorityError: the CA cannot be reached, the clock runs behind the ledger, or that cannot be written.
    """
    ledger = run.ledger
    with ledger.batch():
        now = run.clock()
        ledger.check_clock(now)
        lost = ledger.take_over_intents(run.name, now, run.claim_until())
    outcomes = []
    try:
        for asked in map(_asked, lost):
            certificate = authority.find(asked.application)
            with ledger.batch():
                run.show_life()
                if certificate is None:
                    ledger.close_intent(asked.application.token)
                else:
                    outcomes.append(_enter(asked, certificate, authority.certificate, run))
    finally:
        if lost:
            run.let_go()
    return outcomes


def issue(
    orders: Sequence[Order],
    nonce: str,
    validity: issuance.Validity,
    authority: RemoteAuthority,
    run: Run,
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """Serve a batch of orders; whatever certificate is returned stands in the ledger, committed.

    When the CA goes away in between, those that came are served and the others refused with what it said.

    :raises AuthorityError: the clock runs behind the ledger, or the ledger cannot be written. What was signed by then
        and is not in the ledger is found by the next run.
    """
    checked = check(orders, nonce, validity)
    ledger = run.ledger
    with ledger.batch(dry_run=dry_run):
        now = run.clock()
        ledger.check_clock(now)
        desk = Desk(checked, authority.certificate, ledger, now)
        decided = [desk.decide(item) for item in checked]
        waiting = [item for item, outcome in zip(checked, decided) if outcome is None]
        if dry_run:
            served = iter([Outcome(item.order) for item in waiting])
        else:
            intents = [_intent(item, run.name, run.actor, now, run.claim_until()) for item in waiting]
            ledger.add_intents(intents)
    if not dry_run:
        served = iter(_ask([_asked(intent) for intent in intents], authority, run))
    return [next(served) if outcome is None else outcome for outcome in decided]


def _ask(asked: Sequence[Asked], authority: RemoteAuthority, run: Run) -> list[Outcome]:
    """Ask for all, and enter the answers as they come."""
    by_token = {item.application.token: item for item in asked}
    answers = _Answers(authority, [item.application for item in asked])
    outcomes: dict[str, Outcome] = {}
    try:
        for application, answer in answers if asked else ():
            item = by_token[application.token]
            with run.ledger.batch():
                run.show_life()
                if isinstance(answer, Accepted):
                    run.ledger.refer_intent(application.token, answer)
                else:
                    outcomes[application.token] = _enter(item, answer, authority.certificate, run)
    finally:
        if asked:
            run.let_go()
    return [outcomes.get(token) or Outcome(item.order, refused=answers.end) for token, item in by_token.items()]


class _Answers:
    """What a CA answers until it goes away; *end* is the sentence for those that got no answer then."""

    def __init__(self, authority: RemoteAuthority, applications: Sequence[Application]) -> None:
        self._authority = authority
        self._applications = applications
        self.end: str = NO_ANSWER

    def __iter__(self) -> Iterator[tuple[Application, Answer]]:
        try:
            yield from self._authority.issue(self._applications)
        except AuthorityError as error:
            self.end = str(error)


def _enter(asked: Asked, answer: Answer, issuer: x509.Certificate, run: Run) -> Outcome:
    """Look at an answer as at a stranger's, and enter it, within the batch that is open."""
    order, application, ledger = asked.order, asked.application, run.ledger
    if isinstance(answer, Lost):
        return Outcome(order, refused=str(answer))
    ledger.close_intent(application.token)
    if isinstance(answer, str):
        return Outcome(order, refused=answer)
    outcome = judge(order, application.wanted, answer, issuer, run.clock(), asked.asked_by)
    if outcome.new is None:
        return outcome
    known = ledger.with_serial(outcome.new.serial)
    if known:
        return _known(order, outcome, known)
    blocked = ledger.blocked(order.host)
    if blocked and outcome.certificate:
        # Somebody took the host's access away while the CA was signing.
        revoked = outcome.certificate._replace(
            revoked_at=iso(run.clock()), reason=blocked.reason, revoked_by=blocked.blocked_by
        )
        outcome = Outcome(order, refused=why_blocked(blocked), mistake=revoked)
    ledger.add(row for row in [outcome.new] if row)
    return outcome


def _known(order: Order, outcome: Outcome, known: IssuedCertificate) -> Outcome:
    """Say what becomes of an order that was answered with a certificate that stands in the ledger already."""
    right = outcome.certificate
    if right and (right.fingerprint, right.host, right.name) == (known.fingerprint, known.host, known.name):
        if known.revoked_at is None:
            return Outcome(order, known, reused=True)
        return Outcome(
            order, refused=f"The CA answered with the certificate {known.serial}, which is revoked: run this again."
        )
    return Outcome(
        order,
        refused=(
            f"The CA answered with the certificate {known.serial}, which belongs to {known.name} of {known.host}: "
            "find out what it does."
        ),
    )


def _intent(item: CheckedOrder, run: str, actor: str, now: datetime, until: datetime) -> Intent:
    order, wanted = item.order, item.wanted
    if wanted is None:
        raise AssertionError("The desk has refused what is not good in itself.")
    return Intent(
        token=secrets.token_hex(16),
        host=order.host,
        name=order.name,
        common_name=order.common_name,
        public_key_fingerprint=wanted.public_key_fingerprint,
        not_before=iso(wanted.validity.not_before),
        not_after=iso(wanted.validity.not_after),
        wishes=json.dumps(order._asdict()),
        asked_at=iso(now),
        asked_by=actor,
        run=run,
        claimed_until=iso(until),
    )


def _asked(intent: Intent) -> Asked:
    """Read an intent.

    :raises AuthorityError: it is not one that this release would write.
    """
    order = Order(**json.loads(intent.wishes))
    validity = issuance.Validity(from_iso(intent.not_before), from_iso(intent.not_after))
    try:
        wanted = complete(order, requests.read(order.csr), validity).wanted
    except CertificateError:
        wanted = None
    if wanted is None:
        raise AuthorityError(f"The ledger's intent {intent.token} cannot be read: use the release that wrote it.")
    return Asked(order, Application(intent.token, order.csr, wanted, intent.reference), intent.asked_by)
