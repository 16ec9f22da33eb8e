# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace the issuing CA by the next one below the same root, in steps that may be killed and taken again.

steady                issuing/
prepared              issuing/  next/      the next one signs nothing but its CRL
switched   previous/  issuing/             the one before signs nothing but its CRL
steady                issuing/             and the one before lies in retired/<serial>/
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, names
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import creation, file, generations, ledger, ledger_reading, making, pkcs11, private_files
from .errors import AuthorityError
from .layout import Layout
from .ledger import IssuedCertificate
from .signer import KeySigner

if TYPE_CHECKING:
    from cryptography import x509

STEADY, PREPARED, SWITCHED = "steady", "prepared", "switched"
FINISHED = "finished"  # what is wanted at the end; what is found then is steady

MAKE, SWITCH, RETIRE = "make", "switch", "retire"


class WantedIssuing(NamedTuple):
    """The issuing CA that is to take over."""

    common_name: str
    organization: str | None
    key_type: str
    validity: timedelta

    @property
    def subject(self) -> x509.Name:
        """Its name."""
        return names.subject(self.common_name, self.organization)


class Position(NamedTuple):
    """How far a roll-over has come, and the certificates of the CA that goes, if there are two, and of the newest."""

    stage: str
    old: x509.Certificate | None
    newest: x509.Certificate

    @property
    def certificates(self) -> list[x509.Certificate]:
        """What a trust anchor needs, the older one first."""
        return [self.old, self.newest] if self.old else [self.newest]


class Taken(NamedTuple):
    """What was done, or would be in a dry run: from where to where, and which workloads still need the CA that goes."""

    step: str | None
    before: Position
    after: Position
    remaining: Sequence[IssuedCertificate]
    blocked_hosts: Sequence[str]
    warning: str | None = None

    @property
    def reached(self) -> str:
        """The stage after the step, in a dry run too."""
        return _REACHED[self.step] if self.step else self.before.stage


_REACHED = {MAKE: PREPARED, SWITCH: SWITCHED, RETIRE: STEADY}


def reach(
    layout: Layout,
    state: str,
    wanted: WantedIssuing,
    passphrase: bytes | None,
    token: pkcs11.Token | None,
    now: datetime,
    made_by: str,
    *,
    allow_unencrypted_key: bool,
    allow_existing_key: bool,
    force: bool,
    dry_run: bool,
) -> Taken:
    """Take the one step that brings a roll-over to a state, unless it is there.

    :param passphrase: that of the root's key, and of the new one when it is a file.
    :param token: has the new CA's key; without one that is a file.
    :param force: cuts off the workloads that still need the CA that goes.
    :raises AuthorityError: the step would cut somebody off or leave one out, or it fails. It can be taken again then.
    :raises CertificateError: the name cannot be one of a CA.
    """
    with private_files.explained("written", layout.directory), private_files.locked(layout.directory):
        before = position(layout)
        layout.check_ledger_is_file("ca_rollover")
        remaining = _remaining(layout, before, now)
        blocked_hosts = sorted(ledger_reading.read(layout.ledger, lambda book: book.blocked_hosts()))
        step = decide(
            state,
            before.stage,
            is_new=before.newest.subject == wanted.subject,
            newest=certificates.describe(before.newest.subject),
            remaining=[row.host for row in remaining],
            force=force,
        )
        warning = None
        if step == MAKE:
            creation.check_key_protection(passphrase, allow_unencrypted_key=allow_unencrypted_key)
            making_key = making.issuing_key(wanted.key_type, token, allow_existing_key=allow_existing_key)
            warning = _make(
                layout, wanted, passphrase, making_key, now, made_by, is_file=token is None, dry_run=dry_run
            )
        elif step == SWITCH and not dry_run:
            _switch(layout)
        elif step == RETIRE and not dry_run:
            _retire(layout)
        after = position(layout)
    return Taken(step, before, after, [] if step == RETIRE else remaining, blocked_hosts, warning)


def position(layout: Layout) -> Position:
    """Find out how far a roll-over has come.

    :raises AuthorityError: there is no CA, or one may not look.
    """
    previous, issuing, following = (
        file.load_certificate(files) if private_files.is_there(files.certificate) else None
        for files in (layout.previous, layout.issuing, layout.next)
    )
    if previous and issuing:
        return Position(SWITCHED, previous, issuing)
    if following and (issuing or previous):  # the latter when it was killed between the two renames of the switch
        return Position(PREPARED, issuing or previous, following)
    if issuing:
        return Position(STEADY, None, issuing)
    raise AuthorityError(f"There is no CA in {layout.directory}: make one with the module fleet.rolesanywhere.ca.")


