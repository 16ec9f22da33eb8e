# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and tags that a session takes from its certificate (reference §1.8, §2.6, §2.7)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

LONGEST_TAG_KEY = 128
LONGEST_TAG_VALUE = 256
LONGEST_COMMON_NAME_WITH_PREFIX = 61  # STS: a source identity has at most 64 characters

# The attribute types that "*" stands for. Which ones AWS recognises is only half told: CN, OU, O, C, ST, L and UID
# are named, the others are those of RFC 4519 and RFC 5280. Any other type is mapped where its OID is a specifier.
SHORT_NAMES = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.USER_ID: "UID",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.TITLE: "T",
    NameOID.GIVEN_NAME: "GN",
    NameOID.SURNAME: "SN",
}

# What is mapped for a profile that shows no mappings at all: one report misses the tags of x509SAN then (§9.2).
UNCUSTOMISED_MAPPINGS: Mapping[str, Sequence[str]] = {"x509Issuer": ("*",), "x509Subject": ("*",)}


class Tag(NamedTuple):
    """A session tag: field "x509Subject" and name "CN" make the key "x509Subject/CN"."""

    field: str
    name: str
    value: str

    @property
    def key(self) -> str:
        """The key, as conditions name it behind "aws:PrincipalTag/"."""
        return f"{self.field}/{self.name}"

    @property
    def is_acceptable(self) -> bool:
        """Whether STS takes it: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]* of at most 256 characters."""
        fits = len(self.key) <= LONGEST_TAG_KEY and len(self.value) <= LONGEST_TAG_VALUE
        return fits and all(unicodedata.category(sign)[0] in "LZN" or sign in "_.:/=+-@" for sign in self.value)


def session_tags(leaf: x509.Certificate, mappings: Mapping[str, Sequence[str]]) -> list[Tag]:
    """Map a certificate to tags, by the specifiers that each certificate field has."""
    return [
        *_name_tags("x509Subject", "", leaf.subject, mappings.get("x509Subject", ())),
        *_name_tags("x509Issuer", "", leaf.issuer, mappings.get("x509Issuer", ())),
        *_alternative_name_tags(leaf, mappings.get("x509SAN", ())),
    ]


def _name_tags(field: str, prefix: str, name: x509.Name, specifiers: Sequence[str]) -> Iterator[Tag]:
    """Map a distinguished name; a type that repeats has its values joined with "/" in the certificate's order."""
    values: dict[str, list[str]] = {}
    for attribute in name:
        short_name = SHORT_NAMES.get(attribute.oid)
        wanted = {short_name, attribute.oid.dotted_string} & {specifier[len(prefix) :] for specifier in specifiers}
        if short_name is not None and f"{prefix}*" in specifiers:
            wanted.add(short_name)
        for label in wanted:
            values.setdefault(label, []).append(_text(attribute.value))
    for label, texts in values.items():
        yield Tag(field, f"{prefix}{label}", "/".join(texts))


def _alternative_name_tags(leaf: x509.Certificate, specifiers: Sequence[str]) -> Iterator[Tag]:
    """Map the first name of each kind; addresses of hosts and mail are never mapped."""
    try:
        names = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return
    for specifier, kind in (("DNS", x509.DNSName), ("URI", x509.UniformResourceIdentifier)):
        values = names.get_values_for_type(kind)
        if values and specifier in specifiers:
            yield Tag("x509SAN", specifier, values[0])
    directory_names = names.get_values_for_type(x509.DirectoryName)
    if directory_names:
        in_names = [specifier for specifier in specifiers if specifier.startswith("Name/")]
        yield from _name_tags("x509SAN", "Name/", directory_names[0], in_names)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def serial_number(certificate: x509.Certificate) -> str:
    """Write a serial number as session names have it: hex of its two's complement bytes, so of even length."""
    number = certificate.serial_number
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True).hex()


def source_identity(leaf: x509.Certificate) -> str:
    """Name who is behind the session: the common name, or the serial number of a certificate without one."""
    common_names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not common_names:
        return f"ID={serial_number(leaf)}"
    common_name = _text(common_names[0].value)
    return f"CN={common_name}" if len(common_name) <= LONGEST_COMMON_NAME_WITH_PREFIX else common_name
