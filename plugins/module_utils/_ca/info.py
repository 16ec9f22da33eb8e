# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a CA as a whole: its certificates, its ledger, its CRL, its files. Nothing is written, no key is opened."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import file, health, ledger_reading, ledgers, private_files, renewing, revocation_list
from .errors import AuthorityError
from .layout import Layout
from .ledger import BlockedHost, IssuedCertificate

if TYPE_CHECKING:
    from cryptography import x509


class Question(NamedTuple):
    """What somebody wants to know.

    Without a *search* no certificate is listed, and never more than *limit*; what is due only when *renewal* asks.
    """

    search: ledger_reading.Search | None
    limit: int
    validity: timedelta
    refresh_before: timedelta
    renewal: renewing.RenewalQuestion | None = None
    seen_serials: Sequence[str] = ()


class SharedKey(NamedTuple):
    """A public key that more than one host or workload has or had."""

    public_key_fingerprint: str
    certificates: Sequence[IssuedCertificate]


class Comparison(NamedTuple):
    """A CRL beside the ledger; see :func:`compare`."""

    crl: x509.CertificateRevocationList
    missing: Sequence[str]
    unknown: Sequence[str]


class Entries(NamedTuple):
    """What the ledger has to say, all of one moment, and what its clock says of this machine's.

    *matching* counts what the search finds, also beyond the limit; None without a search.
    """

    counts: ledger_reading.Counts
    matching: int | None
    found: Sequence[IssuedCertificate]
    blocked_hosts: Sequence[BlockedHost]
    crl: Comparison | None
    shared_key_count: int
    shared_keys: Sequence[SharedKey]
    last_crl_number: int
    clock: str | None
    renewal: renewing.Renewal | None
    unknown_serials: Sequence[str]


class Report(NamedTuple):
    """What was found.

    *faults* are sentences about what a person should see to, *left_out* about what the limit has cut off.
    """

    issuing: x509.Certificate
    root: x509.Certificate | None
    entries: Entries
    faults: Sequence[str]
    left_out: Sequence[str]


def look(layout: Layout, question: Question, now: datetime, reading: ledgers.Reading | None = None) -> Report:
    """Look at everything.

    :param reading: the ledger; the file beside the CA when left out.
    :raises AuthorityError: the CA's certificates or the ledger cannot be read.
    """
    reading = reading or ledgers.FileReading(layout)
    issuing = file.load_certificate(layout.issuing)
    root = file.load_certificate(layout.root) if private_files.is_there(layout.root.certificate) else None
    for _attempt in range(ledger_reading.ATTEMPTS):
        crl, fault = _crl(layout, issuing, reading)
        others = _other_crls(layout)
        asked = functools.partial(_ask, question=question, crl=crl, others=others, now=now)
        entries = reading.read(asked)
        if _crl(layout, issuing, reading) == (
            crl,
            fault,
        ):  # otherwise another run made one after revocations not seen here
            break
    files = list(_files(layout))
    faults = [
        entries.clock,
        health.about_end(issuing.not_valid_after_utc, question.validity, now),
        fault,
        *(_about_crl(entries.crl, others, entries.last_crl_number, question, now) if entries.crl else ()),
        health.about_rights(files),
        health.about_owners(files, files[0].owner),
    ]
    left_out = [
        about_limit("certificates", entries.matching or 0, question.limit),
        about_limit("shared keys", entries.shared_key_count, question.limit),
    ]
    return Report(
        issuing,
        root,
        entries,
        [sentence for sentence in faults if sentence],
        [sentence for sentence in left_out if sentence],
    )


def about_limit(kind: str, found: int, limit: int) -> str | None:
    """Say when a list does not hold all that was found, unless nothing was to be listed."""
    if not 0 < limit < found:
        return None
    return f"{limit} of {found} {kind} are listed: ask for fewer, or raise limit."


