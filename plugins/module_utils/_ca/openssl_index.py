# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in which the program ``openssl ca`` keeps account: index.txt, and the next serial and CRL number.

Sources: openssl-ca(1), section FILES; TXT_DB_read in OpenSSL's crypto/txt_db/txt_db.c for the escaped tab, and
X509_NAME_oneline in crypto/x509/x509_obj.c for the subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

from .errors import AuthorityError

# A CRL takes positive serial numbers of at most 20 bytes (RFC 5280 section 4.1.2.2).
LONGEST_SERIAL_NUMBER = 159  # bits

# What openssl-ca(1) writes behind the date of revocation, in the words of our modules. A certificate on hold stays
# revoked, and a CA's reason on a workload's certificate means that its key is lost.
REASONS = {
    "": "unspecified",
    "unspecified": "unspecified",
    "keyCompromise": "key_compromise",
    "CACompromise": "key_compromise",
    "affiliationChanged": "affiliation_changed",
    "superseded": "superseded",
    "cessationOfOperation": "cessation_of_operation",
    "certificateHold": "unspecified",
    "removeFromCRL": "unspecified",
    "holdInstruction": "unspecified",
    "keyTime": "key_compromise",
    "CAkeyTime": "key_compromise",
}

_FIELDS = 6
_STATUSES = ("V", "R", "E")
_UNESCAPED_TAB = re.compile(r"(?<!\\)\t")
_NUMBER = re.compile(r"[0-9A-Fa-f]+")
_UTC_TIME = re.compile(r"\d{12}Z")
_GENERALIZED_TIME = re.compile(r"\d{14}Z")
# OpenSSL 3 puts a backslash before a slash or plus sign that belongs to a value; older releases do not.
_ATTRIBUTE_BEGIN = re.compile(r"(?<!\\)[/+](?=[A-Za-z0-9.]+=)")
_ESCAPED_BYTES = re.compile(r"(?:\\x[0-9A-F]{2})+")
_ESCAPED_SIGN = re.compile(r"\\([/+])")


class IndexedCertificate(NamedTuple):
    """A line of index.txt; *file_name* is the serial number as the file in new_certs_dir has it for its name.

    *reason* is one of the words of ca_revoke.
    """

    line: int
    serial_number: int
    file_name: str
    subject: Subject
    not_after: datetime
    revoked_at: datetime | None
    reason: str | None


class Subject(NamedTuple):
    """A distinguished name as index.txt keeps it: attributes with OpenSSL's short names, the most general first."""

    attributes: tuple[tuple[str, str], ...]

    @property
    def common_name(self) -> str:
        """The last common name, or nothing."""
        return next((value for kind, value in reversed(self.attributes) if kind == "CN"), "")

    def describe(self) -> str:
        """Write it in the notation of RFC 4514."""
        return ",".join(f"{kind}={_escaped(value)}" for kind, value in reversed(self.attributes))


def parse(text: str, path: object) -> list[IndexedCertificate]:
    """Read index.txt.

    :param path: where the text comes from, for the sentence.
    :raises AuthorityError: a line is not what ``openssl ca`` writes, or two have one serial number.
    """
    lines_of: dict[int, int] = {}
    certificates = []
    for line, content in _lines(text):
        try:
            certificate = _certificate(line, content)
        except ValueError as error:
            raise AuthorityError(f"Line {line} of {path} {error}: put it right, nothing was taken over.") from None
        first = lines_of.setdefault(certificate.serial_number, line)
        if first != line:
            raise AuthorityError(
                f"Line {line} of {path} has the serial number {certificate.file_name} of line {first}: "
                "put it right, nothing was taken over."
            )
        certificates.append(certificate)
    return certificates


def parse_number(text: str, path: object) -> int:
    """Read the next serial or CRL number, which ``openssl ca`` keeps in hexadecimal in a file of its own.

    :param path: where the text comes from, for the sentence.
    :raises AuthorityError: it is none.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise AuthorityError(f"{path} does not hold a number in hexadecimal: give the file that openssl ca writes.")
    return int(text.strip(), 16)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for line, content in enumerate(text.removesuffix("\n").split("\n") if text else [], start=1):
        if not content.startswith("#"):
            yield line, content.removesuffix("\r")


def _certificate(line: int, content: str) -> IndexedCertificate:
    """Read one line. Raises ValueError with the middle of a sentence that begins with the line."""
    fields = [field.replace("\\\t", "\t") for field in _UNESCAPED_TAB.split(content)]
    if len(fields) != _FIELDS:
        raise ValueError(f"has {len(fields)} fields between tabs instead of {_FIELDS}")
    status, not_after, revocation, serial, _file, subject = fields
    if status not in _STATUSES:
        raise ValueError(f"has the status {status!r} instead of V, R or E")
    if (status == "R") is not bool(revocation):
        raise ValueError(f"has the status {status} and {'a' if revocation else 'no'} date of revocation")
    revoked_at, reason = _revocation(revocation) if revocation else (None, None)
    return IndexedCertificate(
        line, _serial_number(serial), serial, _subject(subject), _time(not_after), revoked_at, reason
    )


def _serial_number(text: str) -> int:
    number = int(text, 16) if _NUMBER.fullmatch(text) else 0
    if not 0 < number.bit_length() <= LONGEST_SERIAL_NUMBER:
        raise ValueError(f"has the serial number {text!r}, which no CRL can name")
    return number


def _revocation(text: str) -> tuple[datetime, str]:
    date, _comma, reason = text.partition(",")
    word = reason.partition(",")[0]
    if word not in REASONS:
        raise ValueError(f"has the reason of revocation {word!r}, which openssl ca does not write")
    return _time(date), REASONS[word]


def _time(text: str) -> datetime:
    if _UTC_TIME.fullmatch(text):
        # RFC 5280 section 4.1.2.5.1: from 50 on it is the twentieth century.
        text = f"{'20' if text < '50' else '19'}{text}"
    elif not _GENERALIZED_TIME.fullmatch(text):
        raise ValueError(f"has the time {text!r} instead of YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise ValueError(f"has the time {text!r}, which no calendar has") from None


def _subject(text: str) -> Subject:
    attributes = [part.partition("=") for part in _ATTRIBUTE_BEGIN.split(text) if part]
    return Subject(tuple((kind, _unescaped(value)) for kind, _equals, value in attributes))


def _unescaped(value: str) -> str:
    return _ESCAPED_SIGN.sub(r"\1", _ESCAPED_BYTES.sub(_decoded, value))


def _decoded(match: re.Match[str]) -> str:
    content = bytes.fromhex(match.group().replace("\\x", ""))
    try:
        return content.decode()
    except UnicodeDecodeError:  # a T61String; many meant Latin 1 by it
        return content.decode("latin-1")


def _escaped(value: str) -> str:
    """Escape a value as RFC 4514 section 2.4 wants."""
    escaped = re.sub(r'([,+"\\<>;=])', r"\\\1", value)
    escaped = re.sub(r"^([ #])", r"\\\1", escaped)
    return re.sub(r"(?<!\\) $", r"\\ ", escaped)
