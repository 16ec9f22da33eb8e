# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs. A provider offers this interface; whatever it hands back is checked by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance, keys

if TYPE_CHECKING:
    from cryptography import x509


class Signer(Protocol):
    """An issuing CA, wherever its key is."""

    @property
    def certificate(self) -> x509.Certificate:
        """The CA's own certificate."""

    @property
    def chain(self) -> str:
        """The certificates in PEM between a workload's and the trust anchor, which both are left out."""

    @property
    def forkable(self) -> bool:
        """Whether processes forked from this one may sign too: the key is in memory, no session with a device."""

    def issue(self, wanted: issuance.WantedCertificate) -> x509.Certificate:
        """Sign one workload certificate."""

    def sign_revocation_list(self, builder: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        """Sign a CRL."""


class KeySigner:
    """A CA whose private key answers to cryptography's interface, be it a file's or a token's."""

    chain = ""  # the anchor holds the issuing CA itself

    def __init__(self, certificate: x509.Certificate, private_key: keys.PrivateKey, *, forkable: bool = False) -> None:
        self.certificate = certificate
        self.forkable = forkable
        self._private_key = private_key
        self._hash = keys.signature_hash(private_key.public_key())
        self._template = issuance.workload_template(certificate)

    def issue(self, wanted: issuance.WantedCertificate) -> x509.Certificate:
        """Sign one workload certificate."""
        return issuance.workload_builder(self._template, wanted).sign(self._private_key, self._hash)

    def sign_revocation_list(self, builder: x509.CertificateRevocationListBuilder) -> x509.CertificateRevocationList:
        """Sign a CRL."""
        return builder.sign(self._private_key, self._hash)
