# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate that was issued becomes the one in use: checked, staged, proved, switched to."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from typing import NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl, pair
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import (
    Certificate,
    read_certificate,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.create_session import (
    SessionRequest,
    create_session,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pem import split_pem
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Session

from . import versions
from .acceptance import fault
from .errors import HostError
from .private_files import open_directory, remove_directory
from .session_target import SessionTarget
from .workload import Workload


class Issued(NamedTuple):
    """What the CA gave: the certificate and the intermediates above it, the issuer first."""

    certificate: Certificate
    chain: Sequence[Certificate]


class Installation(NamedTuple):
    """What became of it; ``session`` is the proof, None where none was made.

    Where the serials are the same it was in use already, and ``changed`` tells whether its directories were corrected.
    """

    changed: bool
    serial: str
    previous_serial: str | None
    session: Session | None


class Unproved(HostError):
    """The proof failed; ``refused`` tells whether AWS said no or nobody can tell."""

    def __init__(self, message: str, refused: bool) -> None:
        """Keep the sentence and whether it is certain."""
        super().__init__(message)
        self.refused = refused


def read_issued(certificate_pem: str, chain_pem: str) -> Issued:
    """Read what the CA gave; raises HostError when it is not one certificate, SessionError when it cannot be read."""
    certificates = split_pem(certificate_pem.encode())
    if len(certificates) != 1:
        raise HostError(
            f"certificate holds {len(certificates)} certificates in PEM form, but must hold one; put others into chain."
        )
    return Issued(read_certificate(certificates[0]), [read_certificate(der) for der in split_pem(chain_pem.encode())])


def install(
    place: Workload, issued: Issued, target: SessionTarget | None, *, keep: int = 3, group: int | None = None
) -> Installation:
    """Make the certificate with its pending key the pair in use; without ``target`` it is not proved.

    ``keep`` pairs stay, the current one counted. Raises HostError (Unproved when the proof failed) and SessionError;
    the pair that was in use then still is.
    """
    if keep < 1:
        raise HostError(f"keep is {keep}, but at least the pair in use must be kept; give 1 or more.")
    serial = issued.certificate.serial_hex
    prepared = versions.prepare(place, group)
    with versions.locked(place):
        previous = versions.current_serial(place)
        if is_current(place, issued.certificate):
            return Installation(prepared, serial, previous, None)
        _stage(place, issued, group)
        session = _prove(place, serial, target) if target else None
        versions.flip(place, serial)
        remove_directory(place.pending)
        versions.prune(place, keep)
    return Installation(True, serial, previous, session)


def predict(place: Workload, issued: Issued | None, group: int | None = None) -> Installation:
    """Say what ``install`` would do, short of the proof; what no step before could make yet is not missed."""
    previous = versions.current_serial(place)
    if issued is None:
        return Installation(True, "", previous, None)
    if is_current(place, issued.certificate):
        prepares = versions.preparation_due(place, group) is not None
        return Installation(prepares, issued.certificate.serial_hex, previous, None)
    waits = versions.read_pending_key(place) is not None
    _check(issued, openssl.public_key_of(place.pending_key) if waits else None)
    return Installation(True, issued.certificate.serial_hex, previous, None)


def is_current(place: Workload, certificate: Certificate) -> bool:
    """Tell whether this certificate is the one in use; raises HostError for another one with its serial number."""
    if versions.current_serial(place) != certificate.serial_hex:
        return False
    with open_directory(place.current) as current:
        in_use = split_pem(current.read(pair.CERTIFICATE) or b"")
    if in_use != [certificate.der]:
        raise HostError(
            f"Another certificate {certificate.serial_hex} is in use; have this one issued with a new serial."
        )
    return True


def _stage(place: Workload, issued: Issued, group: int | None) -> None:
    private_key = versions.read_pending_key(place)
    if private_key is None:
        raise HostError(
            f"No key waits for a certificate in {place.pending}; make a request there first (certificate_request)."
        )
    _check(issued, openssl.public_key_of(place.pending_key))
    versions.stage(
        place,
        issued.certificate.serial_hex,
        ssl.DER_cert_to_PEM_cert(issued.certificate.der).encode(),
        "".join(ssl.DER_cert_to_PEM_cert(issuer.der) for issuer in issued.chain).encode(),
        private_key,
        group,
    )


def _check(issued: Issued, public_key: bytes | None) -> None:
    reason = fault(issued.certificate, issued.chain, public_key, datetime.now(timezone.utc))
    if reason:
        raise HostError(f"Certificate {issued.certificate.serial_hex} cannot be installed: {reason}.")


def _prove(place: Workload, serial: str, target: SessionTarget) -> Session:
    try:
        with pair.open_directory(place.version(serial)) as staged:
            return create_session(staged, SessionRequest(**target._asdict()))
    except SessionError as error:
        if not error.certain:
            raise Unproved(
                f"Certificate {serial} is staged, but nobody can tell whether it works: {error} Run again later.", False
            ) from error
        versions.discard(place, serial)
        raise Unproved(f"Certificate {serial} was refused and discarded: {error}", True) from error
