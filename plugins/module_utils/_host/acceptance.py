# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate that was issued is the one a host can use: a pure decision, taken before anything is staged."""

from __future__ import annotations

from datetime import datetime
from typing import Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import Certificate


def fault(
    certificate: Certificate, chain: Sequence[Certificate], public_key: bytes | None, now: datetime
) -> str | None:
    """Say what is wrong with a certificate, or None when nothing is.

    ``public_key`` (SubjectPublicKeyInfo, DER) is the pending key's; None leaves that question out. What the certificate
    must be: AWS, Roles Anywhere user guide, signature verification. ``chain`` leads from the issuer up, no root in it.
    """
    if public_key is not None and certificate.public_key_info_der != public_key:
        return "it is not for the key that waits here; make a new request and have that one signed"
    if certificate.is_ca:
        return "it is a CA's certificate (CA:TRUE), which Roles Anywhere refuses; issue one for an end entity"
    if certificate.key_usage is None or "digitalSignature" not in certificate.key_usage:
        return "its key usage lacks digitalSignature, which Roles Anywhere asks for; issue it with that"
    if certificate.not_before > now:
        return f"it is not valid before {certificate.not_before:%Y-%m-%dT%H:%M:%SZ}; look at the clock of this host"
    if certificate.not_after <= now:
        return f"it expired at {certificate.not_after:%Y-%m-%dT%H:%M:%SZ}; issue a new one"
    return _chain_fault(certificate, chain)


def _chain_fault(certificate: Certificate, chain: Sequence[Certificate]) -> str | None:
    child = certificate
    for number, issuer in enumerate(chain, start=1):
        if issuer.subject == issuer.issuer:
            return f"its chain holds a root ({issuer.subject}), which belongs into no chain; leave it out"
        if not issuer.is_ca or child.issuer != issuer.subject:
            return (
                f"certificate {number} of its chain did not issue the one before it; order the chain from the leaf up"
            )
        child = issuer
    return None