def decide(wanted: str, stage: str, *, is_new: bool, newest: str, remaining: Sequence[str], force: bool) -> str | None:
    """Decide what brings a roll-over to the wanted state, None if nothing.

    :param is_new: whether the newest CA is the one that is to take over.
    :param newest: its name, for a sentence.
    :param remaining: the hosts whose certificate is still of the CA that goes.
    :raises AuthorityError: that would cut somebody off, or leave out a step.
    """
    if not is_new:
        if stage != STEADY:
            raise AuthorityError(f"The roll-over to {newest} is not finished: finish it before the next one.")
        if wanted != PREPARED:
            raise AuthorityError(
                f"The newest issuing CA is {newest}: make the next one first, with the state prepared."
            )
        return MAKE
    if wanted == PREPARED or stage == STEADY:
        return None
    if stage == PREPARED:
        if wanted == FINISHED:
            raise AuthorityError(f"{newest} does not sign yet: let it take over first, with the state switched.")
        return SWITCH
    if wanted == SWITCHED:
        return None
    if remaining and not force:
        shown = ", ".join(remaining[:10]) + (f" and {len(remaining) - 10} more" if len(remaining) > 10 else "")
        raise AuthorityError(
            f"The issuing CA before {newest} cannot go: {shown} would lose the access that it gave; renew or revoke "
            "their certificates first, or set force."
        )
    return RETIRE


def _remaining(layout: Layout, found: Position, now: datetime) -> list[IssuedCertificate]:
    """Find the workloads whose newest certificate, neither expired nor revoked, is of the CA that goes."""
    if found.old is None:
        return []
    newest = ledger_reading.Search(ends_after=iso(now), newest=True)
    rows = ledger_reading.read(layout.ledger, lambda book: book.find(newest, ledger_reading.ALL))
    return generations.read(layout).of(found.old, rows)


def _make(
    layout: Layout,
    wanted: WantedIssuing,
    passphrase: bytes | None,
    making_key: AbstractContextManager[keys.PrivateKey],
    now: datetime,
    made_by: str,
    *,
    is_file: bool,
    dry_run: bool,
) -> str | None:
    """Make the next issuing CA with its empty CRL; return a warning when it ends with its root."""
    _check_name(layout, wanted.subject)
    if not private_files.is_there(layout.root.private_key):
        raise AuthorityError(
            f"The root's private key is not in {layout.root.folder}: bring it back for this, and take it away again."
        )
    root = making.Root(file.load_certificate(layout.root), file.load_private_key(layout.root, passphrase))
    if dry_run:
        return None
    # The key is the inner one: once the CA has its final name, nothing that fails may take its key away.
    with making.staging(layout.directory) as staged, making_key as issuing_key, ledger.opened(layout.ledger) as book:
        issuing, warning = making.sign_issuing(wanted.subject, issuing_key.public_key(), wanted.validity, now, root)
        making.write_authority(staged.next, issuing, keys.to_pem(issuing_key, passphrase) if is_file else None)
        with book.batch():
            signer = KeySigner(issuing, issuing_key)
            number = book.last_revocation_list_number() + 1
            book.add_revocation_list(making.write_first_crl(staged.next, signer, number, now, made_by))
            staged.next.folder.rename(layout.next.folder)
    private_files.sync_directory(layout.directory)
    return warning


def _switch(layout: Layout) -> None:
    """Let the next issuing CA sign from now on; the ledger is held, so that no batch is signed in between."""
    with ledger.opened(layout.ledger) as book, book.batch():
        if layout.issuing.folder.exists():
            layout.issuing.folder.rename(layout.previous.folder)
        layout.next.folder.rename(layout.issuing.folder)
        private_files.sync_directory(layout.directory)


def _retire(layout: Layout) -> None:
    """Put the issuing CA before away, with its key and its last CRL."""
    certificate = file.load_certificate(layout.previous)
    layout.retired.mkdir(mode=private_files.DIRECTORY_MODE, exist_ok=True)
    layout.retired.chmod(private_files.DIRECTORY_MODE)
    layout.previous.folder.rename(layout.retired / certificates.serial_hex(certificate.serial_number))
    private_files.sync_directory(layout.directory)


def _check_name(layout: Layout, subject: x509.Name) -> None:
    """Refuse a name that a CA of this folder has or had: chains and CRLs are matched by it."""
    for files in (layout.root, *layout.issuing_ever()):
        if file.load_certificate(files).subject == subject:
            raise AuthorityError(
                f"{certificates.describe(subject)} is the name of the CA in {files.folder}: give the next one another, "
                "for example with G2 at the end."
            )
