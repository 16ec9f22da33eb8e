# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate signing requests: a public key, the proof that its holder made the request, and the binding to a run.

Nothing else is taken from a request. The names of a certificate come from the inventory.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from . import keys
from .errors import CertificateError

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import AttributeOID
except ImportError:
    pass  # library.check tells the user

SIZE_LIMIT = 16 * 1024  # bytes of PEM


class CertificateRequest(NamedTuple):
    """A request that was read and whose signature was verified; *public_key_info* is SubjectPublicKeyInfo in DER."""

    public_key_info: bytes
    public_key_fingerprint: str
    binding: str


def binding(nonce: str, host: str, name: str) -> str:
    """Compute what binds a request to one run of the controller, one host and one workload."""
    return hashlib.sha256(f"{nonce}\n{host}\n{name}".encode()).hexdigest()


def read(pem: str) -> CertificateRequest:
    """Read a certificate request in PEM and verify its signature.

    :raises CertificateError: too large, unreadable, a key that is not accepted, or not signed by its own key.
    """
    encoded = pem.encode()
    if len(encoded) > SIZE_LIMIT:
        raise CertificateError(f"The certificate request has {len(encoded)} bytes where {SIZE_LIMIT} are allowed.")
    try:
        request = x509.load_pem_x509_csr(encoded)
        public_key = keys.accepted(request.public_key())
        valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError("The certificate request cannot be read: make a new one on the host.") from None
    if not valid:
        raise CertificateError("The certificate request is not signed by its own key: make a new one on the host.")
    public_key_info = keys.public_key_info(public_key)
    return CertificateRequest(public_key_info, keys.fingerprint(public_key_info), _challenge_password(request))


def check_binding(request: CertificateRequest, nonce: str, host: str, name: str) -> None:
    """Check that a request was made for this run, this host and this workload (RFC 2985 section 5.4.1 carries it).

    :raises CertificateError: it was made for another run, host or workload, or carries no binding.
    """
    if not hmac.compare_digest(request.binding.encode(), binding(nonce, host, name).encode()):
        raise CertificateError(
            "The certificate request was not made for this host, this workload and this run: make a new one."
        )


def _challenge_password(request: x509.CertificateSigningRequest) -> str:
    try:
        return request.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value.decode("ascii")
    except (x509.AttributeNotFound, ValueError):
        return ""
