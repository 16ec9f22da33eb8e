# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path from a leaf to a trust anchor, and what each certificate on it must be (reference §3.1, §3.2).

An own walk, since `cryptography.x509.verification` brings the rules of the public web: it wants self-signed anchors'
stores, names of servers and shorter lives than a private CA gives. Here any certificate of the anchor ends the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from . import anchor_certificates

MOST_PRESENTED = 5  # certificates of the X-Amz-X509-Chain header

# SHA-256 or stronger. RSASSA-PSS is nowhere mentioned, so it is not taken.
SIGNATURE_ALGORITHMS = (
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.ML_DSA_44,
    SignatureAlgorithmOID.ML_DSA_65,
    SignatureAlgorithmOID.ML_DSA_87,
)

# RFC 5280 §4.2: who does not process a critical extension must refuse the certificate. Name constraints are not
# processed here and are refused even where they are not critical.
_PROCESSED = (
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
)

Path = tuple[x509.Certificate, ...]


def find_path(
    leaf: x509.Certificate,
    presented: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> Path | None:
    """Find certificates from the leaf to one of the anchor's, each signed by the next and valid now; or None.

    The leaf itself is judged by leaf_objection(). The presented certificates may repeat, and may hold the leaf or
    a root that leads nowhere.
    """
    return next(_paths((leaf,), list(dict.fromkeys(presented)), anchors, now), None)


def _paths(
    path: Path, others: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], now: datetime
) -> Iterator[Path]:
    for anchor in _issuers(path, anchors, now):
        yield (*path, anchor)
    for issuer in _issuers(path, others, now):
        remaining = [certificate for certificate in others if certificate != issuer]
        yield from _paths((*path, issuer), remaining, anchors, now)


def _issuers(path: Path, candidates: Iterable[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    return [
        candidate
        for candidate in candidates
        if candidate not in path
        and _has_issued(candidate, path[-1])
        and authority_objection(candidate, now) is None
        and _path_length_suffices(candidate, path[1:])
    ]


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _path_length_suffices(authority: x509.Certificate, below: Path) -> bool:
    """RFC 5280 §4.2.1.9: self-issued certificates between the authority and the leaf do not count."""
    allowed = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return allowed is None or sum(certificate.subject != certificate.issuer for certificate in below) <= allowed


def authority_objection(certificate: x509.Certificate, now: datetime) -> str | None:
    """Tell why a certificate cannot stand above the leaf, or None."""
    return anchor_certificates.objection(certificate) or _common_objection(certificate, now)


def leaf_objection(leaf: x509.Certificate, now: datetime, client_authentication_required: bool) -> str | None:
    """Tell which rule for end-entity certificates a leaf breaks, or None."""
    try:
        extensions = leaf.extensions
    except ValueError:
        return "its extensions cannot be read"
    if leaf.version is not x509.Version.v3:
        return "it is not an X.509 v3 certificate"
    if not leaf.subject.rdns:
        return "its subject is empty"
    if anchor_certificates.is_authority(extensions):
        return "it is a CA"
    if not anchor_certificates.may(extensions, "digital_signature"):
        return "its key usage lacks digitalSignature"
    if client_authentication_required and not _is_for_clients(extensions):
        return "its extended key usage lacks clientAuth"
    if not anchor_certificates.is_strong(leaf.public_key()):
        return "its key is of a kind or size that is not taken"
    return _common_objection(leaf, now)


def _is_for_clients(extensions: x509.Extensions) -> bool:
    try:
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages


def _common_objection(certificate: x509.Certificate, now: datetime) -> str | None:
    if certificate.signature_algorithm_oid not in SIGNATURE_ALGORITHMS:
        return "its signature algorithm is not taken"
    for extension in certificate.extensions:
        critical = extension.critical and extension.oid not in _PROCESSED
        if critical or extension.oid == ExtensionOID.NAME_CONSTRAINTS:
            return f"its extension {extension.oid.dotted_string} is not processed"
    if now < certificate.not_valid_before_utc:
        return "it is not valid yet"
    if now > certificate.not_valid_after_utc:
        return "it has expired"
    return None
