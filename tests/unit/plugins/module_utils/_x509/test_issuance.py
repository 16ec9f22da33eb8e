# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The X.509 sheet: what our CA and workload certificates hold, and what is refused of what a signer hands back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance, keys, names
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
DNS_NAME = [x509.DNSName("web1.example.com")]


@pytest.fixture
def validity(maker):
    return issuance.Validity(maker.now - issuance.WORKLOAD_BACKDATE, maker.now + timedelta(days=30))


@pytest.fixture
def wanted(validity):
    info = keys.public_key_info(KEY.public_key())
    return issuance.WantedCertificate(names.subject("web1"), DNS_NAME, info, keys.fingerprint(info), validity)


@pytest.fixture
def issuer(maker):
    return maker.certificate()


def value(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def critical(certificate):
    return {type(extension.value) for extension in certificate.extensions if extension.critical}


def test_a_workload_certificate(maker, issuer, wanted, validity):
    builder = issuance.workload_builder(issuance.workload_template(issuer), wanted)
    leaf = builder.sign(maker.key, hashes.SHA256())
    assert leaf.version is x509.Version.v3
    assert leaf.subject == wanted.subject
    assert leaf.issuer.public_bytes() == issuer.subject.public_bytes()
    assert leaf.public_key() == KEY.public_key()
    assert issuance.Validity(leaf.not_valid_before_utc, leaf.not_valid_after_utc) == validity
    assert leaf.serial_number >> 126 == 0b01
    assert value(leaf, x509.BasicConstraints) == x509.BasicConstraints(ca=False, path_length=None)
    key_usage = value(leaf, x509.KeyUsage)
    assert key_usage.digital_signature
    assert key_usage == issuance._key_usage(authority=False)
    assert list(value(leaf, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert list(value(leaf, x509.SubjectAlternativeName)) == DNS_NAME
    assert value(leaf, x509.AuthorityKeyIdentifier).key_identifier == b"not computed from the key"
    assert value(leaf, x509.SubjectKeyIdentifier).digest.hex() == wanted.public_key_fingerprint
    assert critical(leaf) == {x509.BasicConstraints, x509.KeyUsage}
    assert len(leaf.extensions) == 6


def test_a_workload_certificate_without_alternative_names_has_no_such_extension(maker, issuer, wanted):
    bare = wanted._replace(alternative_names=[])
    leaf = issuance.workload_builder(issuance.workload_template(issuer), bare).sign(maker.key, hashes.SHA256())
    assert certificates.find(leaf.extensions, x509.SubjectAlternativeName) is None


@pytest.mark.parametrize(("path_length", "has_issuer"), [(1, False), (0, True)])
def test_a_ca_certificate(maker, issuer, validity, path_length, has_issuer):
    subject = names.subject("New CA")
    builder = issuance.authority_builder(
        subject, KEY.public_key(), path_length, validity, issuer if has_issuer else None
    )
    made = builder.sign(maker.key if has_issuer else KEY, hashes.SHA256())
    assert made.issuer == (issuer.subject if has_issuer else subject)
    assert value(made, x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=path_length)
    key_usage = value(made, x509.KeyUsage)
    assert key_usage.key_cert_sign
    assert key_usage.crl_sign
    assert not key_usage.digital_signature
    assert value(made, x509.SubjectKeyIdentifier) == x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    assert critical(made) == {x509.BasicConstraints, x509.KeyUsage}
    authority = certificates.find(made.extensions, x509.AuthorityKeyIdentifier)
    assert (authority.key_identifier if authority else None) == (b"not computed from the key" if has_issuer else None)


def leaf(maker, validity, **wrong):
    right = {
        "subject": "web1",
        "issuer": "Issuing CA",
        "public_key": KEY.public_key(),
        "basic_constraints": False,
        "usage": ["digital_signature"],
        "extended_usage": [ExtendedKeyUsageOID.CLIENT_AUTH],
        "alternative_names": DNS_NAME,
        "not_before": validity.not_before,
        "not_after": validity.not_after,
    }
    return maker.certificate(**{**right, **wrong})


@pytest.mark.parametrize("right", [{}, {"basic_constraints": None}, {"signing_hash": hashes.SHA384()}])
def test_what_was_wanted_is_taken(maker, issuer, wanted, validity, right):
    assert issuance.why_not_wanted(leaf(maker, validity, **right), wanted, issuer) is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"public_key": OTHER_KEY.public_key()}, "it is for another key"),
        ({"subject": "web2"}, "its subject is CN=web2"),
        ({"alternative_names": []}, "its alternative names are others"),
        ({"alternative_names": [*DNS_NAME, x509.DNSName("db.example.com")]}, "its alternative names are others"),
        ({"basic_constraints": True}, "it is a CA certificate"),
        ({"usage": None}, "its key may not make digital signatures"),
        ({"usage": ["key_agreement"]}, "its key may not make digital signatures"),
        ({"usage": ["digital_signature", "key_cert_sign"]}, "its key may sign certificates or CRLs"),
        ({"usage": ["digital_signature", "crl_sign"]}, "its key may sign certificates or CRLs"),
        ({"extended_usage": ()}, "it is not for clients (extendedKeyUsage clientAuth is missing)"),
        (
            {"extended_usage": [ExtendedKeyUsageOID.SERVER_AUTH]},
            "it is not for clients (extendedKeyUsage clientAuth is missing)",
        ),
        ({"issuer": "Another CA"}, "it was not issued by CN=Issuing CA"),
        ({"signing_key": OTHER_KEY}, "it was not issued by CN=Issuing CA"),
        (
            {"signing_key": RSA_KEY, "signing_hash": hashes.SHA3_256()},
            "it is not signed with ECDSA or RSA (PKCS #1) and SHA-256, SHA-384 or SHA-512",
        ),
        (
            {"signing_key": OTHER_KEY, "signing_hash": hashes.SHA224()},
            "it is not signed with ECDSA or RSA (PKCS #1) and SHA-256, SHA-384 or SHA-512",
        ),
    ],
)
def test_anything_else_than_what_was_wanted_is_refused(maker, issuer, wanted, validity, wrong, reason):
    assert issuance.why_not_wanted(leaf(maker, validity, **wrong), wanted, issuer) == reason


