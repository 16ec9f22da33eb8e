# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the folder of a CA that is asked over a wire: its certificate, the ledger, and its CRL if it has one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import creation, file, ledger, making, private_files, remote_revocation_list, revocation_list
from .errors import AuthorityError
from .layout import Layout, existing
from .signer import RemoteAuthority

if TYPE_CHECKING:
    from cryptography import x509


def ensure(
    layout: Layout,
    authority: RemoteAuthority,
    common_name: str | None,
    now: datetime,
    made_by: str,
    *,
    dry_run: bool,
) -> creation.Ensured:
    """Make the folder unless it is there.

    :param common_name: the name that the CA has to have; None for any.
    :raises AuthorityError: the CA is no issuing CA or another one, or the disk refuses.
    """
    check(authority, common_name, now)
    directory = layout.directory
    there = private_files.is_there(directory)
    if not there and dry_run:
        return creation.Ensured(True, issuing=authority.certificate)
    with private_files.explained("written", directory):
        if not there:
            directory.mkdir(mode=private_files.DIRECTORY_MODE, parents=True, exist_ok=True)
            directory.chmod(private_files.DIRECTORY_MODE)
        with private_files.locked(directory):
            if private_files.is_there(layout.issuing.certificate):
                existing(str(directory))
                check_same(layout, authority)
                tightened = creation.tighten(layout, dry_run=dry_run)
                return creation.Ensured(False, issuing=authority.certificate, tightened=tightened)
            creation.check_room(layout)
            if not dry_run:
                _create(layout, authority, now, made_by)
    return creation.Ensured(True, issuing=authority.certificate)


def check(authority: RemoteAuthority, common_name: str | None, now: datetime) -> None:
    """Check that the CA can issue what Roles Anywhere takes.

    :raises AuthorityError: it cannot, or has another name than it should.
    """
    certificate = authority.certificate
    reason = certificates.why_not_authority(certificate)
    if reason is None and certificate.not_valid_after_utc <= now:
        reason = f"ended on {iso(certificate.not_valid_after_utc)}"
    subject = certificates.describe(certificate.subject) or "without subject"
    if reason:
        raise AuthorityError(f"The CA certificate {subject} {reason}: name an issuing CA that is in force.")
    names = certificates.common_names(certificate)
    if common_name is not None and names != [common_name]:
        raise AuthorityError(f"The CA is {subject} and not {common_name}: correct the options, or common_name.")


def check_same(layout: Layout, authority: RemoteAuthority) -> None:
    """Check that the CA that answers is the one of the folder.

    :raises AuthorityError: it is another one, by name, by key or by certificate.
    """
    there, answering = file.load_certificate(layout.issuing), authority.certificate
    if there != answering:
        raise AuthorityError(
            f"The CA that answers is {_name(answering)}, but {layout.directory} belongs to {_name(there)}: "
            "correct the options, or give another folder for a new CA."
        )


def _create(layout: Layout, authority: RemoteAuthority, now: datetime, made_by: str) -> None:
    layout.directory.chmod(private_files.DIRECTORY_MODE)
    with making.staging(layout.directory) as staged:
        making.write_authority(staged.issuing, authority.certificate, None)
        ledger.create(staged.ledger)
        if authority.revocation_list() is not None:
            crl = remote_revocation_list.fetch(authority, now)
            private_files.write(staged.crl, revocation_lists.to_pem(crl).encode())
            with ledger.opened(staged.ledger) as book, book.batch():
                book.add_revocation_list(revocation_list.entry(crl, made_by))
        staged.ledger.rename(layout.ledger)
        staged.issuing.folder.rename(layout.issuing.folder)
    private_files.sync_directory(layout.directory)


def _name(certificate: x509.Certificate) -> str:
    serial = certificates.serial_hex(certificate.serial_number)
    return f"{certificates.describe(certificate.subject)} with the serial number {serial}"