def compare(
    crl: x509.CertificateRevocationList,
    others: Iterable[x509.CertificateRevocationList],
    book: ledger_reading.LedgerReader,
    now: datetime,
) -> Comparison:
    """Compare a CRL with the ledger; *others* are those of the issuing CAs before and after.

    *missing* are the serial numbers that the ledger has as revoked and that have not expired, but are on no CRL;
    *unknown* those on the CRL that the ledger does not have as revoked.
    """
    published = _serials(crl)
    known = frozenset(itertools.chain(published, *map(_serials, others)))
    missing = [serial for serial in book.revoked_unexpired(iso(now)) if serial not in known]
    return Comparison(crl, missing, [serial for serial in published if not book.is_revoked(serial)])


def _ask(
    book: ledger_reading.LedgerReader,
    question: Question,
    crl: x509.CertificateRevocationList | None,
    others: Sequence[x509.CertificateRevocationList],
    now: datetime,
) -> Entries:
    search, limit = question.search, question.limit
    shared = book.shared_keys()
    return Entries(
        book.counts(iso(now)),
        book.count(search) if search else None,
        book.find(search, limit) if search else [],
        sorted(book.blocked_hosts().values()),
        None if crl is None else compare(crl, others, book, now),
        len(shared),
        [SharedKey(fingerprint, book.with_public_key(fingerprint)) for fingerprint in shared[:limit]],
        book.last_revocation_list_number(),
        _clock(book, now),
        renewing.find(book, question.renewal, now) if question.renewal else None,
        [serial for serial in question.seen_serials if book.with_serial(serial) is None],
    )


def _clock(book: ledger_reading.LedgerReader, now: datetime) -> str | None:
    try:
        book.check_clock(now)
    except AuthorityError as error:
        return str(error)
    return None


def _crl(
    layout: Layout, issuing: x509.Certificate, reading: ledgers.Reading
) -> tuple[x509.CertificateRevocationList | None, str | None]:
    """Read the CRL in place, or say why there is none to look at."""
    try:
        crl = revocation_list.last(layout.issuing, issuing, reading, keep=False)
    except AuthorityError as error:
        return None, str(error)
    if crl is None:
        return None, f"There is no CRL {layout.crl}: make one with ca_crl and publish it."
    return crl, None


def _other_crls(layout: Layout) -> list[x509.CertificateRevocationList]:
    """Read the last CRLs of the issuing CAs before and after the one that issues."""
    others = (files for files in layout.issuing_ever() if files != layout.issuing)
    found = (revocation_list.in_place(files, file.load_certificate(files)) for files in others)
    return [crl for crl in found if crl is not None]


def _serials(crl: x509.CertificateRevocationList) -> list[str]:
    return [certificates.serial_hex(serial_number) for serial_number in revocation_lists.revocations(crl)]


def _about_crl(
    comparison: Comparison,
    others: Iterable[x509.CertificateRevocationList],
    last_number: int,
    question: Question,
    now: datetime,
) -> Iterator[str | None]:
    # All CRLs of the folder share one row of numbers.
    number = max(revocation_lists.number(crl) for crl in (comparison.crl, *others))
    yield health.about_next_update(comparison.crl.next_update_utc, question.refresh_before, now)
    yield health.about_number(number, last_number)
    yield health.about_missing(len(comparison.missing))
    yield health.about_unknown(len(comparison.unknown))


def _files(layout: Layout) -> Iterator[health.FoundFile]:
    """Go through what is there, the folder itself first."""
    beside = (layout.ledger.with_name(f"{layout.ledger.name}{suffix}") for suffix in ("-wal", "-shm"))
    for path in (*layout.paths(), *beside):
        with private_files.explained("read", path):
            try:
                state = path.stat()
            except FileNotFoundError:  # a key that is kept elsewhere, a log that its writer has put away
                continue
        yield health.FoundFile(path, state.st_uid, private_files.is_open(state.st_mode))
