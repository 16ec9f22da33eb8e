# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates read and described, and which of them can be a trust anchor."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA_1024 = rsa.generate_private_key(65537, 1024)
SECP256K1 = ec.generate_private_key(ec.SECP256K1())


@pytest.mark.parametrize("wrong", [{}, {"usage": ["key_cert_sign"]}, {"issuer": "Root"}, {"key_identifier": False}])
def test_an_anchor_certificate(maker, wrong):
    certificates.check_anchor_certificate(maker.certificate(**wrong), maker.now)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"basic_constraints": None}, r"is no CA certificate \(basicConstraints CA:TRUE is missing\)"),
        ({"basic_constraints": False}, "is no CA certificate"),
        ({"usage": None}, r"may not sign certificates \(keyUsage keyCertSign is missing\)"),
        ({"usage": ["crl_sign", "digital_signature"]}, "may not sign certificates"),
        ({"signing_hash": hashes.SHA224()}, "is not signed with SHA-256"),
        ({"public_key": ED25519.public_key()}, "has a key that is neither RSA, ECDSA nor ML-DSA"),
        ({"public_key": RSA_1024.public_key()}, "has a key that is neither ECDSA P-256"),
        ({"public_key": SECP256K1.public_key()}, "has a key that is neither ECDSA P-256"),
        ({"not_after": datetime(2026, 11, 20, 10, tzinfo=timezone.utc)}, "expired on 2026-11-20T10:00:00Z"),
        (
            {"not_before": datetime(2026, 11, 20, 10, 0, 1, tzinfo=timezone.utc)},
            "not valid before 2026-11-20T10:00:01Z",
        ),
    ],
)
def test_a_certificate_that_is_no_anchor(maker, wrong, reason):
    with pytest.raises(CertificateError, match=rf"^The certificate CN=Issuing CA .*{reason}"):
        certificates.check_anchor_certificate(maker.certificate(**wrong), maker.now)


def test_a_version_1_certificate_is_no_anchor(maker):
    class Version1:
        version = x509.Version.v1

    assert certificates.why_not_authority(Version1()) == "is not an X.509 version 3 certificate"


def test_the_dates_are_compared_with_the_present_when_no_time_is_given(maker):
    past = datetime(2020, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(CertificateError, match="expired on 2020-01-02"):
        certificates.check_anchor_certificate(maker.certificate(not_before=past, not_after=past + timedelta(days=1)))


def test_a_bundle_keeps_its_order(maker):
    first, second = maker.certificate(subject="First"), maker.certificate(subject="Second")
    pem = f"a comment\n{certificates.to_pem(first)}\n{certificates.to_pem(second)}"
    assert certificates.load_pem_bundle(pem) == [first, second]


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_text_without_certificates_is_one_sentence(text):
    with pytest.raises(
        CertificateError, match=r"^The text is not one or more certificates in PEM: [^\n]+\.$"
    ) as caught:
        certificates.load_pem_bundle(text)
    assert "http" not in str(caught.value)


def test_a_file_is_in_pem_or_der(maker):
    first, second = maker.certificate(subject="First"), maker.certificate(subject="Second")
    pem = f"für den Anker\n{certificates.to_pem(first)}{certificates.to_pem(second)}"
    for encoding in ("utf-8", "latin-1"):
        assert certificates.load_file(pem.encode(encoding), "ca.pem") == [first, second]
    assert certificates.load_file(first.public_bytes(serialization.Encoding.DER), "ca.der") == [first]


@pytest.mark.parametrize("content", [b"", b"\x30\x03\x02\x01\x01", b"\xff\xfe"])
def test_a_file_without_certificates_is_one_sentence(content):
    with pytest.raises(CertificateError, match=r"^ca\.der is not one or more certificates in PEM: [^\n]+\.$"):
        certificates.load_file(content, "ca.der")


def test_one_certificate_is_wanted(maker):
    pem = certificates.to_pem(maker.certificate())
    assert certificates.load(pem) == certificates.load_pem_bundle(pem)[0]
    with pytest.raises(CertificateError, match="but there are 2"):
        certificates.load(pem * 2)


def test_the_fingerprint_is_the_sha256_of_the_der(maker):
    certificate = maker.certificate()
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert certificates.fingerprint(certificate) == hashlib.sha256(der).hexdigest()


def test_serial_numbers_are_16_bytes_with_the_top_bits_01():
    serials = [certificates.new_serial_number() for _attempt in range(500)]
    assert len(set(serials)) == 500
    assert {serial >> 126 for serial in serials} == {0b01}
    assert {len(certificates.serial_hex(serial)) for serial in serials} == {32}


@pytest.mark.parametrize(
    ("serial_number", "text"),
    [
        (0x1002, "1002"),
        (0x123, "0123"),
        (0x80, "0080"),
        (0xCCC3A2432F8C5FEC93F0FC574F118537, "00ccc3a2432f8c5fec93f0fc574f118537"),
    ],
)
def test_a_serial_number_is_written_as_roles_anywhere_names_a_session(serial_number, text):
    assert certificates.serial_hex(serial_number) == text


def test_what_tells_a_certificate_from_others(maker):
    certificate = maker.certificate(issuer="Root, Inc.")
    assert certificates.facts(certificate) == {
        "subject": "CN=Issuing CA",
        "issuer": r"CN=Root\, Inc.",
        "serial": "40000000000000000000000000000000",
        "not_before": "2026-11-19T10:00:00Z",
        "not_after": "2026-12-20T10:00:00Z",
        "fingerprint": certificates.fingerprint(certificate),
    }


def test_names_that_cannot_be_read_are_a_sentence(maker):
    # A UTF8String that is not: cryptography reads the certificate, but not this name of it.
    der = maker.certificate().public_bytes(serialization.Encoding.DER)
    bad = x509.load_der_x509_certificate(der.replace(b"\x0c\x0aIssuing CA", b"\x0c\x0aIssuing\xff\xffA"))
    with pytest.raises(CertificateError, match=r"^The names of the certificate cannot be read: "):
        certificates.facts(bad)


@pytest.mark.parametrize(
    ("wrong", "self_signed"),
    [({}, True), ({"issuer": "Root"}, False), ({"signing_key": ec.generate_private_key(ec.SECP256R1())}, False)],
)
def test_self_signed_means_by_name_and_by_key(maker, wrong, self_signed):
    assert certificates.is_self_signed(maker.certificate(**wrong)) is self_signed


def test_the_authority_key_identifier_is_copied(maker):
    identifier = certificates.authority_key_identifier(maker.certificate())
    assert identifier.key_identifier == b"not computed from the key"
    with pytest.raises(CertificateError, match="has no subjectKeyIdentifier"):
        certificates.authority_key_identifier(maker.certificate(key_identifier=False))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("1001", "1001"),
        ("10:01", "1001"),
        ("001001", "1001"),
        ("ABCD", "00abcd"),
        ("80", "0080"),
        ("4F1B7E0D9A2C4D5E8F60718293A4B5C6", "4f1b7e0d9a2c4d5e8f60718293a4b5c6"),
        ("0x10", "0x10"),
        ("-1", "-1"),
        ("", ""),
    ],
)
def test_a_serial_number_is_found_however_it_is_written(text, normal):
    assert certificates.normal_serial(text) == normal
