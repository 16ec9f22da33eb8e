# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in the API's words, written as X.509's."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from .acm_pca_errors import PrivateCaError

# In the order in which they stand in a name: an invention.
_ATTRIBUTES = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "State": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
    "Locality": NameOID.LOCALITY_NAME,
    "Title": NameOID.TITLE,
    "Surname": NameOID.SURNAME,
    "GivenName": NameOID.GIVEN_NAME,
    "Initials": NameOID.INITIALS,
    "Pseudonym": NameOID.PSEUDONYM,
    "GenerationQualifier": NameOID.GENERATION_QUALIFIER,
}


def distinguished_name(subject: Mapping[str, Any]) -> x509.Name:
    """Write an ASN1Subject; raises PrivateCaError."""
    custom = subject.get("CustomAttributes")
    given = {member: value for member, value in subject.items() if member != "CustomAttributes"}
    if custom and given:
        raise PrivateCaError(
            "InvalidArgsException", "Custom attributes cannot be used in combination with standard attributes."
        )
    pairs = [(_ATTRIBUTES[member], subject[member]) for member in _ATTRIBUTES if member in given]
    try:
        pairs += [
            (x509.ObjectIdentifier(attribute["ObjectIdentifier"]), attribute["Value"]) for attribute in custom or ()
        ]
        return x509.Name([x509.NameAttribute(identifier, value) for identifier, value in pairs])
    except ValueError as error:
        raise PrivateCaError("InvalidArgsException", f"The subject is not valid: {error}") from None


_GENERAL_NAMES: dict[str, Callable[[Any], x509.GeneralName]] = {
    "DnsName": x509.DNSName,
    "UniformResourceIdentifier": x509.UniformResourceIdentifier,
    "Rfc822Name": x509.RFC822Name,
    "IpAddress": lambda text: x509.IPAddress(ipaddress.ip_address(text)),
    "DirectoryName": lambda subject: x509.DirectoryName(distinguished_name(subject)),
    "RegisteredId": lambda text: x509.RegisteredID(x509.ObjectIdentifier(text)),
}


def general_name(given: Mapping[str, Any]) -> x509.GeneralName:
    """Write a GeneralName, of which exactly one kind is given; raises PrivateCaError."""
    if len(given) != 1 or not set(given) <= set(_GENERAL_NAMES):
        raise PrivateCaError("InvalidArgsException", "A general name must have exactly one value.")
    [(kind, value)] = given.items()
    try:
        return _GENERAL_NAMES[kind](value)
    except ValueError as error:
        raise PrivateCaError("InvalidArgsException", f"The general name is not valid: {error}") from None
