# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the two-level CA with its ledger and its first CRL, once.

All of it is made in a folder of its own beside the final names, which it gets one by one, the issuing CA last. So a
run that is killed leaves no CA or a whole one, and perhaps a root that the next run goes on with, or a key in a token
that it may be told to take.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, names

from . import file, ledger, making, pkcs11, private_files
from .errors import AuthorityError
from .layout import Layout, existing
from .signer import KeySigner

if TYPE_CHECKING:
    from cryptography import x509


class WantedAuthority(NamedTuple):
    """The CA as the user wants it."""

    common_name: str
    root_common_name: str
    organization: str | None
    key_type: str
    root_validity: timedelta
    validity: timedelta

    @property
    def subject(self) -> x509.Name:
        """The issuing CA's name."""
        return names.subject(self.common_name, self.organization)

    @property
    def root_subject(self) -> x509.Name:
        """The root's name."""
        return names.subject(self.root_common_name, self.organization)


class Ensured(NamedTuple):
    """The CA that is there now; in a dry run there are no certificates where one would be made.

    *tightened* are the paths of an older CA that were open to others.
    """

    made: bool
    root: x509.Certificate | None = None
    issuing: x509.Certificate | None = None
    warnings: Sequence[str] = ()
    tightened: Sequence[Path] = ()


def ensure(
    layout: Layout,
    wanted: WantedAuthority,
    passphrase: bytes | None,
    now: datetime,
    made_by: str,
    *,
    allow_unencrypted_key: bool,
    dry_run: bool,
    token: pkcs11.Token | None = None,
    allow_existing_key: bool = False,
) -> Ensured:
    """Make the CA unless it is there.

    :param token: has the issuing CA's key; without one that is a file. The root's is always a file.
    :param allow_existing_key: whether a new CA may take a key that is in the token.
    :raises AuthorityError: another CA or the remains of one are there, a key would be unencrypted, or the disk refuses.
    :raises CertificateError: a name cannot be one of a CA.
    """
    if wanted.subject == wanted.root_subject:
        raise AuthorityError(f"Root and issuing CA are both named {wanted.common_name!r}: give them different names.")
    directory = layout.directory

    def check_keys() -> None:
        check_key_protection(passphrase, allow_unencrypted_key=allow_unencrypted_key)
        if token:
            token.check_room(wanted.key_type, allow_existing_key=allow_existing_key)

    if not private_files.is_there(directory):
        check_keys()
        if dry_run:
            return Ensured(True)
    with making.held(directory):
        if private_files.is_there(layout.issuing.certificate):
            return _keep(layout, wanted, token, dry_run=dry_run)
        check_keys()
        check_room(layout)
        if dry_run:
            return Ensured(True)
        making_key = making.issuing_key(wanted.key_type, token, allow_existing_key=allow_existing_key)
        return _create(layout, wanted, passphrase, now, made_by, making_key, is_file=token is None)


def check_key_protection(passphrase: bytes | None, *, allow_unencrypted_key: bool) -> None:
    """Check that a key on disk is encrypted, or that the user has said that it need not be.

    :raises AuthorityError: neither.
    """
    if passphrase is None and not allow_unencrypted_key:
        raise AuthorityError(
            "The CA's keys would lie on disk unencrypted: give a passphrase (passphrase, passphrase_path or "
            "passphrase_environment), or say allow_unencrypted_key: true."
        )


def why_another(wanted: WantedAuthority, root: x509.Certificate, issuing: x509.Certificate | None) -> str | None:
    """Say how the CA that is there differs from the wanted one, or None. Dates came with its birth and do not count."""
    for kind, subject, certificate in (("issuing CA", wanted.subject, issuing), ("root", wanted.root_subject, root)):
        if certificate is None:
            continue
        if certificate.subject != subject:
            there = certificates.describe(certificate.subject)
            return f"its {kind} is {there} instead of {certificates.describe(subject)}"
        key_type = keys.key_type(keys.accepted(certificate.public_key()))
        if key_type != wanted.key_type:
            return f"the key of its {kind} is {key_type} instead of {wanted.key_type}"
    return None


