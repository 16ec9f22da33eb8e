# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that is asked over a wire, in the memory of the test: it can lie, lose answers and go away."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import file
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, revocation_lists
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

GONE = "The CA cannot be reached: try again."


class RemoteDouble:
    """Signs with the key of a CA in a folder. *answer* is called for each application and may answer in its place."""

    chain = ""

    def __init__(self, authority, now):
        self._signer = file.load_signer(authority.issuing, None)
        self.certificate = self._signer.certificate
        self.now = now
        self.signed = {}
        self.revoked = {}
        self.asked = []
        self.crl_number = 0
        self.withheld = set()
        self.publishes = True
        self.answer = lambda application: None
        self.fails = lambda what: False

    def sign(self, application):
        """Sign what is wanted, and remember it."""
        certificate = self._signer.issue(application.wanted)
        self.signed[application.token] = certificate
        return certificate

    def sign_instead(self, application, **changes):
        """Sign something else than what is wanted; *changes* are methods of the builder with what they are given."""
        wanted = application.wanted
        builder = (
            x509.CertificateBuilder()
            .subject_name(changes.get("subject", wanted.subject))
            .issuer_name(self.certificate.subject)
            .public_key(changes.get("key") or x509.load_pem_x509_csr(application.csr.encode()).public_key())
            .serial_number(changes.get("serial", certificates.new_serial_number()))
            .not_valid_before(wanted.validity.not_before)
            .not_valid_after(wanted.validity.not_after + changes.get("longer", timedelta(0)))
            .add_extension(x509.BasicConstraints(ca=changes.get("ca", False), path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([changes.get("usage", ExtendedKeyUsageOID.CLIENT_AUTH)]), critical=False
            )
        )
        signing_key = changes.get("signed_with", self._signer._private_key)
        certificate = builder.sign(signing_key, keys.signature_hash(signing_key.public_key()))
        self.signed[application.token] = certificate
        return certificate

    def issue(self, applications):
        for application in applications:
            if self.fails(application):
                raise AuthorityError(GONE)
            self.asked.append(application)
            answer = self.answer(application)
            if answer != "nothing":
                yield application, answer or self.sign(application)

    def find(self, application):
        if self.fails("find"):
            raise AuthorityError(GONE)
        return self.signed.get(application.token)

    def revoke(self, serial, reason):
        if self.fails(serial):
            raise AuthorityError(GONE)
        self.revoked[serial] = reason

    def revocation_list(self):
        if not self.publishes:
            return None
        self.crl_number += 1
        revoked = {
            int(serial, 16): revocation_lists.Revocation(self.now, revocation_lists.REASONS[reason])
            for serial, reason in self.revoked.items()
            if serial not in self.withheld
        }
        builder = revocation_lists.builder(
            self.certificate, self.crl_number, revoked, self.now, self.now + timedelta(days=3)
        )
        return self._signer.sign_revocation_list(builder)


def other_key():
    """Make a key that nobody has asked for."""
    return ec.generate_private_key(ec.SECP256R1())
