# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA that was run by hand with ``openssl ca`` has left in its files, in the words of our ledger. Only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    keys,
    names,
    revocation_lists,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import file, openssl_index, private_files
from .errors import AuthorityError
from .ledger import TAKEN_OVER, IssuedCertificate
from .openssl_index import IndexedCertificate

if TYPE_CHECKING:
    from cryptography import x509

_WORDS = {reason: word for word, reason in revocation_lists.REASONS.items()}


class Source(NamedTuple):
    """The files of the old CA; all but the first two may be missing. openssl-ca(1) calls the index its database."""

    certificate: Path
    private_key: Path
    index_file: Path | None = None
    serial: Path | None = None
    crl: Path | None = None
    crl_number: Path | None = None
    new_certificates: Path | None = None


class Accounts(NamedTuple):
    """What the old CA has issued and revoked, as the ledger and the first CRL are to have it.

    *left_out* are the serial numbers of certificates that were not signed with its key, *unknown* the revocations of
    certificates that only the old CRL knows, *number* is that of the first CRL, above all that were used. *fault* says
    why index.txt seems to be an old copy, or is None.
    """

    rows: Sequence[IssuedCertificate]
    left_out: Sequence[str]
    unknown: Mapping[int, Revocation]
    number: int
    fault: str | None


def load_authority(source: Source, passphrase: bytes | None, now: datetime) -> tuple[x509.Certificate, keys.PrivateKey]:
    """Read the CA's certificate and key, and check that it can serve Roles Anywhere.

    :raises AuthorityError: one cannot be read, the certificate is no CA's, or they do not belong together.
    :raises CertificateError: the CA's certificate is out of date, or its name or its extensions are of no use.
    """
    certificate = file.load_certificate(source)
    certificates.check_anchor_certificate(certificate, now)
    names.check_authority_subject(certificate.subject)
    certificates.authority_key_identifier(certificate)
    private_key = file.load_private_key(source, passphrase)
    if private_key.public_key() != certificate.public_key():
        raise AuthorityError(f"The private key {source.private_key} does not belong to {source.certificate}.")
    return certificate, private_key


def index(source: Source, issuing: x509.Certificate) -> list[IndexedCertificate]:
    """Read index.txt; the entry of a CA that has signed itself is left out.

    :raises AuthorityError: it cannot be read.
    """
    if source.index_file is None:
        return []
    own = issuing.serial_number if certificates.is_self_signed(issuing) else None
    indexed = openssl_index.parse(_text(source.index_file), source.index_file)
    return [entry for entry in indexed if entry.serial_number != own]


def read_accounts(source: Source, issuing: x509.Certificate, now: datetime) -> Accounts:
    """Read all that the old CA has kept account of.

    :raises AuthorityError: a file cannot be read, or is not the CA's.
    """
    indexed = index(source, issuing)
    published, number = _published(source, issuing)
    rows, left_out = [], []
    for entry in indexed:
        row = describe(entry, source, issuing, now)
        if row is None:
            left_out.append(certificates.serial_hex(entry.serial_number))
        else:
            rows.append(_with_revocation(row, published.get(entry.serial_number)))
    known = {entry.serial_number for entry in indexed}
    unknown = {serial: revocation for serial, revocation in published.items() if serial not in known}
    fault = None
    if source.serial and indexed:
        next_serial_number = openssl_index.parse_number(_text(source.serial), source.serial)
        fault = why_incomplete(next_serial_number, max(known))
    return Accounts(rows, left_out, unknown, number, fault)