def test_rsa_pss_is_refused(wanted, validity, maker, issuer):
    builder = issuance.workload_builder(issuance.workload_template(issuer), wanted)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    signed = builder.sign(RSA_KEY, hashes.SHA256(), rsa_padding=pss)
    assert "it is not signed with" in issuance.why_not_wanted(signed, wanted, issuer)


@pytest.mark.parametrize(
    ("shift_start", "shift_end", "refused"),
    [(0, 0, False), (1, -1, False), (-1, 0, True), (0, 1, True), (0, 3650 * 86400, True)],
)
def test_validity_stays_within_what_was_asked(maker, validity, shift_start, shift_end, refused):
    certificate = leaf(
        maker,
        validity,
        not_before=validity.not_before + timedelta(seconds=shift_start),
        not_after=validity.not_after + timedelta(seconds=shift_end),
    )
    assert bool(issuance.why_not_within(certificate, validity)) is refused


def test_the_issuer_name_is_copied_as_bytes(maker, wanted):
    """PrintableString, multi-valued RDN and odd order stay as they are: a chain matches byte by byte."""
    printable = x509.name._ASN1Type.PrintableString
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Old CA", printable)]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "b", printable),
                    x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "a"),
                ]
            ),
        ]
    )
    old = issuance.authority_builder(subject, maker.key.public_key(), 0, wanted.validity, None)
    issuer = old.sign(maker.key, hashes.SHA256())
    signed = issuance.workload_builder(issuance.workload_template(issuer), wanted).sign(maker.key, hashes.SHA256())
    assert subject.public_bytes() in issuer.tbs_certificate_bytes
    assert subject.public_bytes() in signed.tbs_certificate_bytes
    assert issuance.why_not_wanted(signed, wanted, issuer) is None
