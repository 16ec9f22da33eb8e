# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload keeps: the version in use, those before it, one that waits for its proof, and a key that waits."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import (
    Certificate,
    read_certificate,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import key_type_of
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import CERTIFICATE, PRIVATE_KEY
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import iso_time

from . import versions
from .errors import HostError
from .private_files import open_directory
from .workload import Workload


class Version(NamedTuple):
    """One version of the pair as it was found."""

    serial: str  # its directory's name
    state: str  # current, staged or previous
    certificate: Certificate | None
    has_private_key: bool
    trouble: str | None = None  # what made it unreadable


def read_versions(place: Workload) -> list[Version]:
    """Return all versions: the one in use first, then the others, the latest staged first.

    Raises HostError when the workload itself cannot be read; what is wrong with one version is its own trouble.
    """
    current, staged = versions.current_serial(place), versions.waiting_serial(place)
    serials = [*([current] if current else []), *versions.other_serials(place)]
    states = {current: "current", staged: "staged"}
    return [_read_version(place, serial, states.get(serial, "previous")) for serial in serials]


def spent_keys(kept: Sequence[Version], now: datetime, compromised: bool) -> list[str]:
    """Return the serials of the versions whose private key must go: a pure decision.

    A version before the one in use is kept for the way back, and that ends when it expires, or at once for all of them
    when their keys may be known to others. What waits for its proof is not one of them.
    """
    return [
        version.serial
        for version in kept
        if version.state == "previous"
        and version.has_private_key
        and (compromised or (version.certificate is not None and version.certificate.not_after <= now))
    ]


def read_pending(place: Workload) -> dict[str, str | None] | None:
    """Describe the key that waits for its certificate, None without one; raises HostError."""
    if versions.read_pending_key(place) is None:
        return None
    try:
        public_key = openssl.public_key_of(place.pending_key)
    except SessionError as error:
        return {"key_type": None, "public_key_fingerprint": None, "trouble": str(error)}
    fingerprint = hashlib.sha256(public_key).hexdigest()
    return {"key_type": key_type_of(public_key), "public_key_fingerprint": fingerprint, "trouble": None}


def described_version(place: Workload, version: Version, now: datetime) -> dict[str, Any]:
    """Describe a version for people, without secrets."""
    certificate = version.certificate
    facts = described(certificate, f"{place.version(version.serial)}/{CERTIFICATE}") if certificate else {}
    return {
        **facts,
        "serial": version.serial,
        "state": version.state,
        "has_private_key": version.has_private_key,
        "expired": certificate.not_after <= now if certificate else None,
        "trouble": version.trouble,
    }


def described(certificate: Certificate, path: str) -> dict[str, Any]:
    """Describe a certificate; ``path`` is how readers should name its file."""
    common_names = [value for name, value in certificate.subject_attributes if name == "CN"]
    return {
        "serial": certificate.serial_hex,
        "subject": certificate.subject,
        "common_name": common_names[0] if common_names else None,
        "dns_names": certificate.dns_names,
        "uris": certificate.uris,
        "issuer": certificate.issuer,
        "not_before": iso_time(certificate.not_before),
        "not_after": iso_time(certificate.not_after),
        "key_type": key_type_of(certificate.public_key_info_der),
        "fingerprint": certificate.fingerprint,
        "path": path,
    }


def _read_version(place: Workload, serial: str, state: str) -> Version:
    try:
        with open_directory(place.version(serial)) as version:
            has_private_key = version.status(PRIVATE_KEY) is not None
            content = version.read(CERTIFICATE)
    except HostError as error:
        return Version(serial, state, None, False, str(error))
    if content is None:
        return Version(serial, state, None, has_private_key, f"{place.version(serial)}/{CERTIFICATE} is missing.")
    try:
        return Version(serial, state, read_certificate(content), has_private_key)
    except SessionError as error:
        return Version(serial, state, None, has_private_key, str(error))