def describe(
    entry: IndexedCertificate, source: Source, issuing: x509.Certificate, now: datetime
) -> IssuedCertificate | None:
    """Make the ledger's row of a certificate, or None when it was not signed with the CA's key.

    The old program knows no inventory: the common name stands for the host, so that revoking a host of this name
    revokes the certificate, and with none the whole subject does.

    :raises AuthorityError: the copy of the certificate cannot be read, or is another one.
    """
    certificate = _copy(entry, source)
    if certificate and not certificates.is_issued_by(certificate, issuing):
        return None
    serial = certificates.serial_hex(entry.serial_number)
    subject = certificates.describe(certificate.subject) if certificate else entry.subject.describe()
    row = IssuedCertificate(
        serial=serial,
        host=entry.subject.common_name or subject or serial,
        name=TAKEN_OVER,
        common_name=entry.subject.common_name,
        subject=subject,
        not_before="",
        not_after=iso(entry.not_after),
        fingerprint="",
        public_key_fingerprint="",
        pem="",
        issued_at="",
        issued_by=TAKEN_OVER,
        revoked_at=iso(entry.revoked_at) if entry.revoked_at else None,
        reason=entry.reason,
        revoked_by=TAKEN_OVER if entry.revoked_at else None,
    )
    if certificate is None:
        return row
    return row._replace(
        not_before=iso(certificate.not_valid_before_utc),
        fingerprint=certificates.fingerprint(certificate),
        public_key_fingerprint=certificates.public_key_fingerprint(certificate),
        pem=certificates.to_pem(certificate),
        issued_at=iso(min(certificate.not_valid_before_utc, now)),
    )


def why_incomplete(next_serial_number: int, last_serial_number: int) -> str | None:
    """Say that the serial file counts further than index.txt does, or None.

    ``openssl ca`` counts serial numbers up one by one in that file, unless it is told to take random ones.
    """
    if next_serial_number <= last_serial_number + 1:
        return None
    return (
        f"The next serial number would be {next_serial_number:X}, but the last one in index.txt is "
        f"{last_serial_number:X}: if that is an old copy, take the CA over into another folder with the newest one, "
        "for the ledger knows nothing of the certificates between."
    )


def _published(source: Source, issuing: x509.Certificate) -> tuple[dict[int, Revocation], int]:
    """Return what the old CRL revokes, and the number for the next one."""
    following = openssl_index.parse_number(_text(source.crl_number), source.crl_number) if source.crl_number else 1
    if source.crl is None or not revocation_lists.may_sign(issuing):
        return {}, max(following, 1)
    with private_files.explained("read", source.crl):
        content = source.crl.read_bytes()
    try:
        crl = revocation_lists.load(content)
        revocation_lists.check_signed_by(crl, [issuing])
        last = revocation_lists.number_or_none(crl) or 0
    except CertificateError as error:
        raise AuthorityError(f"{source.crl} cannot be taken over: {error}") from None
    published = {
        serial: revocation._replace(reason=_reason(revocation.reason))
        for serial, revocation in revocation_lists.revocations(crl).items()
    }
    return published, max(following, last + 1)


def _reason(reason: str) -> str:
    """Put a reason of RFC 5280 that is of no use here into one that is."""
    word = openssl_index.REASONS[{"cACompromise": "CACompromise"}.get(reason, reason if reason in _WORDS else "")]
    return revocation_lists.REASONS[word]


def _with_revocation(row: IssuedCertificate, revocation: Revocation | None) -> IssuedCertificate:
    """Take a revocation from the CRL that index.txt, perhaps an older copy, does not have."""
    if revocation is None or row.revoked_at:
        return row
    moment, reason = iso(revocation.moment), _WORDS[revocation.reason]
    return row._replace(revoked_at=moment, reason=reason, revoked_by=TAKEN_OVER)


def _copy(entry: IndexedCertificate, source: Source) -> x509.Certificate | None:
    """Read the copy of a certificate that the old program has kept, if there is one."""
    if source.new_certificates is None:
        return None
    path = source.new_certificates / f"{entry.file_name}.pem"
    if not private_files.is_there(path):
        return None
    try:
        certificate = certificates.load(_text(path))
    except CertificateError as error:
        raise AuthorityError(f"{path} cannot be taken over: {error}") from None
    if certificate.serial_number != entry.serial_number:
        raise AuthorityError(
            f"{path} is not the certificate of line {entry.line} of {source.index_file}: put it right."
        )
    return certificate


def _text(path: Path) -> str:
    with private_files.explained("read", path):
        return path.read_bytes().decode("ascii", "backslashreplace")
