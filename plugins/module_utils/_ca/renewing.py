# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workloads are to be renewed, by what the ledger knows, so that a nightly run visits no other host.

The ledger cannot see what changed in the inventory or on a host; a look at the host does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import (
    Thresholds,
    why_near_its_end,
    why_out_of_range,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

from .errors import AuthorityError
from .ledger import BlockedHost, IssuedCertificate
from .ledger_reading import LedgerReader

# A workload whose last certificate ended before this was given up, unless the host has no other.
GIVEN_UP_AFTER = timedelta(days=30)


class RenewalQuestion(NamedTuple):
    """Of which hosts somebody wants to know, None for all that the ledger knows, and when they are due."""

    hosts: Sequence[str] | None
    thresholds: Thresholds


class Finding(NamedTuple):
    """What there is to say of a workload; of a whole host where *name* is None."""

    host: str
    reason: str
    name: str | None = None
    serial: str | None = None
    not_after: str | None = None


class Renewal(NamedTuple):
    """What is due, and what is held back: revoked is never a reason to renew."""

    due: Sequence[Finding]
    held: Sequence[Finding]

    @property
    def hosts(self) -> list[str]:
        """The hosts that have something due, each once."""
        return list(dict.fromkeys(finding.host for finding in self.due))


def check(question: RenewalQuestion) -> RenewalQuestion:
    """Return a question that makes sense.

    :raises AuthorityError: a threshold is out of its range.
    """
    fault = why_out_of_range(question.thresholds)
    if fault:
        raise AuthorityError(fault)
    return question


def find(book: LedgerReader, question: RenewalQuestion, now: datetime) -> Renewal:
    """Go through the hosts, in the order in which they were asked for."""
    hosts = book.hosts() if question.hosts is None else question.hosts
    blocked = book.blocked_hosts()
    due: list[Finding] = []
    held: list[Finding] = []
    for host in dict.fromkeys(hosts):
        if host in blocked:
            held.append(_blocked(blocked[host]))
            continue
        recent = book.of_host_ending_after(host, iso(now - GIVEN_UP_AFTER))
        if not recent:
            due.append(_without_certificate(host, book.last_of_host(host)))
        for certificates in _by_workload(recent).values():
            hindrance = why_held(certificates, now)
            reason = why_due(certificates, question.thresholds, now)
            if hindrance:
                held.append(_finding(certificates[-1], hindrance))
            elif reason:
                due.append(_finding(certificates[-1], reason))
    return Renewal(due, held)


def why_held(certificates: Sequence[IssuedCertificate], now: datetime) -> str | None:
    """Say why a workload gets nothing new although it may be due; *certificates* are its own as they were issued."""
    live = [certificate for certificate in certificates if certificate.not_after > iso(now)]
    revoked = [certificate for certificate in live if certificate.revoked_at]
    in_use = [certificate for certificate in revoked if certificate.in_use_since]
    if not in_use and len(revoked) < len(live):
        return None
    for certificate in in_use or revoked[-1:]:
        return f"certificate {certificate.serial} was revoked on {certificate.revoked_at}"
    return None


def why_due(certificates: Sequence[IssuedCertificate], thresholds: Thresholds, now: datetime) -> str | None:
    """Say why a workload is to be renewed, or why its host is to be looked at.

    A certificate that is not known to be in use was perhaps never installed: the one before it runs out.
    """
    good = [certificate for certificate in certificates if not certificate.revoked_at]
    if not good or good[-1].not_after <= iso(now):
        return _expired(certificates[-1])
    newest = good[-1]
    if not newest.in_use_since:
        return f"certificate {newest.serial} of {newest.issued_at} is not known to be in use"
    begin, end = from_iso(newest.not_before), from_iso(newest.not_after)
    return why_near_its_end(begin, end, newest.fingerprint, now, thresholds)


def _by_workload(certificates: Iterable[IssuedCertificate]) -> Mapping[str, list[IssuedCertificate]]:
    found: dict[str, list[IssuedCertificate]] = {}
    for certificate in certificates:
        found.setdefault(certificate.name, []).append(certificate)
    return found


def _blocked(block: BlockedHost) -> Finding:
    return Finding(block.host, f"blocked since {block.since} by {block.blocked_by} ({block.reason})")


def _without_certificate(host: str, last: IssuedCertificate | None) -> Finding:
    return _finding(last, _expired(last)) if last else Finding(host, "no certificate yet")


def _expired(certificate: IssuedCertificate) -> str:
    return f"expired on {certificate.not_after[:10]}"


def _finding(certificate: IssuedCertificate, reason: str) -> Finding:
    return Finding(certificate.host, reason, certificate.name, certificate.serial, certificate.not_after)
