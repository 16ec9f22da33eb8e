# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider file: the issuing CA's key lies in a PEM file, encrypted when there is a passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from .errors import AuthorityError
from .private_files import explained
from .signer import KeySigner

if TYPE_CHECKING:
    from cryptography import x509


class KeyPairFiles(Protocol):
    """Where a CA's certificate and its private key are: in our layout or in another."""

    @property
    def certificate(self) -> Path:
        """The certificate in PEM."""

    @property
    def private_key(self) -> Path:
        """The private key in PEM."""


def load_certificate(files: KeyPairFiles) -> x509.Certificate:
    """Read a CA's certificate and check that it may sign.

    :raises AuthorityError: it cannot be read, or is no CA's.
    """
    with explained("read", files.certificate):
        pem = files.certificate.read_bytes()
    try:
        certificate = certificates.load(pem.decode("ascii", "replace"))
    except CertificateError as error:
        raise AuthorityError(f"The CA certificate {files.certificate} cannot be read: {error}") from None
    reason = certificates.why_not_authority(certificate)
    if reason:
        raise AuthorityError(f"The CA certificate {files.certificate} {reason}: put the right certificate there.")
    return certificate


def load_private_key(files: KeyPairFiles, passphrase: bytes | None) -> keys.PrivateKey:
    """Read a CA's private key.

    :raises AuthorityError: it cannot be read, or the passphrase is missing or wrong.
    """
    with explained("read", files.private_key):
        pem = files.private_key.read_bytes()
    try:
        return keys.load_private_key(pem, passphrase)
    except CertificateError as error:
        raise AuthorityError(f"The private key {files.private_key} {error}.") from None


def load_signer(files: KeyPairFiles, passphrase: bytes | None) -> KeySigner:
    """Open a CA for signing.

    :raises AuthorityError: a file cannot be read, or the key is not the certificate's.
    """
    certificate = load_certificate(files)
    private_key = load_private_key(files, passphrase)
    if private_key.public_key() != certificate.public_key():
        raise AuthorityError(f"The private key {files.private_key} does not belong to {files.certificate}.")
    return KeySigner(certificate, private_key, forkable=True)
