# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small reader of X.509 certificates (RFC 5280) in DER, for hosts that have nothing but Python.

It reads what a host must know about its own certificate and checks no signature. Whatever the bytes are, the outcome
is a Certificate or a SessionError. The text output of the openssl program is never read: a name can forge its lines.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Iterator, NamedTuple

from .errors import SessionError
from .pem import split_pem

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
VERSION, EXTENSIONS = 0xA0, 0xA3  # context tags of TBSCertificate
DNS_NAME, URI = 0x82, 0x86  # context tags of GeneralName
KEY_IDENTIFIER = 0x80  # context tag of AuthorityKeyIdentifier

STRING_ENCODINGS = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # T61String, as everybody writes it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
ATTRIBUTE_NAMES = {  # RFC 4514 section 3
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
PUBLIC_KEY_ALGORITHMS = {"1.2.840.113549.1.1.1": "RSA", "1.2.840.10045.2.1": "EC"}
BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"
SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER = "2.5.29.14", "2.5.29.35"
KEY_USAGES = (  # RFC 5280 section 4.2.1.3, bit 0 first
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
EXTENDED_KEY_USAGES = {
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}


class Certificate(NamedTuple):
    """What a certificate says about itself; nothing in it has been verified."""

    der: bytes
    serial: int
    serial_hex: str  # the INTEGER's bytes: lower case, even length, as in the session's name
    subject: str  # RFC 4514
    subject_der: bytes
    subject_attributes: list[tuple[str, str]]  # (short name or dotted OID, value) in certificate order
    dns_names: list[str]  # of the subject alternative name, in certificate order
    uris: list[str]
    issuer: str  # RFC 4514
    issuer_der: bytes
    not_before: datetime  # aware, UTC
    not_after: datetime  # aware, UTC
    public_key_algorithm: str  # "RSA", "EC" or a dotted OID
    public_key_info_der: bytes  # SubjectPublicKeyInfo
    signature_algorithm: str  # dotted OID
    is_ca: bool
    key_usage: frozenset[str] | None  # RFC 5280 names; None without the extension
    extended_key_usage: frozenset[str] | None  # "clientAuth", … or dotted OIDs; None without the extension
    subject_key_identifier: bytes | None
    authority_key_identifier: bytes | None
    fingerprint: str  # lower-case hex SHA-256 of the DER


class _Value(NamedTuple):
    """One DER value: its tag, its content, and both together as they stand in the file."""

    tag: int
    content: bytes
    whole: bytes


class _MalformedError(Exception):
    """The bytes break a rule of DER or of RFC 5280; the text says which."""


def read_certificate(pem_or_der: bytes) -> Certificate:
    """Read one certificate from DER, or the first one of a PEM file.

    :raises SessionError: there is none, or it is malformed.
    """
    der = pem_or_der
    if der[:1] != bytes([SEQUENCE]):
        certificates = split_pem(pem_or_der)
        if not certificates:
            raise SessionError("There is no certificate in the file; it must hold one in PEM form.")
        der = certificates[0]
    try:
        return _certificate(der)
    except _MalformedError as error:
        raise SessionError(f"The certificate cannot be read: {error}; issue or copy it again.") from error


def _certificate(der: bytes) -> Certificate:
    signed, _algorithm, _signature = _exactly(3, _only(der, SEQUENCE, "certificate"), "certificate")
    fields = _children(_expect(signed, SEQUENCE, "TBSCertificate"))
    if fields and fields[0].tag == VERSION:
        fields = fields[1:]
    if len(fields) < 6:
        raise _MalformedError("fields are missing")
    serial, algorithm, issuer, validity, subject, public_key_info = fields[:6]
    serial_bytes = _expect(serial, INTEGER, "serial number")
    if not serial_bytes:
        raise _MalformedError("the serial number is empty")
    not_before, not_after = _exactly(2, _expect(validity, SEQUENCE, "validity"), "validity")
    subject_names = _name(subject)
    public_key_algorithm = _algorithm_identifier(
        _exactly(2, _expect(public_key_info, SEQUENCE, "public key"), "public key")[0]
    )
    extensions = _extensions(fields[6:])
    alternative_name = extensions.get(SUBJECT_ALTERNATIVE_NAME)
    return Certificate(
        der=der,
        serial=int.from_bytes(serial_bytes, "big", signed=True),
        serial_hex=serial_bytes.hex(),
        subject=_rfc4514(subject_names),
        subject_der=subject.whole,
        subject_attributes=[attribute for relative_name in subject_names for attribute in relative_name],
        dns_names=_general_names(alternative_name, DNS_NAME),
        uris=_general_names(alternative_name, URI),
        issuer=_rfc4514(_name(issuer)),
        issuer_der=issuer.whole,
        not_before=_time(not_before),
        not_after=_time(not_after),
        public_key_algorithm=PUBLIC_KEY_ALGORITHMS.get(public_key_algorithm, public_key_algorithm),
        public_key_info_der=public_key_info.whole,
        signature_algorithm=_algorithm_identifier(algorithm),
        is_ca=_is_ca(extensions.get(BASIC_CONSTRAINTS)),
        key_usage=_key_usage(extensions.get(KEY_USAGE)),
        extended_key_usage=_extended_key_usage(extensions.get(EXTENDED_KEY_USAGE)),
        subject_key_identifier=_subject_key_identifier(extensions.get(SUBJECT_KEY_IDENTIFIER)),
        authority_key_identifier=_authority_key_identifier(extensions.get(AUTHORITY_KEY_IDENTIFIER)),
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


# DER (X.690)


def _values(content: bytes) -> Iterator[_Value]:
    start = 0
    while start < len(content):
        if start + 2 > len(content):
            raise _MalformedError("it is cut short")
        tag, length, body = content[start], content[start + 1], start + 2
        if tag & 0x1F == 0x1F:
            raise _MalformedError("a tag is out of range")
        if length >= 0x80:
            octets = length & 0x7F
            length = int.from_bytes(content[body : body + octets], "big")
            body += octets
            if length < 0x80 or length >> 8 * (octets - 1) == 0:
                raise _MalformedError("a length is not in its shortest form")
        if body + length > len(content):
            raise _MalformedError("it is cut short")
        yield _Value(tag, content[body : body + length], content[start : body + length])
        start = body + length


def _children(content: bytes) -> list[_Value]:
    return list(_values(content))


def _expect(value: _Value, tag: int, what: str) -> bytes:
    if value.tag != tag:
        raise _MalformedError(f"the {what} has an unexpected type")
    return value.content


def _exactly(count: int, content: bytes, what: str) -> list[_Value]:
    values = _children(content)
    if len(values) != count:
        raise _MalformedError(f"the {what} does not have its {count} parts")
    return values


def _only(content: bytes, tag: int, what: str) -> bytes:
    return _expect(_exactly(1, content, what)[0], tag, what)


def _object_identifier(value: _Value) -> str:
    content = _expect(value, OBJECT_IDENTIFIER, "object identifier")
    if not content or content[-1] & 0x80:
        raise _MalformedError("an object identifier is cut short")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(number) for number in [first, arcs[0] - 40 * first, *arcs[1:]])


def _algorithm_identifier(value: _Value) -> str:
    parts = _children(_expect(value, SEQUENCE, "algorithm"))
    if not parts:
        raise _MalformedError("an algorithm is empty")
    return _object_identifier(parts[0])


def _time(value: _Value) -> datetime:
    # RFC 5280 section 4.1.2.5: always with seconds, always Z; two digits of year mean 1950 to 2049.
    text = value.content.decode("ascii", "replace")
    if value.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif value.tag != GENERALIZED_TIME:
        raise _MalformedError("a date has an unexpected type")
    if len(text) != len("YYYYMMDDHHMMSSZ") or text[-1] != "Z" or not (text[:-1].isascii() and text[:-1].isdigit()):
        raise _MalformedError("a date is not in the form of RFC 5280")
    year, rest = int(text[:4]), text[4:14]
    month, day, hour, minute, second = (int(rest[at : at + 2]) for at in range(0, 10, 2))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        raise _MalformedError("a date does not exist in the calendar") from None


# Names (RFC 4514)


def _name(value: _Value) -> list[list[tuple[str, str]]]:
    return [
        [_attribute(attribute) for attribute in _children(_expect(relative_name, SET, "relative name"))]
        for relative_name in _children(_expect(value, SEQUENCE, "name"))
    ]


def _attribute(value: _Value) -> tuple[str, str]:
    kind, text = _exactly(2, _expect(value, SEQUENCE, "name's attribute"), "name's attribute")
    identifier = _object_identifier(kind)
    name = ATTRIBUTE_NAMES.get(identifier, identifier)
    encoding = STRING_ENCODINGS.get(text.tag)
    if encoding is None:
        return name, "#" + text.whole.hex()
    try:
        return name, text.content.decode(encoding)
    except UnicodeDecodeError:
        raise _MalformedError(f"the name's {name} is not the text that its type promises") from None


def _rfc4514(name: list[list[tuple[str, str]]]) -> str:
    return ",".join(
        "+".join(f"{attribute}={_escaped(text)}" for attribute, text in relative_name)
        for relative_name in reversed(name)
    )


def _escaped(text: str) -> str:
    escaped = "".join("\\" + character if character in '\\"+,;<>' else character for character in text)
    escaped = escaped.replace("\0", "\\00")
    if text[:1] in ("#", " ") and text:
        escaped = "\\" + escaped
    if text[-1:] == " " and len(text) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


# Extensions (RFC 5280 section 4.2)


def _extensions(optional_fields: list[_Value]) -> dict[str, bytes]:
    found = {}
    for field in optional_fields:
        if field.tag != EXTENSIONS:
            continue
        for extension in _children(_only(field.content, SEQUENCE, "extensions")):
            parts = _children(_expect(extension, SEQUENCE, "extension"))
            if len(parts) not in (2, 3):
                raise _MalformedError("an extension does not have its parts")
            found[_object_identifier(parts[0])] = _expect(parts[-1], OCTET_STRING, "extension's value")
    return found


def _general_names(content: bytes | None, tag: int) -> list[str]:
    if content is None:
        return []
    names = _children(_only(content, SEQUENCE, "subjectAltName"))
    try:
        return [name.content.decode("ascii") for name in names if name.tag == tag]  # IA5String
    except UnicodeDecodeError:
        raise _MalformedError("an alternative name is not ASCII") from None


def _is_ca(content: bytes | None) -> bool:
    if content is None:
        return False
    parts = _children(_only(content, SEQUENCE, "basicConstraints"))
    return bool(parts) and parts[0].tag == BOOLEAN and parts[0].content != b"\0"


def _key_usage(content: bytes | None) -> frozenset[str] | None:
    if content is None:
        return None
    bits = _only(content, BIT_STRING, "keyUsage")[1:]  # the first octet counts unused bits, which are zero
    return frozenset(
        usage
        for number, usage in enumerate(KEY_USAGES)
        if number // 8 < len(bits) and bits[number // 8] & 0x80 >> number % 8
    )


def _extended_key_usage(content: bytes | None) -> frozenset[str] | None:
    if content is None:
        return None
    purposes = map(_object_identifier, _children(_only(content, SEQUENCE, "extendedKeyUsage")))
    return frozenset(EXTENDED_KEY_USAGES.get(purpose, purpose) for purpose in purposes)


def _subject_key_identifier(content: bytes | None) -> bytes | None:
    return None if content is None else _only(content, OCTET_STRING, "subjectKeyIdentifier")


def _authority_key_identifier(content: bytes | None) -> bytes | None:
    # Of the three ways to name the issuer's key only the identifier is of use here.
    parts = [] if content is None else _children(_only(content, SEQUENCE, "authorityKeyIdentifier"))
    return next((part.content for part in parts if part.tag == KEY_IDENTIFIER), None)
