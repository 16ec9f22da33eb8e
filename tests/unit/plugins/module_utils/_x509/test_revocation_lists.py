# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRLs read, checked and made."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PARTITION = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)


def test_pem_and_der_are_read(maker):
    crl = maker.crl()
    der = crl.public_bytes(serialization.Encoding.DER)
    pem = revocation_lists.to_pem(crl)
    assert revocation_lists.load(der) == revocation_lists.load(pem) == revocation_lists.load(pem.encode()) == crl


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "neither PEM"),
        ("no CRL", "neither PEM"),
        ("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "neither PEM"),
        ("-----BEGIN X509 CRL-----\n" * 2, "several CRLs"),
    ],
)
def test_an_unreadable_crl_is_one_sentence(text, sentence):
    with pytest.raises(CertificateError, match=sentence):
        revocation_lists.load(text)


def test_the_number(maker):
    assert revocation_lists.number(maker.crl(number=7)) == 7
    with pytest.raises(CertificateError, match="has no number"):
        revocation_lists.number(maker.crl(number=None))


@pytest.mark.parametrize(
    ("issuer", "crl"),
    [
        ({"subject": "Other CA"}, {}),
        ({"usage": ["key_cert_sign"]}, {}),
        ({}, {"signing_key": ec.generate_private_key(ec.SECP256R1())}),
        ({"public_key": rsa.generate_private_key(65537, 2048).public_key()}, {}),
        ({"public_key": ed25519.Ed25519PrivateKey.generate().public_key()}, {}),
    ],
    ids=["name", "cRLSign", "signature", "key type", "Ed25519"],
)
def test_a_crl_of_another_issuer(maker, issuer, crl):
    with pytest.raises(CertificateError, match="The CRL of CN=Issuing CA is not signed by this CA"):
        revocation_lists.check_signed_by(maker.crl(**crl), [maker.certificate(**issuer)])


def test_any_of_several_certificates_may_be_the_issuer(maker):
    revocation_lists.check_signed_by(maker.crl(), [maker.certificate(subject="Other CA"), maker.certificate()])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"number": None}, "has no number"),
        ({"extensions": [PARTITION]}, "is a partition"),
        ({"extensions": [x509.DeltaCRLIndicator(1)]}, "is a delta CRL"),
        ({"signing_hash": hashes.SHA224()}, "is not signed with SHA-256"),
    ],
)
def test_an_incomplete_crl(maker, wrong, sentence):
    revocation_lists.check_complete(maker.crl())
    with pytest.raises(CertificateError, match=sentence):
        revocation_lists.check_complete(maker.crl(**wrong))


@pytest.mark.parametrize(("size", "refused"), [(300_000, False), (300_001, True)])
def test_the_size_is_that_of_the_pem_text(size, refused):
    if refused:
        with pytest.raises(CertificateError, match="has 300001 bytes where Roles Anywhere takes 300000"):
            revocation_lists.check_size("x" * size)
    else:
        revocation_lists.check_size("x" * size)


@pytest.mark.parametrize("bits", [1, 7, 8, 127, 128, 159])
@pytest.mark.parametrize("reason", ["unspecified", "keyCompromise", "privilegeWithdrawn"])
@pytest.mark.parametrize("year", [2049, 2050])
def test_the_size_of_an_entry_is_foretold(maker, bits, reason, year):
    revocation = Revocation(maker.now.replace(year=year), reason)
    issuer = maker.certificate()
    key = rsa.generate_private_key(65537, 2048)  # whose signatures are all of one length

    def size(*serial_numbers):
        revoked = dict.fromkeys(serial_numbers, revocation)
        builder = revocation_lists.builder(issuer, 1, revoked, maker.now, maker.now)
        return len(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))

    number, others = 1 << (bits - 1), [(1 << 100) + offset for offset in range(500)]
    # Among so many, the length of the lengths around an entry stays as it is.
    assert size(*others, number) - size(*others) == revocation_lists.entry_size(number, revocation)


def test_entries_that_fill_the_room_make_a_crl_of_the_greatest_size(maker):
    issuer = maker.certificate(subject="C" * 61)
    revocation = Revocation(maker.now, "unspecified")
    room, each = revocation_lists.room_for_entries(issuer), revocation_lists.entry_size(1 << 126, revocation)
    revoked = {(1 << 126) + number: revocation for number in range(room // each)}
    builder = revocation_lists.builder(issuer, 1 << 60, revoked, maker.now, maker.now)
    key = rsa.generate_private_key(65537, 4096)  # the longest signature of a CA
    size = len(revocation_lists.to_pem(builder.sign(key, hashes.SHA256())))
    assert 0.995 * revocation_lists.SIZE_LIMIT < size <= revocation_lists.SIZE_LIMIT


def test_a_crl_made_and_read_back(maker):
    revoked = {
        1 << 126: Revocation(maker.now, "unspecified"),
        (1 << 126) + 1: Revocation(maker.now, "keyCompromise"),
    }
    issuer = maker.certificate()
    builder = revocation_lists.builder(issuer, 42, revoked, maker.now, maker.now.replace(year=2027))
    crl = builder.sign(maker.key, hashes.SHA256())
    assert revocation_lists.number(crl) == 42
    assert revocation_lists.revocations(crl) == revoked
    assert (crl.last_update_utc, crl.next_update_utc) == (maker.now, maker.now.replace(year=2027))
    assert crl.issuer.public_bytes() == issuer.subject.public_bytes()
    identifier = certificates.find(crl.extensions, x509.AuthorityKeyIdentifier)
    assert identifier.key_identifier == b"not computed from the key"
    assert {type(extension.value) for extension in crl.extensions} == {x509.CRLNumber, x509.AuthorityKeyIdentifier}
    revocation_lists.check_complete(crl)
    revocation_lists.check_signed_by(crl, [issuer])


def test_an_unspecified_reason_is_left_out(maker):
    revoked = {5: Revocation(maker.now, "unspecified")}
    crl = revocation_lists.builder(maker.certificate(), 1, revoked, maker.now, maker.now).sign(
        maker.key, hashes.SHA256()
    )
    assert [len(entry.extensions) for entry in crl] == [0]


def test_every_reason_is_one_of_rfc_5280_and_none_gives_access_back():
    words = set(revocation_lists.REASONS.values())
    assert words <= {flag.value for flag in x509.ReasonFlags}
    assert words.isdisjoint({"removeFromCRL", "certificateHold"})
