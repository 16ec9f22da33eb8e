# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: a version that was in use before becomes the one in use again, if it still can."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import (
    Certificate,
    read_certificate,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import (
    CERTIFICATE,
    CHAIN,
    PRIVATE_KEY,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pem import split_pem
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Session

from . import versions
from .acceptance import fault
from .errors import HostError
from .install import (
    Care,
    Installation,
    Unproved,
    correct,
    correction_due,
    keys_lost_to,
    prepare,
    remove_spent_keys,
    session_of,
)
from .private_files import open_directory
from .session_target import SessionTarget
from .workload import Workload


class _Candidate(NamedTuple):
    """The version to go back to, as it was found."""

    certificate: Certificate
    chain: Sequence[Certificate]
    public_key: bytes | None  # the private key's; None without one


def roll_back(place: Workload, serial: str | None, target: SessionTarget | None, care: Care) -> Installation:
    """Switch to the version ``serial``, or to the one before that in use; without ``target`` it is not proved.

    A host cannot know what was revoked: the proof says so. Raises HostError (Unproved when the proof failed); the pair
    that was in use then still is, and no version is removed.
    """
    _choose(place, serial)  # before anything is made for a workload that is not there
    prepared = prepare(place, care)
    with versions.locked(place):
        current, chosen = _choose(place, serial)
        if chosen != current:
            _check(place, chosen)
        corrected = correct(place, chosen, care)
        session = None
        if chosen != current:
            session = _prove(place, chosen, target) if target else None
            versions.flip(place, chosen)
        removed = remove_spent_keys(place, compromised=False)
    changed = prepared or corrected or bool(removed) or chosen != current
    return Installation(changed, chosen, current, session, removed)


def predict_roll_back(place: Workload, serial: str | None, care: Care) -> Installation:
    """Say what ``roll_back`` would do, short of the proof; raises HostError as it does."""
    current, chosen = _choose(place, serial)
    if chosen == current:
        removed = keys_lost_to(place, chosen, compromised=False)
        return Installation(correction_due(place, chosen, care) or bool(removed), chosen, current, None, removed)
    _check(place, chosen)
    return Installation(True, chosen, current, None, keys_lost_to(place, chosen, compromised=False))


def version_before(latest_first: Sequence[str], current: str | None) -> str | None:
    """Return the serial of the version before the one in use, None without one: a pure decision."""
    older = latest_first[latest_first.index(current) + 1 :] if current in latest_first else latest_first
    return older[0] if older else None


def _choose(place: Workload, serial: str | None) -> tuple[str | None, str]:
    current, kept = versions.current_serial(place), versions.serials(place)
    if serial is None:
        before = version_before(kept, current)
        if before is None:
            raise HostError(
                f"There is no version before {current or 'the first one'} in {place.versions};"
                " request and install a new certificate."
            )
        return current, before
    if serial not in kept:
        raise HostError(f"There is no version {serial} in {place.versions}; kept are {', '.join(kept) or 'none'}.")
    return current, serial


def _check(place: Workload, serial: str) -> None:
    found = _read(place, serial)
    reason = (
        "its private key was removed; request and install a new certificate"
        if found.public_key is None
        else "its private key does not belong to it; request and install a new certificate"
        if found.public_key != found.certificate.public_key_info_der
        else fault(found.certificate, found.chain, None, datetime.now(timezone.utc))
    )
    if reason:
        raise HostError(f"Certificate {serial} cannot be used again: {reason}.")


def _read(place: Workload, serial: str) -> _Candidate:
    private_key = f"{place.version(serial)}/{PRIVATE_KEY}"
    try:
        with open_directory(place.version(serial)) as version:
            return _Candidate(
                read_certificate(version.read(CERTIFICATE) or b""),
                [read_certificate(der) for der in split_pem(version.read(CHAIN) or b"")],
                openssl.public_key_of(private_key) if os.path.lexists(private_key) else None,
            )
    except SessionError as error:
        raise HostError(f"Certificate {serial} cannot be used again: {error}") from error


def _prove(place: Workload, serial: str, target: SessionTarget) -> Session:
    try:
        return session_of(place, serial, target)
    except SessionError as error:
        doubt = "was refused" if error.certain else "was not switched to, since nobody can tell whether it works"
        raise Unproved(f"Certificate {serial} {doubt}, the one in use stays: {error}", error.certain) from error
