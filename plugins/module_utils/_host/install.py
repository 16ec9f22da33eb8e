# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate that was issued becomes the one in use: checked, staged, proved, switched to."""

from __future__ import annotations

import os
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

from . import kept, versions
from .acceptance import fault
from .errors import HostError
from .private_files import open_directory, remove_directory
from .selinux import Label, no_label
from .session_target import SessionTarget
from .workload import Workload


class Issued(NamedTuple):
    """What the CA gave: the certificate and the intermediates above it, the issuer first."""

    certificate: Certificate
    chain: Sequence[Certificate]


class Installation(NamedTuple):
    """What became of it; ``session`` is the proof, None where none was made.

    Where the serials are the same it was in use already, and ``changed`` tells whether anything else had to be done.
    """

    changed: bool
    serial: str
    previous_serial: str | None
    session: Session | None = None
    removed_keys: Sequence[str] = ()  # the serials of versions that lost their private key


class Care(NamedTuple):
    """How the versions of a workload are kept."""

    keep: int = 3  # so many, the one in use counted
    group: int | None = None  # who may read the private key, besides its owner
    compromised: bool = False  # whether the keys before the one in use may be known to others
    label: Label = no_label


_CARE = Care()


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


def install(place: Workload, issued: Issued, target: SessionTarget | None, care: Care = _CARE) -> Installation:
    """Make the certificate with its pending key the pair in use; without ``target`` it is not proved.

    Raises HostError (Unproved when the proof failed) and SessionError; the pair that was in use then still is.
    """
    _check_keep(care)
    serial = issued.certificate.serial_hex
    prepared = prepare(place, care)
    with versions.locked(place):
        previous = versions.current_serial(place)
        if is_current(place, issued.certificate):
            corrected = correct(place, serial, care)
            finished = _unfinished(place, care)
            removed = _finish(place, care)
            return Installation(prepared or corrected or finished, serial, previous, removed_keys=removed)
        _stage(place, issued, care)
        session = _prove(place, serial, target) if target else None
        versions.flip(place, serial)
        removed = _finish(place, care)
    return Installation(True, serial, previous, session, removed)


def predict(place: Workload, issued: Issued | None, care: Care = _CARE) -> Installation:
    """Say what ``install`` would do, short of the proof; what no step before could make yet is not missed."""
    _check_keep(care)
    previous = versions.current_serial(place)
    if issued is None:
        return Installation(True, "", previous)
    serial = issued.certificate.serial_hex
    if is_current(place, issued.certificate):
        changed = correction_due(place, serial, care) or _unfinished(place, care)
        return Installation(changed, serial, previous, None, keys_lost_to(place, serial, care.compromised, care.keep))
    waits = versions.read_pending_key(place) is not None
    _check(issued, openssl.public_key_of(place.pending_key) if waits else None)
    return Installation(True, serial, previous, None, keys_lost_to(place, serial, care.compromised, care.keep))


def keys_lost_to(place: Workload, serial: str, compromised: bool, keep: int | None = None) -> list[str]:
    """Return which versions lose their private key when ``serial`` is in use and ``keep`` versions (None: all) stay."""
    found = {version.serial: version for version in kept.read_versions(place)}
    others = [found[other] for other in versions.serials(place) if other != serial]
    stay = others if keep is None else others[: keep - 1]
    was_in_use = [version._replace(state="previous") if version.state == "current" else version for version in stay]
    return kept.spent_keys(was_in_use, _now(), compromised)


def _unfinished(place: Workload, care: Care) -> bool:
    """Tell whether ``_finish`` has something to do: a run was cut short, a version expired, fewer are to be kept."""
    pending = versions.read_pending_key(place)
    return bool(
        versions.leftovers(place)
        or (pending is not None and versions.is_installed(place, pending))
        or versions.superfluous(place, care.keep)
        or kept.spent_keys(kept.read_versions(place), _now(), care.compromised)
    )


def _finish(place: Workload, care: Care) -> list[str]:
    """Clear away what the pair in use has made superfluous; return the serials of versions that lost their key."""
    versions.remove_leftovers(place)
    pending = versions.read_pending_key(place)
    if pending is not None and versions.is_installed(place, pending):
        remove_directory(place.pending)
    versions.prune(place, care.keep)
    return remove_spent_keys(place, care.compromised)


def prepare(place: Workload, care: Care) -> bool:
    """Make and label the workload's directories; the answer tells whether anything had to be made or corrected."""
    new = [path for path in (place.path, place.versions) if not os.path.lexists(path)]
    prepared = versions.prepare(place, care.group)
    labelled = [care.label(path, path in new) for path in (place.path, place.versions)]
    return prepared or any(labelled)


def correct(place: Workload, serial: str, care: Care) -> bool:
    """Give a pair its modes, group and context; the answer tells whether anything lacked them."""
    corrected = versions.correct(place, serial, care.group)
    labelled = [care.label(path, False) for path in versions.paths_of(place, serial)]
    return corrected or any(labelled)


def correction_due(place: Workload, serial: str, care: Care) -> bool:
    """Tell whether ``prepare`` or ``correct`` had something to do; its ``label`` must be one of check mode."""
    labelled = [care.label(path, False) for path in (place.path, place.versions, *versions.paths_of(place, serial))]
    due = versions.preparation_due(place, care.group) or versions.correction_due(place, serial, care.group)
    return bool(due) or any(labelled)


def remove_spent_keys(place: Workload, compromised: bool) -> list[str]:
    """Remove the private keys that nobody may or can use again, and return the serials of their versions."""
    spent = kept.spent_keys(kept.read_versions(place), _now(), compromised)
    for serial in spent:
        versions.remove_private_key(place, serial)
    return spent


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


def _check_keep(care: Care) -> None:
    if care.keep < 1:
        raise HostError(f"keep is {care.keep}, but at least the pair in use must be kept; give 1 or more.")


def _stage(place: Workload, issued: Issued, care: Care) -> None:
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
        care.group,
    )
    for path in versions.paths_of(place, issued.certificate.serial_hex):
        care.label(path, True)


def _check(issued: Issued, public_key: bytes | None) -> None:
    reason = fault(issued.certificate, issued.chain, public_key, _now())
    if reason:
        raise HostError(f"Certificate {issued.certificate.serial_hex} cannot be installed: {reason}.")


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _prove(place: Workload, serial: str, target: SessionTarget) -> Session:
    try:
        return session_of(place, serial, target)
    except SessionError as error:
        if not error.certain:
            raise Unproved(
                f"Certificate {serial} is staged, but nobody can tell whether it works: {error} Run again later.", False
            ) from error
        versions.discard(place, serial)
        raise Unproved(f"Certificate {serial} was refused and discarded: {error}", True) from error


def session_of(place: Workload, serial: str, target: SessionTarget) -> Session:
    """Get a session with one of the pairs, which need not be in use; raises SessionError."""
    with pair.open_directory(place.version(serial)) as opened:
        return create_session(opened, SessionRequest(**target._asdict()))
