# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every line that the program openssl ca writes is understood, and every other one is refused by its number."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import openssl_index
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError


def line(status="V", not_after="271120170734Z", revocation="", serial="1001", subject="/C=DE/O=Example/CN=web1"):
    return f"{status}\t{not_after}\t{revocation}\t{serial}\tunknown\t{subject}\n"


def parse(text):
    return openssl_index.parse(text, "index.txt")


def utc(*numbers):
    return datetime(*numbers, tzinfo=timezone.utc)


def test_a_good_certificate():
    (found,) = parse(line())
    assert (found.line, found.serial_number, found.file_name) == (1, 0x1001, "1001")
    assert (found.not_after, found.revoked_at, found.reason) == (utc(2027, 11, 20, 17, 7, 34), None, None)
    assert (found.subject.common_name, found.subject.describe()) == ("web1", "CN=web1,O=Example,C=DE")


@pytest.mark.parametrize(
    ("revocation", "moment", "reason"),
    [
        ("261120170734Z", utc(2026, 11, 20, 17, 7, 34), "unspecified"),
        ("261120170734Z,unspecified", utc(2026, 11, 20, 17, 7, 34), "unspecified"),
        ("261120170734Z,keyCompromise", utc(2026, 11, 20, 17, 7, 34), "key_compromise"),
        ("261120170734Z,CACompromise", utc(2026, 11, 20, 17, 7, 34), "key_compromise"),
        ("261120170734Z,affiliationChanged", utc(2026, 11, 20, 17, 7, 34), "affiliation_changed"),
        ("261120170734Z,superseded", utc(2026, 11, 20, 17, 7, 34), "superseded"),
        ("261120170734Z,cessationOfOperation", utc(2026, 11, 20, 17, 7, 34), "cessation_of_operation"),
        ("261120170734Z,certificateHold", utc(2026, 11, 20, 17, 7, 34), "unspecified"),
        ("261120170734Z,holdInstruction,holdInstructionReject", utc(2026, 11, 20, 17, 7, 34), "unspecified"),
        ("261120170734Z,removeFromCRL", utc(2026, 11, 20, 17, 7, 34), "unspecified"),
        ("261120170734Z,keyTime,20260101000000Z", utc(2026, 11, 20, 17, 7, 34), "key_compromise"),
        ("20561120170734Z,CAkeyTime,20260101000000Z", utc(2056, 11, 20, 17, 7, 34), "key_compromise"),
    ],
)
def test_a_revoked_certificate(revocation, moment, reason):
    (found,) = parse(line("R", revocation=revocation))
    assert (found.revoked_at, found.reason) == (moment, reason)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("491231235959Z", utc(2049, 12, 31, 23, 59, 59)),
        ("500101000000Z", utc(1950, 1, 1)),
        ("20500101000000Z", utc(2050, 1, 1)),
    ],
)
def test_both_kinds_of_time(text, moment):
    assert parse(line("E", text))[0].not_after == moment


@pytest.mark.parametrize(
    ("subject", "common_name", "described"),
    [
        (r"/CN=a\/b=c", "a/b=c", r"CN=a/b\=c"),
        ("/CN=a/b c", "a/b c", "CN=a/b c"),
        (r"/O=Example+CN=web1", "web1", "CN=web1,O=Example"),
        (r"/CN=M\xC3\xBC, ller\x09tab", "Mü, ller\ttab", "CN=Mü\\, ller\ttab"),
        (r"/CN=M\xFCller", "Müller", "CN=Müller"),
        ("/CN=with\\\ttab", "with\ttab", "CN=with\ttab"),
        ("/CN= spaces ", " spaces ", r"CN=\ spaces\ "),
        ("/OU=one/OU=two", "", "OU=two,OU=one"),
        ("/CN=first/CN=second/emailAddress=a@example.com", "second", "emailAddress=a@example.com,CN=second,CN=first"),
        ("", "", ""),
    ],
)
def test_subjects(subject, common_name, described):
    (found,) = parse(line(subject=subject))
    assert (found.subject.common_name, found.subject.describe()) == (common_name, described)


def test_comments_and_line_ends_of_windows_do_not_count():
    text = "# by hand\r\n" + line().replace("\n", "\r\n") + line(serial="02").rstrip("\n")
    assert [(found.line, found.serial_number) for found in parse(text)] == [(2, 0x1001), (3, 2)]
    assert parse(text)[0].subject.common_name == "web1"


def test_an_empty_file_has_no_certificate():
    assert parse("") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "has 1 fields between tabs instead of 6"),
        (line().replace("\t", " "), "has 1 fields between tabs instead of 6"),
        (line().replace("\tunknown", ""), "has 5 fields between tabs instead of 6"),
        (line().replace("\n", "\tmore\n"), "has 7 fields between tabs instead of 6"),
        (line("X"), "has the status 'X' instead of V, R or E"),
        (line("R"), "has the status R and no date of revocation"),
        (line("V", revocation="261120170734Z"), "has the status V and a date of revocation"),
        (line("R", revocation="261120170734Z,lost"), "has the reason of revocation 'lost'"),
        (line("R", revocation="yesterday"), "has the time 'yesterday' instead of"),
        (line(not_after="2711201707Z"), "has the time '2711201707Z' instead of YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ"),
        (line(not_after="271320170734Z"), "has the time '20271320170734Z', which no calendar has"),
        (line(serial=""), "has the serial number '', which no CRL can name"),
        (line(serial="00"), "has the serial number '00', which no CRL can name"),
        (line(serial="-01"), "has the serial number '-01', which no CRL can name"),
        (line(serial="80" + "00" * 19), "which no CRL can name"),
        (line(serial="1001"), "has the serial number 1001 of line 1"),
    ],
)
def test_a_line_that_openssl_does_not_write_is_refused_by_its_number(content, reason):
    with pytest.raises(AuthorityError) as refused:
        parse(line() + content + ("" if content else "\n"))
    assert str(refused.value).startswith(f"Line 2 of index.txt {reason}") or reason in str(refused.value)
    assert str(refused.value).startswith("Line 2 of index.txt has ")
    assert str(refused.value).endswith(": put it right, nothing was taken over.")


def test_numbers_are_hexadecimal():
    assert openssl_index.parse_number("10fF\n", "serial") == 0x10FF
    for text in ("", "0x10", "twelve", "-1", "10 11"):
        with pytest.raises(AuthorityError, match="serial does not hold a number in hexadecimal"):
            openssl_index.parse_number(text, "serial")
