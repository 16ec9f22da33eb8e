# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at a host: everything that the decisions in ``due`` need is read here, and nothing is changed."""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import os
import stat
from typing import Any, Iterable

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import (
    Certificate,
    read_certificate,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import store_of
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import CERTIFICATE, PRIVATE_KEY

from . import config_file, helper_file, versions
from .aws_profile import AwsProfile, by_file
from .due import Installed, certificate_due, helper_due
from .errors import HostError
from .issuers import issuer_of
from .kept import described
from .ownership import group_number
from .private_files import open_directory
from .question import Question
from .workload import Workload

# So many bytes at the end of a public key tell it from any other.
_TELLING = 64


def look_at_certificate(place: Workload, question: Question) -> tuple[str | None, dict[str, Any] | None]:
    """Return why a certificate is due and what is known about the one in use, None for each where there is none."""
    certificate = installed = waiting = trouble = None
    wishes = question.wishes
    try:
        wishes = wishes._replace(group=group_number(question.group))
        waiting = versions.waiting_serial(place)
        if versions.current_serial(place) is not None:
            certificate = _read_certificate(place)
            installed = _installed(place, certificate)._replace(
                directory_fault=versions.preparation_due(place, wishes.group)
            )
    except (HostError, SessionError) as error:
        trouble = str(error)
    reason = certificate_due(
        installed,
        wishes,
        question.now,
        question.thresholds,
        trouble=trouble,
        waiting=waiting,
        force=question.force,
    )
    return reason, described(certificate, f"{place.current}/{CERTIFICATE}") if certificate else None


def look_at_helper(path: str, wanted: bytes, version: str) -> str | None:
    """Return why the helper at ``path`` is due; ``wanted`` is what the file should hold."""
    directory, name = os.path.split(path)
    found = None
    try:
        if os.path.lexists(directory):
            with open_directory(directory) as folder:
                found = helper_file.look_at(folder, name)
    except HostError as error:
        return str(error)
    return helper_due(found, hashlib.sha256(wanted).hexdigest(), version)


def look_at_profiles(profiles: Iterable[AwsProfile]) -> str | None:
    """Return which profiles are due and why, all in one sentence part."""
    due = []
    for path, wanted in by_file(profiles).items():
        try:
            for profile, reason in config_file.reasons(path, wanted).items():
                if reason:
                    due.append(f"profile {profile} in {path}: {reason}")
        except HostError as error:
            due.append(str(error))
    return "; ".join(due) or None


def _read_certificate(place: Workload) -> Certificate:
    with open_directory(place.current) as current:
        content = current.read(CERTIFICATE)
    if content is None:
        raise HostError(f"{place.current}/{CERTIFICATE} is missing.")
    return read_certificate(content)


def _installed(place: Workload, certificate: Certificate) -> Installed:
    path = os.path.realpath(f"{place.current}/{PRIVATE_KEY}")
    with open_directory(os.path.dirname(path)) as directory:
        private_key, status = directory.read(PRIVATE_KEY), directory.status(PRIVATE_KEY)
    if private_key is None or status is None:
        raise HostError(f"{place.current}/{PRIVATE_KEY} is missing.")
    return Installed(
        subject=certificate.subject_attributes,
        dns_names=certificate.dns_names,
        uris=certificate.uris,
        issuer=issuer_of(certificate),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        fingerprint=certificate.fingerprint,
        public_key=certificate.public_key_info_der,
        key_matches=_belongs(private_key, path, certificate.public_key_info_der),
        private_key_mode=stat.S_IMODE(status.st_mode),
        private_key_group=status.st_gid,
        key_store=store_of(private_key),
    )


def _belongs(private_key: bytes, path: str, public_key: bytes) -> bool:
    """Tell whether a private key (PEM) belongs to a public key (SubjectPublicKeyInfo, DER).

    The file of an RSA or EC key holds the public numbers as they end the SubjectPublicKeyInfo (RFC 8017 appendix A.1.2,
    RFC 5915 section 3). Where it does not, openssl tells: starting it would be half the cost of a look.
    """
    with contextlib.suppress(binascii.Error):
        if public_key[-_TELLING:] in binascii.a2b_base64(b"".join(private_key.split(b"\n")[1:-2])):
            return True
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl

    return openssl.public_key_of(path) == public_key
