# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which issuing CAs are accepted now, however the inventory names them."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import (
    Certificate,
    read_certificate,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pem import BEGIN, split_pem

from .errors import HostError

# RFC 5280 section 4.2.1.2 makes it of 20 bytes of a digest, but leaves its length open.
_KEY_IDENTIFIER = re.compile("[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){7,63}")
_SUBJECT = re.compile(r"[A-Za-z0-9.]+=[\s\S]+")


class Issuer(NamedTuple):
    """A CA as a certificate names it or as it was given; what is None was not said."""

    subject: str | None = None  # RFC 4514
    subject_der: bytes | None = None  # only of a CA whose certificate was given
    key_identifier: bytes | None = None

    def __str__(self) -> str:
        """Name it for people."""
        if self.subject is None:
            return f"the key {self.key_identifier.hex() if self.key_identifier else 'unknown'}"
        return self.subject


def issuer_of(certificate: Certificate) -> Issuer:
    """Return the CA that a certificate says it is from."""
    return Issuer(certificate.issuer, certificate.issuer_der, certificate.authority_key_identifier)


def read_issuers(values: Sequence[str]) -> list[Issuer]:
    """Read the option ``issuers``: PEM certificates, key identifiers in hex, or subjects as in RFC 4514.

    Raises HostError for a value that is none of them.
    """
    return [issuer for value in values for issuer in _read(value.strip())]


def accepts(accepted: Issuer, found: Issuer) -> bool:
    """Tell whether a certificate whose issuer is ``found`` is from the CA ``accepted``.

    Names count as bytes where both are known, since they chain that way (RFC 5280 section 7.1), and keys where the two
    have an identifier: a certificate without one is told by its name.
    """
    if accepted.subject_der is not None and accepted.subject_der != found.subject_der:
        return False
    if accepted.subject is not None and accepted.subject != found.subject:
        return False
    if accepted.key_identifier is None:
        return True
    if found.key_identifier is None:
        return accepted.subject is not None
    return accepted.key_identifier == found.key_identifier


def _read(value: str) -> list[Issuer]:
    if BEGIN in value.encode("utf-8", "surrogateescape"):
        return [_of_certificate(der) for der in _split(value)]
    if _KEY_IDENTIFIER.fullmatch(value):
        return [Issuer(key_identifier=bytes.fromhex(value.replace(":", "")))]
    if _SUBJECT.fullmatch(value):
        return [Issuer(subject=value)]
    raise HostError(
        f"issuers holds {value[:80]!r}, but each must be a certificate in PEM form, a key identifier in hex,"
        " or a subject like CN=Issuing CA,O=Example."
    )


def _split(pem: str) -> list[bytes]:
    try:
        return split_pem(pem.encode("utf-8", "surrogateescape"))
    except SessionError as error:
        raise HostError(f"issuers holds a certificate that cannot be read: {error}") from error


def _of_certificate(der: bytes) -> Issuer:
    try:
        certificate = read_certificate(der)
    except SessionError as error:
        raise HostError(f"issuers holds a certificate that cannot be read: {error}") from error
    if not certificate.is_ca:
        raise HostError(f"issuers holds the certificate of {certificate.subject}, which is no CA; give the issuing CA.")
    return Issuer(certificate.subject, certificate.subject_der, certificate.subject_key_identifier)
