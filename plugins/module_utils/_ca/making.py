# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that a CA is made of, each put together in a staging folder beside the final names."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    issuance,
    keys,
    revocation_lists,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import pkcs11, private_files, revocation_list
from .layout import AuthorityFiles, Layout
from .ledger import MadeRevocationList
from .signer import KeySigner

if TYPE_CHECKING:
    from cryptography import x509

ROOT_PATH_LENGTH = 1
ISSUING_PATH_LENGTH = 0
FIRST_CRL_NUMBER = 1
FIRST_CRL_PERIOD = timedelta(days=45)

_STAGING_PREFIX = ".new-ca-"


class Root(NamedTuple):
    """A root that can sign."""

    certificate: x509.Certificate
    private_key: keys.PrivateKey


@contextlib.contextmanager
def held(directory: Path) -> Iterator[None]:
    """Make the folder of a CA unless it is there, and hold it for this run alone.

    :raises AuthorityError: another run holds it, or the disk refuses, then or within.
    """
    with private_files.explained("written", directory):
        if not private_files.is_there(directory):
            directory.mkdir(mode=private_files.DIRECTORY_MODE, parents=True, exist_ok=True)
            directory.chmod(private_files.DIRECTORY_MODE)
        with private_files.locked(directory):
            yield


@contextlib.contextmanager
def staging(directory: Path) -> Iterator[Layout]:
    """Make a staging folder, which is gone at the end with all that did not get its final name."""
    for left_by_a_killed_run in directory.glob(f"{_STAGING_PREFIX}*"):
        shutil.rmtree(left_by_a_killed_run)
    staged = Layout(Path(tempfile.mkdtemp(dir=directory, prefix=_STAGING_PREFIX)))
    staged.directory.chmod(private_files.DIRECTORY_MODE)
    try:
        yield staged
    finally:
        shutil.rmtree(staged.directory)


def settle(staged: Layout, layout: Layout) -> None:
    """Give everything its final name, the issuing CA last: it stands for a complete CA."""
    if staged.root.folder.exists():
        staged.root.folder.rename(layout.root.folder)
    staged.ledger.rename(layout.ledger)
    staged.issuing.folder.rename(layout.issuing.folder)
    private_files.sync_directory(layout.directory)


def make_root(
    files: AuthorityFiles,
    subject: x509.Name,
    key_type: str,
    validity: timedelta,
    now: datetime,
    passphrase: bytes | None,
) -> Root:
    """Make a root with its key and write both."""
    private_key = keys.KEY_TYPES[key_type]()
    public_key = private_key.public_key()
    period = issuance.Validity(now - issuance.AUTHORITY_BACKDATE, now + validity)
    builder = issuance.authority_builder(subject, public_key, ROOT_PATH_LENGTH, period, None)
    certificate = builder.sign(private_key, keys.signature_hash(public_key))
    write_authority(files, certificate, keys.to_pem(private_key, passphrase))
    return Root(certificate, private_key)


@contextlib.contextmanager
def issuing_key(key_type: str, token: pkcs11.Token | None, *, allow_existing_key: bool) -> Iterator[keys.PrivateKey]:
    """Make an issuing CA's key, in a token if there is one; there a new one goes when the CA does not come to be.

    :raises AuthorityError: the token refuses, or has the key already and it shall not be taken.
    """
    if token is None:
        yield keys.KEY_TYPES[key_type]()
    else:
        with token.new_key(key_type, allow_existing_key=allow_existing_key) as private_key:
            yield private_key


def sign_issuing(
    subject: x509.Name, public_key: keys.PublicKey, validity: timedelta, now: datetime, root: Root
) -> tuple[x509.Certificate, str | None]:
    """Have the root sign an issuing CA's certificate; the warning says that it ends with its root."""
    wanted_end = now + validity
    end = min(wanted_end, root.certificate.not_valid_after_utc)
    warning = None
    if end < wanted_end:
        warning = f"The issuing CA ends with its root on {iso(end)} instead of {iso(wanted_end)}."
    period = issuance.Validity(now - issuance.AUTHORITY_BACKDATE, end)
    builder = issuance.authority_builder(subject, public_key, ISSUING_PATH_LENGTH, period, root.certificate)
    return builder.sign(root.private_key, keys.signature_hash(root.private_key.public_key())), warning


def write_authority(files: AuthorityFiles, certificate: x509.Certificate, private_key_pem: bytes | None) -> None:
    """Write a CA's certificate into a new folder, and its key unless that lies in a token."""
    files.folder.mkdir(mode=private_files.DIRECTORY_MODE)
    files.folder.chmod(private_files.DIRECTORY_MODE)
    if private_key_pem:
        private_files.write(files.private_key, private_key_pem)
    private_files.write(files.certificate, certificates.to_pem(certificate).encode())


def write_first_crl(
    files: AuthorityFiles,
    signer: KeySigner,
    number: int,
    now: datetime,
    made_by: str,
    revoked: Mapping[int, Revocation] = MappingProxyType({}),
) -> MadeRevocationList:
    """Sign and write the first CRL, which a new CA has empty; return what the ledger is to know of it.

    :raises AuthorityError: the signer hands back something else, or the CRL is too large.
    """
    crl = revocation_list.sign(signer, number, revoked, now, now + FIRST_CRL_PERIOD)
    private_files.write(files.crl, revocation_lists.to_pem(crl).encode())
    return revocation_list.entry(crl, made_by)
