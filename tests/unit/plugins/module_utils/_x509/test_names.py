# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names a certificate may carry."""

from __future__ import annotations

import re

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import names
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as some

# The pattern of a session tag's value in AWS's STS API reference.
STS_TAG_VALUE = re.compile(r"[\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000_.:/=+\-@]*")


@pytest.mark.parametrize(
    "value", ["web1", "web1.example.com", "a b", "a/b", "x" * 61, "user@host:8443", "a=b+c-d_e", "C", "CNN=1"]
)
def test_a_common_name_that_sts_takes(value):
    assert names.why_not_common_name(value) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is empty"),
        ("x" * 62, "has 62 characters where 61 are allowed"),
        ("CN=web1", "begins with CN="),
        ("cn=web1", "begins with CN="),
        ("ID=00", "begins with CN= or ID="),
        (" web1", "begins or ends with white space"),
        ("web1 ", "begins or ends with white space"),
        ("web1\n", "begins or ends with white space"),
        ("we\nb1", "refuses"),
        ("we\0b1", "refuses"),
        ("we\tb1", "refuses"),
        ("wéb1", "refuses"),
        ("Example, Inc.", "(','"),
        *((f"a{character}b", "refuses") for character in "&()'*?~,;<>\"\\#%$`!{}[]|^"),
        ("a${x}b", "refuses"),
    ],
)
def test_a_common_name_that_is_refused(value, reason):
    assert reason in names.why_not_common_name(value)


@given(some.text(max_size=70))
def test_no_accepted_value_breaks_a_session(value):
    if names.why_not_common_name(value) is None:
        assert STS_TAG_VALUE.fullmatch(value)
        assert value.isascii()
        assert value == value.strip()
        assert 0 < len("CN=" + value) <= 64


@pytest.mark.parametrize(
    ("units", "refused"),
    [
        ([], False),
        (["web"], False),
        (["web/eu"], False),
        (["web", "eu"], False),
        (["web/eu", "db"], True),
        (["db", "web/eu"], True),
        (["x" * 64], False),
        (["x" * 65], True),
        (["web", ""], True),
    ],
)
def test_organizational_units(units, refused):
    assert bool(names.why_not_organizational_units(units)) is refused


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("web1.example.com", False),
        ("web1", False),
        ("1.2.example.com", False),
        ("a" * 63 + ".example.com", False),
        ("a" * 64 + ".example.com", True),
        (".".join(["a" * 49] * 6), True),
        ("*.example.com", True),
        ("web_1.example.com", True),
        ("-web.example.com", True),
        ("web-.example.com", True),
        ("web..example.com", True),
        ("web.example.com.", True),
        ("web.example.com\n", True),
        ("", True),
    ],
)
def test_dns_names(value, refused):
    assert bool(names.why_not_dns_name(value)) is refused


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("spiffe://example.com/web", False),
        ("urn:example:web", False),
        ("https://example.com/" + "x" * 236, False),
        ("https://example.com/" + "x" * 237, True),
        ("web1", True),
        ("/web1", True),
        ("https://example.com/?a", True),
        ("https://example.com/#a", True),
        ("https://example.com/~a", True),
        ("https://example.com/a b", True),
        ("", True),
    ],
)
def test_uris(value, refused):
    assert bool(names.why_not_uri(value)) is refused


def test_a_subject_is_organization_units_and_common_name_in_this_order():
    subject = names.subject("web1", "Example", ["web", "eu"])
    assert [(attribute.rfc4514_attribute_name, attribute.value) for attribute in subject] == [
        ("O", "Example"),
        ("OU", "web"),
        ("OU", "eu"),
        ("CN", "web1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("we*b",), "The common name 'we*b' has characters"),
        (("web1", "Example, Inc."), "The organization 'Example, Inc.' has characters that STS refuses"),
        (("web1", None, ["a/b", "c"]), "The organizational unit 'a/b' has a /"),
    ],
)
def test_a_refused_subject_names_the_value(arguments, sentence):
    with pytest.raises(CertificateError, match=re.escape(sentence)):
        names.subject(*arguments)


def test_alternative_names_keep_their_order():
    wanted = names.alternative_names(["b.example.com", "a.example.com"], ["urn:b:1", "urn:a:1"])
    assert wanted == [
        x509.DNSName("b.example.com"),
        x509.DNSName("a.example.com"),
        x509.UniformResourceIdentifier("urn:b:1"),
        x509.UniformResourceIdentifier("urn:a:1"),
    ]


@pytest.mark.parametrize("arguments", [(["*.example.com"], []), ([], ["no scheme"])])
def test_refused_alternative_names(arguments):
    with pytest.raises(CertificateError):
        names.alternative_names(*arguments)


@pytest.mark.parametrize(
    "attributes",
    [
        [("C", "DE"), ("O", "Exämple GmbH"), ("CN", "CA 1")],
        [("DC", "com"), ("DC", "example")],
        [("CN", "a/b")],
        [("CN", "x" * 62)],
    ],
)
def test_a_ca_that_is_there_may_have_this_name(attributes):
    names.check_authority_subject(existing_name(attributes))


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ([], "The CA has no subject"),
        ([("O", "Example, Inc."), ("CN", "CA")], "holds 'Example, Inc.', which STS refuses"),
        ([("CN", "line\nend")], r"holds 'line\\nend', which STS refuses"),
        ([("CN", "CA ")], "holds 'CA ', which STS refuses"),
        ([("OU", "x" * 64)] * 4, "which STS refuses"),  # 259 characters with the signs between them
        ([("OU", "a/b"), ("OU", "c")], "repeats an attribute whose value has a /, 'a/b/c'"),
    ],
)
def test_a_ca_that_is_there_may_not_have_this_name(attributes, sentence):
    with pytest.raises(CertificateError, match=sentence):
        names.check_authority_subject(existing_name(attributes))


def existing_name(attributes):
    oids = {
        "C": x509.NameOID.COUNTRY_NAME,
        "O": x509.NameOID.ORGANIZATION_NAME,
        "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
        "CN": x509.NameOID.COMMON_NAME,
        "DC": x509.NameOID.DOMAIN_COMPONENT,
    }
    return x509.Name([x509.NameAttribute(oids[kind], value) for kind, value in attributes])
