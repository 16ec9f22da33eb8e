# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs. A provider offers one of these interfaces; whatever it hands back is checked by the caller.

A :class:`Signer` has a key at hand and signs what it is given. A :class:`RemoteAuthority` is asked over a wire: it may
be slow, its answers may be lost, and it decides itself what it signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, Union

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


class Application(NamedTuple):
    """One certificate that a CA is asked for. *token* names it for good, also when it is asked for again.

    *csr* is the workload's request in PEM. Its key is the one that is wanted; all names come from *wanted*. *reference*
    is what the CA called it when it was asked before, if it had come to that.
    """

    token: str
    csr: str
    wanted: issuance.WantedCertificate
    reference: str = ""


class Lost(str):
    """The sentence for an application whose answer did not come: the CA may have signed it or not."""

    __slots__ = ()


class Accepted(str):
    """What the CA calls a certificate that it is making; the answer itself follows."""

    __slots__ = ()


# A certificate, the sentence of a refusal, after which the CA has signed nothing, or that of an answer that was lost;
# before it, from a CA that takes its time, by what name the certificate can be found.
Answer = Union["x509.Certificate", str, Lost, Accepted]


class RemoteAuthority(Protocol):
    """An issuing CA that is asked over a wire. Each method raises AuthorityError when it cannot be reached."""

    @property
    def certificate(self) -> x509.Certificate:
        """The issuing CA's own certificate."""

    @property
    def chain(self) -> str:
        """The certificates in PEM between a workload's and the trust anchor, which both are left out."""

    def issue(self, applications: Sequence[Application]) -> Iterator[tuple[Application, Answer]]:
        """Ask for certificates, and hand out the answers as they come.

        An application without an answer counts as lost, and so do all that are left when this raises AuthorityError.
        """

    def find(self, application: Application) -> x509.Certificate | None:
        """Look for a certificate that was asked for before and whose answer was lost; None when there is none."""

    def revoke(self, serial: str, reason: str) -> None:
        """Have a certificate revoked, one that is revoked already, too.

        :param serial: as the ledger writes it.
        :param reason: a key of revocation_lists.REASONS.
        """

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """Fetch the newest CRL that the CA publishes, or None when it publishes none."""


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
