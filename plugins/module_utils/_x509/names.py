# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that a certificate may carry: X.509's own limits and what STS accepts in the session tags made of them.

Roles Anywhere turns each attribute of the subject and of the issuer, and the first SAN of each kind, into a session
tag. A value that STS refuses breaks every session under that name, so it is refused here, before anything is signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import session_tags
from .errors import CertificateError

try:
    from cryptography import x509
    from cryptography.x509.oid import NameOID
except ImportError:
    pass  # library.check tells the user

# STS writes `CN=` before a common name of at most 61 characters to make the source identity of 64.
COMMON_NAME_LENGTH = 61
# RFC 5280 appendix A.1: ub-organization-name and ub-organizational-unit-name.
ORGANIZATION_LENGTH = 64
# RFC 1035 section 2.3.4 without the root label and the length octets.
DNS_NAME_LENGTH = 253

# RFC 5280 section 4.2.1.6 wants the preferred name syntax of RFC 1034 with the digits of RFC 1123.
_DNS_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^ ]+")


def why_not_value(value: str, length: int) -> str | None:
    """Say why a value cannot become a session tag of at most *length* characters, or None when it can."""
    if not value:
        return "is empty"
    if len(value) > length:
        return f"has {len(value)} characters where {length} are allowed"
    if value != value.strip():
        return "begins or ends with white space"
    if not session_tags.ASCII_CHARACTERS.fullmatch(value):
        refused = "".join(sorted(set(session_tags.ASCII_CHARACTERS.sub("", value))))
        return (
            f"has characters that STS refuses in session tags ({refused!r}; letters, digits, space and _.:/=+-@ pass)"
        )
    return None


def why_not_common_name(value: str) -> str | None:
    """Say why a common name is refused, or None.

    A name that begins with ``CN=`` or ``ID=`` could have the source identity of another certificate.
    """
    if value[:3].upper() in ("CN=", "ID="):
        return "begins with CN= or ID=, which the source identity of a session begins with"
    return why_not_value(value, COMMON_NAME_LENGTH)


def source_identity(common_name: str) -> str:
    """Return by which name AWS knows who is behind the sessions of a certificate with this common name.

    https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
    """
    return f"CN={common_name}" if len(common_name) <= COMMON_NAME_LENGTH else common_name


def why_not_organizational_units(values: Sequence[str]) -> str | None:
    """Say why a list of organizational units is refused, or None.

    The values of a repeated attribute are joined with ``/`` in the session tag.
    """
    for value in values:
        reason = why_not_value(value, ORGANIZATION_LENGTH)
        if reason is None and len(values) > 1 and "/" in value:
            reason = "has a / although the attribute is repeated, and the session tag joins repeated values with /"
        if reason:
            return f"{value!r} {reason}"
    return None


def why_not_dns_name(value: str) -> str | None:
    """Say why a DNS name is refused as SAN, or None."""
    reason = why_not_value(value, DNS_NAME_LENGTH)
    if reason is None and not _DNS_NAME.fullmatch(value):
        reason = "is not a host name of letters, digits, hyphens and dots"
    return reason


def why_not_uri(value: str) -> str | None:
    """Say why a URI is refused as SAN, or None."""
    reason = why_not_value(value, session_tags.VALUE_LENGTH)
    if reason is None and not _URI.fullmatch(value):
        reason = "is not an absolute URI such as spiffe://example.com/web"
    return reason


def subject(common_name: str, organization: str | None = None, organizational_units: Sequence[str] = ()) -> x509.Name:
    """Make a subject of O, OU and CN, in this order.

    :raises CertificateError: when a value breaks a rule of this file.
    """
    _refuse("common name", common_name, why_not_common_name(common_name))
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organizational_units:
        reason = why_not_organizational_units(organizational_units)
        if reason:
            raise CertificateError(f"The organizational unit {reason}.")
        units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in organizational_units]
        attributes = units + attributes
    if organization:
        _refuse("organization", organization, why_not_value(organization, ORGANIZATION_LENGTH))
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def alternative_names(dns_names: Sequence[str], uris: Sequence[str]) -> list[x509.GeneralName]:
    """Make the SANs in the order given: Roles Anywhere maps only the first DNS name and the first URI.

    :raises CertificateError: when a value breaks a rule of this file.
    """
    for value in dns_names:
        _refuse("DNS name", value, why_not_dns_name(value))
    for value in uris:
        _refuse("URI", value, why_not_uri(value))
    return [x509.DNSName(value) for value in dns_names] + [x509.UniformResourceIdentifier(value) for value in uris]


def check_authority_subject(subject: x509.Name) -> None:
    """Check the name of a CA that is there already: its attributes become session tags, and it cannot be changed.

    So letters beyond ASCII pass, as STS takes them.

    :raises CertificateError: STS refuses one of its values, or all values of a repeated attribute together.
    """
    if not list(subject):
        raise CertificateError("The CA has no subject: Roles Anywhere needs one.")
    for attribute in subject:
        values = [str(repeated.value) for repeated in subject.get_attributes_for_oid(attribute.oid)]
        for value in (*values, "/".join(values)):
            if value != value.strip() or not session_tags.VALUE.fullmatch(value):
                raise CertificateError(
                    f"The CA's subject holds {value!r}, which STS refuses in session tags: every session would fail, "
                    "make a new CA."
                )
        if len(values) > 1 and any("/" in value for value in values):
            raise CertificateError(
                f"The CA's subject repeats an attribute whose value has a /, {'/'.join(values)!r}: session tags could "
                "not tell it from another, make a new CA."
            )


def attributes(name: x509.Name) -> dict[str, list[str]]:
    """Return the values of a subject of O, OU and CN by these letters, each in its order."""
    kinds = {"O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME}
    return {
        letters: [str(attribute.value) for attribute in name.get_attributes_for_oid(kind)]
        for letters, kind in kinds.items()
    }


def dns_names_and_uris(alternative_names: Sequence[x509.GeneralName]) -> tuple[list[str], list[str]]:
    """Return the DNS names and the URIs among alternative names, each in its order."""
    dns_names = [name.value for name in alternative_names if isinstance(name, x509.DNSName)]
    return dns_names, [name.value for name in alternative_names if isinstance(name, x509.UniformResourceIdentifier)]


def _refuse(kind: str, value: str, reason: str | None) -> None:
    if reason:
        raise CertificateError(f"The {kind} {value!r} {reason}.")
