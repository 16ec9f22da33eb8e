# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DER reader beside cryptography, and what it makes of broken bytes."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime, timezone
from ipaddress import ip_address

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import read_certificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some


def name(*attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def typed(value, kind):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, value, kind)])


def utc(*fields):
    return datetime(*fields, tzinfo=timezone.utc)


def key_usage(*usages):
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
        " key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{usage: usage in usages for usage in names.split()})


NAMES = [
    name((NameOID.COMMON_NAME, "web1")),
    name((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Example, Inc."), (NameOID.COMMON_NAME, "a+b=c")),
    name((NameOID.ORGANIZATIONAL_UNIT_NAME, "a"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "b"), (NameOID.COMMON_NAME, "x")),
    name((NameOID.COMMON_NAME, "#leading"), (NameOID.ORGANIZATION_NAME, " spaces "), (NameOID.LOCALITY_NAME, " ")),
    name((NameOID.COMMON_NAME, 'quote " back\\slash <;>')),
    name((NameOID.COMMON_NAME, "zero\0byte"), (NameOID.STATE_OR_PROVINCE_NAME, "new\nnotAfter=Jan 1")),
    name((NameOID.COMMON_NAME, "Zürich 東京"), (NameOID.DOMAIN_COMPONENT, "example"), (NameOID.USER_ID, "u1")),
    name((NameOID.EMAIL_ADDRESS, "a@example.org"), (NameOID.SERIAL_NUMBER, "42"), (NameOID.STREET_ADDRESS, "1")),
    typed("printable", _ASN1Type.PrintableString),
    typed("t61", _ASN1Type.T61String),
    typed("Zürich 東京", _ASN1Type.BMPString),
    typed("Zürich 東京 𝄞", _ASN1Type.UniversalString),
    typed("ia5", _ASN1Type.IA5String),
    typed("visible", _ASN1Type.VisibleString),
    typed("123", _ASN1Type.NumericString),
    x509.Name(
        [
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "b")]
            ),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]),
        ]
    ),
    x509.Name([]),
]

ALTERNATIVE_NAMES = [
    x509.UniformResourceIdentifier("spiffe://example.org/web"),
    x509.DNSName("web1.example.org"),
    x509.IPAddress(ip_address("192.0.2.1")),
    x509.DirectoryName(name((NameOID.COMMON_NAME, "web1"))),
    x509.RFC822Name("web@example.org"),
    x509.DNSName("*.example.org"),
    x509.UniformResourceIdentifier("https://example.org/"),
]

CERTIFICATES = [
    *({"subject": subject} for subject in NAMES),
    {"kind": "RSA-2048"},
    {"kind": "EC-P384"},
    {"serial": 1},
    {"serial": 0x80},
    {"serial": (1 << 159) - 1},
    {"serial": 0xCCC3A2432F8C5FEC93F0FC574F118537},
    {"not_before": utc(1950, 1, 1), "not_after": utc(2049, 12, 31, 23, 59, 59)},
    {"not_before": utc(1999, 12, 31, 23, 59, 59), "not_after": utc(2050, 1, 1)},
    {"not_after": utc(9999, 12, 31, 23, 59, 59)},
    {"extensions": [(x509.BasicConstraints(True, None), True)]},
    {"extensions": [(x509.BasicConstraints(True, 0), False)]},
    {"extensions": [(x509.BasicConstraints(False, None), True)]},
    {"extensions": [(x509.SubjectKeyIdentifier(b"s" * 20), False)]},
    {"extensions": [(x509.SubjectKeyIdentifier(b""), False)]},
    {"extensions": [(x509.AuthorityKeyIdentifier(b"a" * 20, None, None), False)]},
    {"extensions": [(x509.AuthorityKeyIdentifier(b"a" * 200, [x509.DirectoryName(NAMES[1])], 42), False)]},
    {"extensions": [(x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(NAMES[1])], 42), False)]},
    {"extensions": [(key_usage("digital_signature"), True)]},
    {"extensions": [(key_usage("key_cert_sign", "crl_sign"), True)]},
    {"extensions": [(key_usage("key_agreement", "decipher_only"), False)]},
    {"extensions": [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]},
    {
        "extensions": [
            (x509.SubjectAlternativeName(ALTERNATIVE_NAMES), False),
            (
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.3.6.1.4.1.311.1")]),
                True,
            ),
        ]
    },
]

KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


@pytest.mark.parametrize("wishes", CERTIFICATES, ids=str)
def test_it_reads_what_cryptography_reads(make_certificate, wishes):
    expected = make_certificate(**wishes)
    der = expected.public_bytes(Encoding.DER)
    certificate = read_certificate(der)

    assert certificate.der == der
    assert certificate.fingerprint == hashlib.sha256(der).hexdigest()
    assert certificate.serial == expected.serial_number
    assert int(certificate.serial_hex, 16) == expected.serial_number
    assert len(certificate.serial_hex) % 2 == 0
    assert certificate.subject == expected.subject.rfc4514_string()
    assert certificate.subject_der == expected.subject.public_bytes()
    assert certificate.issuer == expected.issuer.rfc4514_string()
    assert certificate.issuer_der == expected.issuer.public_bytes()
    assert [value for _oid, value in certificate.subject_attributes] == [one.value for one in expected.subject]
    assert certificate.not_before == expected.not_valid_before_utc
    assert certificate.not_after == expected.not_valid_after_utc
    assert certificate.public_key_algorithm == wishes.get("kind", "EC")[:3].rstrip("-")
    assert certificate.public_key_info_der == expected.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert certificate.signature_algorithm == expected.signature_algorithm_oid.dotted_string

    extensions = {type(extension.value): extension.value for extension in expected.extensions}
    subject_key, authority_key = extensions.get(x509.SubjectKeyIdentifier), extensions.get(x509.AuthorityKeyIdentifier)
    assert certificate.subject_key_identifier == (subject_key and subject_key.digest)
    assert certificate.authority_key_identifier == (authority_key and authority_key.key_identifier)
    constraints = extensions.get(x509.BasicConstraints)
    assert certificate.is_ca is bool(constraints and constraints.ca)
    usage = extensions.get(x509.KeyUsage)
    if usage is None:
        assert certificate.key_usage is None
    else:
        named = {rfc for rfc, attribute in KEY_USAGES.items() if getattr(usage, attribute)}
        if usage.key_agreement and usage.decipher_only:
            named.add("decipherOnly")
        assert certificate.key_usage == named
    alternative_name = extensions.get(x509.SubjectAlternativeName, x509.SubjectAlternativeName([]))
    assert certificate.dns_names == alternative_name.get_values_for_type(x509.DNSName)
    assert certificate.uris == alternative_name.get_values_for_type(x509.UniformResourceIdentifier)
    purposes = extensions.get(x509.ExtendedKeyUsage)
    if purposes is None:
        assert certificate.extended_key_usage is None
    else:
        short = {"1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth"}
        assert certificate.extended_key_usage == {short.get(one.dotted_string, one.dotted_string) for one in purposes}


def test_a_serial_number_with_its_top_bit_set_keeps_the_zero_that_aws_shows(make_certificate):
    serial = 0xCCC3A2432F8C5FEC93F0FC574F118537
    certificate = read_certificate(make_certificate(serial=serial).public_bytes(Encoding.DER))
    assert certificate.serial_hex == "00ccc3a2432f8c5fec93f0fc574f118537"


def test_subject_attributes_have_short_names_in_certificate_order(make_certificate):
    subject = name((NameOID.ORGANIZATION_NAME, "o"), (NameOID.EMAIL_ADDRESS, "e@x.org"), (NameOID.COMMON_NAME, "c"))
    certificate = read_certificate(make_certificate(subject=subject).public_bytes(Encoding.DER))
    assert certificate.subject_attributes == [("O", "o"), ("1.2.840.113549.1.9.1", "e@x.org"), ("CN", "c")]


