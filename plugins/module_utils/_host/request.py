# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that never leaves this machine, and the request for its certificate."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Callable, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import FILE, key_type_of, store_of

from . import versions
from .private_files import make_directory, remove_directory
from .workload import Workload


class Request(NamedTuple):
    """A certificate request (PEM) and the SHA-256 (hex) of its SubjectPublicKeyInfo; '' where none was made."""

    changed: bool
    csr: str
    public_key_fingerprint: str


def make_request(
    place: Workload, key_type: str, binding: str, group: int | None, check_mode: bool, key_store: str = FILE
) -> Request:
    """Request a certificate for the pending key, which is made first where there is none of this type and store.

    ``binding`` (64 hex digits) ties the request to its run, host and workload. It counts as a change, too, when the
    workload's directories had to be made or corrected. In check mode nothing is written:
    without a pending key the request stays empty. Raises HostError and SessionError.
    """
    if check_mode:
        if not _fits(place, key_type, key_store):
            return Request(True, "", "")
        return _request(place, binding, versions.preparation_due(place, group) is not None)
    prepared = versions.prepare(place, group)
    with versions.locked(place):
        fits = _fits(place, key_type, key_store)
        if not fits:
            _make_key(place, key_type, key_store)
        return _request(place, binding, prepared or not fits)


def _request(place: Workload, binding: str, changed: bool) -> Request:
    public_key = openssl.public_key_of(place.pending_key)
    return Request(changed, openssl.request(place.pending_key, binding), hashlib.sha256(public_key).hexdigest())


def _fits(place: Workload, key_type: str, key_store: str) -> bool:
    """Tell whether the pending key can serve: private all the time, as wanted, and in use nowhere yet."""
    if not (_is_private(place.pending, stat.S_ISDIR) and _is_private(place.pending_key, stat.S_ISREG)):
        return False
    private_key = versions.read_pending_key(place)
    if private_key is None or versions.is_installed(place, private_key):
        return False
    if store_of(private_key) != key_store:
        return False
    try:
        return key_type_of(openssl.public_key_of(place.pending_key)) == key_type
    except SessionError:
        return False


def _is_private(path: str, is_kind: Callable[[int], bool]) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return is_kind(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _make_key(place: Workload, key_type: str, key_store: str) -> None:
    remove_directory(place.pending)
    try:
        make_directory(place.pending, 0o700)
        openssl.generate_key(place.pending_key, key_type, key_store)
    except BaseException:
        remove_directory(place.pending)
        raise
