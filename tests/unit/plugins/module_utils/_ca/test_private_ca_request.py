# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wanted certificate in AWS Private CA's words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import private_ca_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance, keys, names
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=timezone.utc)
PRIVATE_KEY = keys.KEY_TYPES["ECDSA-P256"]()
KEY = keys.public_key_info(PRIVATE_KEY.public_key())


def request(*extensions):
    builder = x509.CertificateSigningRequestBuilder(names.subject("rolesanywhere"))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(PRIVATE_KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def wanted(dns_names=(), uris=()):
    subject = names.subject("web1", "Example", ["web", "front"])
    validity = issuance.Validity(NOW - timedelta(minutes=5), NOW + timedelta(days=5))
    return issuance.WantedCertificate(subject, names.alternative_names(dns_names, uris), KEY, "", validity)


def test_the_subject_keeps_its_order_and_all_its_units():
    passed = private_ca_request.names_and_usages(wanted())
    assert passed == {
        "Subject": {
            "CustomAttributes": [
                {"ObjectIdentifier": "2.5.4.10", "Value": "Example"},
                {"ObjectIdentifier": "2.5.4.11", "Value": "web"},
                {"ObjectIdentifier": "2.5.4.11", "Value": "front"},
                {"ObjectIdentifier": "2.5.4.3", "Value": "web1"},
            ]
        },
        "Extensions": {
            "CustomExtensions": [{"ObjectIdentifier": "2.5.29.15", "Value": "AwIHgA==", "Critical": True}],
            "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "CLIENT_AUTH"}],
        },
    }


def test_alternative_names_keep_their_order():
    asked = wanted(["b.example.com", "a.example.com"], ["spiffe://example.com/web"])
    assert private_ca_request.names_and_usages(asked)["Extensions"]["SubjectAlternativeNames"] == [
        {"DnsName": "b.example.com"},
        {"DnsName": "a.example.com"},
        {"UniformResourceIdentifier": "spiffe://example.com/web"},
    ]


def test_names_of_the_request_would_be_taken():
    smuggled = x509.SubjectAlternativeName([x509.DNSName("database1.example.com")])
    for asked in (wanted(), wanted(["web1.example.com"])):
        assert "carries alternative names" in private_ca_request.why_not(request(smuggled), asked)
        assert private_ca_request.why_not(request(), asked) is None


def test_a_uri_that_only_aws_private_ca_minds():
    long = f"https://example.com/{'x' * 233}"
    assert private_ca_request.why_not(request(), wanted(uris=[long])) is None
    reason = private_ca_request.why_not(request(), wanted(uris=[f"{long}x"]))
    assert reason.endswith("has 254 characters where AWS Private CA takes 253.")


@pytest.mark.parametrize(
    ("key_type", "algorithm"),
    [
        ("ECDSA-P256", "SHA256WITHECDSA"),
        ("ECDSA-P384", "SHA384WITHECDSA"),
        ("RSA-2048", "SHA256WITHRSA"),
        ("RSA-4096", "SHA256WITHRSA"),
    ],
)
def test_the_algorithm_is_the_ca_s(key_type, algorithm):
    assert private_ca_request.signing_algorithm(keys.KEY_TYPES[key_type]().public_key()) == algorithm


@pytest.mark.parametrize(
    ("mode", "days", "refused", "end"),
    [
        ("SHORT_LIVED_CERTIFICATE", 7, False, timedelta(days=7, minutes=-5)),
        ("SHORT_LIVED_CERTIFICATE", 3, False, timedelta(days=3)),
        ("SHORT_LIVED_CERTIFICATE", 7.001, True, None),
        ("GENERAL_PURPOSE", 30, False, timedelta(days=30)),
    ],
)
def test_short_lived_is_seven_days(mode, days, refused, end):
    validity = issuance.Validity(NOW - timedelta(minutes=5), NOW + timedelta(days=days))
    reason = private_ca_request.why_too_long(mode, validity)
    assert bool(reason) is refused
    if not refused:
        assert private_ca_request.end_of(mode, validity) == NOW + end


def test_dates_are_in_utc_to_the_second():
    moment = datetime(2027, 1, 1, 0, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    assert private_ca_request.end_date(moment) == {"Type": "END_DATE", "Value": 20261231233005}
    assert private_ca_request.beginning(moment) == {"Type": "ABSOLUTE", "Value": 1798759805}


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_templates_are_of_the_partition(partition):
    name = private_ca_request.TEMPLATE
    assert private_ca_request.template_arn(partition, name) == (
        f"arn:{partition}:acm-pca:::template/BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1"
    )