def test_the_first_certificate_of_a_pem_file_is_read(make_certificate):
    first, second = (make_certificate(serial=serial).public_bytes(Encoding.PEM) for serial in (17, 18))
    assert read_certificate(b"a comment\n" + first + second).serial == 17


def test_an_alternative_name_that_is_not_ascii_is_told(make_certificate):
    extension = x509.SubjectAlternativeName([x509.DNSName("web1.example.org")])
    der = make_certificate(extensions=[(extension, False)]).public_bytes(Encoding.DER)
    with pytest.raises(SessionError, match="an alternative name is not ASCII"):
        read_certificate(der.replace(b"web1.example.org", b"web1.ex\xe4mple.org"))


BROKEN = [
    (lambda der: b"", "There is no certificate in the file"),
    (lambda der: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "There is no certificate"),
    (lambda der: der[:-1], "cut short"),
    (lambda der: der + b"\0", "cut short"),
    (lambda der: der + b"\x05\x00", "1 parts"),
    (lambda der: b"\x30\x80" + der[4:] + b"\0\0", "shortest form"),
    (lambda der: b"\x30\x84\0\0" + der[2:], "shortest form"),
    (lambda der: b"\x30\x00", "3 parts"),
    (lambda der: b"\x30", "cut short"),
    (lambda der: b"\x30\x03\x3f\x81\x00", "out of range"),
    (lambda der: der.replace(b"\x0c\x04web1", b"\x0c\x04we\xff1"), "is not the text that its type promises"),
    (
        lambda der: der.replace(b"\x06\x03\x55\x04\x03\x0c\x04web1", b"\x06\x00\x0c\x07web1111"),
        "identifier is cut short",
    ),
    (lambda der: der.replace(b"\x06\x03\x55\x04\x03\x0c", b"\x06\x03\x55\x04\x83\x0c"), "identifier is cut short"),
    (lambda der: der.replace(b"\x17\x0d26", b"\x17\x0d2x"), "not in the form of RFC 5280"),
    (lambda der: der.replace(b"\x17\x0d2612", b"\x17\x0d2613"), "does not exist in the calendar"),
]


@pytest.mark.parametrize(("damage", "reason"), BROKEN)
def test_broken_bytes_are_told_in_one_sentence(make_certificate, damage, reason):
    dates = {"not_before": utc(2026, 12, 1), "not_after": utc(2026, 12, 2)}
    der = make_certificate(**dates).public_bytes(Encoding.DER)
    with pytest.raises(SessionError, match=reason) as caught:
        read_certificate(damage(der))
    assert not caught.value.certain


@pytest.mark.parametrize("constraints", [b"\x01\x01\x00", b"\x02\x01\xff"], ids=["cA FALSE", "pathLen alone"])
def test_only_a_true_ca_flag_makes_a_ca(make_certificate, constraints):
    certificate = make_certificate(extensions=[(x509.BasicConstraints(True, None), True)]).public_bytes(Encoding.DER)
    changed = certificate.replace(b"\x30\x03\x01\x01\xff", b"\x30\x03" + constraints)
    assert (read_certificate(certificate).is_ca, read_certificate(changed).is_ca) == (True, False)


@pytest.fixture
def sample(make_certificate):
    extensions = [
        (x509.BasicConstraints(True, 1), True),
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    ]
    return make_certificate(extensions=extensions).public_bytes(Encoding.DER)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some.lists(some.tuples(some.floats(0, 0.999), some.integers(0, 2), some.binary(max_size=3)), min_size=1, max_size=4)
)
def test_whatever_the_bytes_are_the_outcome_is_a_certificate_or_a_session_error(sample, changes):
    content = bytearray(sample)
    for place, removed, inserted in changes:
        at = int(place * len(content))
        content[at : at + removed] = inserted
    with contextlib.suppress(SessionError):
        read_certificate(bytes(content))


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=200))
def test_random_bytes_are_a_session_error(content):
    for beginning in (b"", b"\x30", b"\x30\x82\x00"):
        with pytest.raises(SessionError):
            read_certificate(beginning + content)
