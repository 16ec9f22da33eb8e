# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a CA of ours out of one that was run by hand with ``openssl ca``. Its own files are left as they are.

A later run brings in what the old program has issued or revoked meanwhile, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, revocation_lists

from . import creation, file, ledger, making, openssl_ca, private_files, revocation_list, revocation_list_room
from .errors import AuthorityError
from .layout import Layout, existing
from .ledger import TAKEN_OVER, IssuedCertificate
from .openssl_ca import Accounts, Source
from .signer import KeySigner

if TYPE_CHECKING:
    from cryptography import x509


class Entered(NamedTuple):
    """How many certificates came into the ledger, how many revocations, how many certificates without their PEM."""

    certificates: int
    revoked: int
    without_pem: int


class TakenOver(NamedTuple):
    """The CA that is there now, or would be; *made* when it was not there before, *warnings* a sentence each."""

    made: bool
    issuing: x509.Certificate
    entered: Entered
    warnings: Sequence[str]
    root: x509.Certificate | None = None
    tightened: Sequence[Path] = ()


def ensure(
    layout: Layout,
    source: Source,
    passphrase: bytes | None,
    now: datetime,
    made_by: str,
    *,
    allow_unencrypted_key: bool,
    dry_run: bool,
) -> TakenOver:
    """Take the CA over unless that is done.

    :param passphrase: opens the old key where that is encrypted, and encrypts the copy.
    :raises AuthorityError: a file cannot be read, another CA is there, the key would be unencrypted, or the disk
        refuses.
    :raises CertificateError: the CA cannot serve Roles Anywhere.
    """
    if private_files.is_there(layout.issuing.certificate):
        with making.held(layout.directory):
            return _keep(layout, source, now, dry_run=dry_run)
    creation.check_key_protection(passphrase, allow_unencrypted_key=allow_unencrypted_key)
    issuing, private_key = openssl_ca.load_authority(source, passphrase, now)
    accounts = openssl_ca.read_accounts(source, issuing, now)
    if private_files.is_there(layout.directory):
        creation.check_room(layout)
    taken_over = TakenOver(True, issuing, _count(accounts.rows), _warnings(source, issuing, accounts))
    if dry_run:
        return taken_over
    with making.held(layout.directory):
        if private_files.is_there(layout.issuing.certificate):  # another run was faster
            return _keep(layout, source, now, dry_run=False)
        creation.check_room(layout)
        with making.staging(layout.directory) as staged:
            making.write_authority(staged.issuing, issuing, keys.to_pem(private_key, passphrase))
            _write_accounts(staged, KeySigner(issuing, private_key), accounts, now, made_by)
            making.settle(staged, layout)
    return taken_over


def why_cautious(issuing: x509.Certificate) -> list[str]:
    """Say what a person must know who lets Roles Anywhere trust a CA that has signed before."""
    subject = certificates.describe(issuing.subject)
    accepted = (
        f"A trust anchor with {subject} accepts every certificate that it has ever signed, those for TLS or VPN too: "
        "let the roles' trust policies name the subjects that are meant. Never use openssl ca with it again: neither "
        "index.txt nor the ledger would know what the other one does."
    )
    further = (
        f"{subject} may sign further CAs (its basicConstraints have no pathlen:0): what those have signed is accepted "
        "too, revoke them if there are any."
    )
    without_crl = (
        f"{subject} may not sign CRLs (keyUsage cRLSign is missing): it can issue, but what it has issued cannot be "
        "revoked for Roles Anywhere; make the next issuing CA."
    )
    return [
        accepted,
        *([further] if certificates.path_length(issuing) != 0 else []),
        *([] if revocation_lists.may_sign(issuing) else [without_crl]),
    ]


def _keep(layout: Layout, source: Source, now: datetime, *, dry_run: bool) -> TakenOver:
    """Compare the CA in place with its old files, as far as those are still there."""
    existing(str(layout.directory))
    issuing = file.load_certificate(layout.issuing)
    root = file.load_certificate(layout.root) if private_files.is_there(layout.root.certificate) else None
    if private_files.is_there(source.certificate) and file.load_certificate(source) != issuing:
        raise AuthorityError(
            f"The CA in {layout.directory} is another one than that of {source.certificate}: give another folder."
        )
    entered = Entered(0, 0, 0)
    if source.index_file and private_files.is_there(source.index_file) and private_files.is_there(layout.ledger):
        with ledger.opened(layout.ledger) as book, book.batch(dry_run=dry_run):
            entered = _bring_in(book, source, issuing, now)
    warnings = []
    if any(entered):
        warnings.append(
            f"openssl ca has issued {entered.certificates} and revoked {entered.revoked} certificates since the CA was "
            "taken over; the ledger has them now, but never use openssl ca with it again."
        )
    return TakenOver(False, issuing, entered, warnings, root, creation.tighten(layout, dry_run=dry_run))


def _bring_in(book: ledger.Ledger, source: Source, issuing: x509.Certificate, now: datetime) -> Entered:
    """Enter what index.txt has and the ledger has not."""
    new: list[IssuedCertificate] = []
    revoked = 0
    for entry in openssl_ca.index(source, issuing):
        known = book.with_serial(certificates.serial_hex(entry.serial_number))
        if known is None:
            row = openssl_ca.describe(entry, source, issuing, now)
            new += [row] if row else []
        elif entry.revoked_at and not known.revoked_at:
            book.revoke([known.serial], entry.revoked_at, entry.reason or "unspecified", TAKEN_OVER)
            revoked += 1
    book.add(new)
    entered = _count(new)
    return entered._replace(revoked=entered.revoked + revoked)


def _write_accounts(staged: Layout, signer: KeySigner, accounts: Accounts, now: datetime, made_by: str) -> None:
    ledger.create(staged.ledger)
    with ledger.opened(staged.ledger) as book, book.batch():
        book.add(accounts.rows)
        if not revocation_lists.may_sign(signer.certificate):
            return
        known = book.revoked_since(now - making.FIRST_CRL_PERIOD)
        revoked = {**accounts.unknown, **{int(row.serial, 16): revocation_list.revocation_of(row) for row in known}}
        room = revocation_lists.room_for_entries(signer.certificate)
        chosen = revocation_list_room.select(revoked, accounts.unknown, room).revoked  # ca_crl tells what was left out
        made = making.write_first_crl(staged.issuing, signer, accounts.number, now, made_by, chosen)
        book.add_revocation_list(made)


def _warnings(source: Source, issuing: x509.Certificate, accounts: Accounts) -> list[str]:
    warnings = why_cautious(issuing)
    if source.index_file is None:
        warnings.append(
            "The ledger knows nothing of what the CA has issued, so that none of it can be revoked: give index_path "
            "and new_certificates_directory if there are any."
        )
    if accounts.fault:
        warnings.append(accounts.fault)
    if accounts.left_out:
        warnings.append(
            f"{len(accounts.left_out)} certificates of index.txt were not signed with the CA's key and are not in the "
            f"ledger: {', '.join(accounts.left_out[:10])}."
        )
    return warnings


def _count(rows: Sequence[IssuedCertificate]) -> Entered:
    return Entered(len(rows), sum(bool(row.revoked_at) for row in rows), sum(not row.pem for row in rows))