def check_room(layout: Layout) -> None:
    """Check that a folder without a CA may become one: empty, or what a killed run has left.

    :raises AuthorityError: it holds the remains of a CA that was used, or it is a folder of other things.
    """
    directory = layout.directory
    if private_files.is_open_to_others(directory) and any(directory.iterdir()):
        raise AuthorityError(f"{directory} is open to others and not empty: give the CA a folder of its own.")
    for files in (layout.root, layout.issuing):
        if files.folder.exists() and not files.certificate.exists():
            raise AuthorityError(f"{files.folder} has lost its certificate.pem: restore it, or give another folder.")
    if not layout.ledger.exists():
        return
    with ledger.opened(layout.ledger) as book:
        used = book.has_entries()
    if used:
        raise AuthorityError(
            f"{directory} holds the ledger of a CA whose issuing certificate is gone: "
            f"restore {layout.issuing.folder} from a backup, or give another folder."
        )


def tighten(layout: Layout, *, dry_run: bool) -> list[Path]:
    """Take away every right that others have on what the CA has, and return what they had one on."""
    loose = [path for path in layout.paths() if path.exists() and private_files.is_open_to_others(path)]
    if not dry_run:
        for path in loose:
            path.chmod(private_files.DIRECTORY_MODE if path.is_dir() else private_files.FILE_MODE)
    return loose


def _keep(layout: Layout, wanted: WantedAuthority, token: pkcs11.Token | None, *, dry_run: bool) -> Ensured:
    existing(str(layout.directory))
    root, issuing = file.load_certificate(layout.root), file.load_certificate(layout.issuing)
    _check_same(layout, wanted, root, issuing)
    if token:
        token.load_signer(layout.issuing)
    return Ensured(False, root, issuing, tightened=tighten(layout, dry_run=dry_run))


def _check_same(
    layout: Layout, wanted: WantedAuthority, root: x509.Certificate, issuing: x509.Certificate | None
) -> None:
    reason = why_another(wanted, root, issuing)
    if reason:
        raise AuthorityError(
            f"The CA in {layout.directory} is another one, {reason}: give another folder for a new CA, "
            "or replace the issuing CA by the next one with the playbook ca_rollover."
        )


def _create(
    layout: Layout,
    wanted: WantedAuthority,
    passphrase: bytes | None,
    now: datetime,
    made_by: str,
    making_key: AbstractContextManager[keys.PrivateKey],
    *,
    is_file: bool,
) -> Ensured:
    layout.directory.chmod(private_files.DIRECTORY_MODE)
    # The key is the inner one: once the CA has its final names, nothing that fails may take its key away.
    with making.staging(layout.directory) as staged, making_key as issuing_key:
        if layout.root.certificate.exists():
            root = root_in_place(layout, wanted, passphrase)
        else:
            root = making.make_root(
                staged.root, wanted.root_subject, wanted.key_type, wanted.root_validity, now, passphrase
            )
        issuing, warning = making.sign_issuing(wanted.subject, issuing_key.public_key(), wanted.validity, now, root)
        making.write_authority(staged.issuing, issuing, keys.to_pem(issuing_key, passphrase) if is_file else None)
        made = making.write_first_crl(
            staged.issuing, KeySigner(issuing, issuing_key), making.FIRST_CRL_NUMBER, now, made_by
        )
        ledger.create(staged.ledger)
        with ledger.opened(staged.ledger) as book, book.batch():
            book.add_revocation_list(made)
        making.settle(staged, layout)
    return Ensured(True, root.certificate, issuing, [warning] if warning else [])


def root_in_place(layout: Layout, wanted: WantedAuthority, passphrase: bytes | None) -> making.Root:
    """Open the root that is there already.

    :raises AuthorityError: it is another one, or its key cannot be opened.
    """
    certificate = file.load_certificate(layout.root)
    _check_same(layout, wanted, certificate, None)
    return making.Root(certificate, file.load_private_key(layout.root, passphrase))
