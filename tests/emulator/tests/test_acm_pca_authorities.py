# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs of AWS Private CA from creation to deletion, with boto3 as the client."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import UNKNOWN_ID, refusal
from tests.emulator.tests.pki import make_authority
from tests.emulator.tests.private_authority import BUCKET, CRL_CONFIGURATION, PrivateAuthority, go_on, make_bucket


@pytest.fixture
def acm_pca(emulator: EmulatorServer) -> Any:
    return client(emulator, "acm-pca")


@pytest.fixture
def root(acm_pca: Any) -> PrivateAuthority:
    return PrivateAuthority(acm_pca).activate()


def test_a_ca_is_created_then_pending_then_active(acm_pca: Any) -> None:
    made = PrivateAuthority(acm_pca)
    assert made.describe()["Status"] == "CREATING"
    described = made.describe()
    assert described["Status"] == "PENDING_CERTIFICATE"
    assert "Serial" not in described
    made.activate()
    described = made.describe()
    assert described["Status"] == "ACTIVE"
    assert described["Type"] == "ROOT"
    assert described["UsageMode"] == "GENERAL_PURPOSE"
    assert described["RevocationConfiguration"]["CrlConfiguration"] == {"Enabled": False}
    held = acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=made.arn)
    assert "CertificateChain" not in held
    certificate = x509.load_pem_x509_certificate(held["Certificate"].encode())
    assert certificate.subject.rfc4514_string() == "CN=Private CA,O=Example"
    assert described["NotAfter"] == certificate.not_valid_after_utc


def test_the_csr_comes_when_the_key_is_made(acm_pca: Any, emulator: EmulatorServer) -> None:
    emulator.switches.private_ca_creating_looks = 2
    emulator.switches.private_ca_creating_seconds = 60
    made = PrivateAuthority(acm_pca)
    for _ in range(3):
        assert refusal(acm_pca.get_certificate_authority_csr, CertificateAuthorityArn=made.arn)[1] == (
            "RequestInProgressException"
        )
    go_on(emulator, 61)
    assert x509.load_pem_x509_csr(made.request()).is_signature_valid


@pytest.mark.parametrize(
    ("key_algorithm", "public_key", "bits", "other_family"),
    [
        ("EC_prime256v1", ec.EllipticCurvePublicKey, 256, "SHA256WITHRSA"),
        ("EC_secp384r1", ec.EllipticCurvePublicKey, 384, "SHA384WITHRSA"),
        ("RSA_2048", rsa.RSAPublicKey, 2048, "SHA256WITHECDSA"),
        ("RSA_4096", rsa.RSAPublicKey, 4096, "SHA256WITHECDSA"),
    ],
)
def test_keys_are_what_was_asked_for(
    acm_pca: Any, key_algorithm: str, public_key: type, bits: int, other_family: str
) -> None:
    key: Any = x509.load_pem_x509_csr(PrivateAuthority(acm_pca, key_algorithm=key_algorithm).request()).public_key()
    assert isinstance(key, public_key)
    assert key.key_size == bits
    subject = {"CommonName": "x"}
    configuration = {"KeyAlgorithm": key_algorithm, "SigningAlgorithm": other_family, "Subject": subject}
    values = {"CertificateAuthorityConfiguration": configuration, "CertificateAuthorityType": "ROOT"}
    assert refusal(acm_pca.create_certificate_authority, **values)[:2] == (400, "InvalidArgsException")


def test_a_token_makes_one_ca_for_five_minutes(acm_pca: Any, emulator: EmulatorServer) -> None:
    first, again = (PrivateAuthority(acm_pca, IdempotencyToken="once").arn for _ in range(2))
    assert first == again
    go_on(emulator, 299)
    assert PrivateAuthority(acm_pca, IdempotencyToken="once").arn == first
    go_on(emulator, 301)
    assert PrivateAuthority(acm_pca, IdempotencyToken="once").arn != first
    assert len(acm_pca.list_certificate_authorities()["CertificateAuthorities"]) == 2


def test_lists_come_in_pages(acm_pca: Any) -> None:
    arns = [PrivateAuthority(acm_pca, name=f"CA {number}").arn for number in range(3)]
    pages = acm_pca.get_paginator("list_certificate_authorities").paginate(PaginationConfig={"PageSize": 2})
    assert [[authority["Arn"] for authority in page["CertificateAuthorities"]] for page in pages] == [
        arns[:2],
        arns[2:],
    ]
    assert refusal(acm_pca.list_certificate_authorities, NextToken="x")[1] == "InvalidNextTokenException"


def test_tags(acm_pca: Any, root: PrivateAuthority) -> None:
    name = {"CertificateAuthorityArn": root.arn}
    acm_pca.tag_certificate_authority(**name, Tags=[{"Key": "fleet", "Value": "a"}, {"Key": "b", "Value": "c"}])
    acm_pca.untag_certificate_authority(**name, Tags=[{"Key": "b"}, {"Key": "fleet", "Value": "other"}])
    assert acm_pca.list_tags(**name)["Tags"] == [{"Key": "fleet", "Value": "a"}]


def test_disabled_deleted_and_restored(acm_pca: Any, emulator: EmulatorServer, root: PrivateAuthority) -> None:
    name = {"CertificateAuthorityArn": root.arn}
    assert refusal(acm_pca.delete_certificate_authority, **name)[1] == "InvalidStateException"
    acm_pca.update_certificate_authority(**name, Status="DISABLED")
    assert refusal(root.ask, csr=root.request())[1] == "InvalidStateException"
    acm_pca.delete_certificate_authority(**name, PermanentDeletionTimeInDays=7)
    described = root.describe()
    assert described["Status"] == "DELETED"
    assert described["RestorableUntil"] - described["LastStateChangeAt"] == timedelta(days=7)
    acm_pca.restore_certificate_authority(**name)
    assert root.describe()["Status"] == "DISABLED"
    acm_pca.delete_certificate_authority(**name, PermanentDeletionTimeInDays=7)
    go_on(emulator, 8 * 86400)
    assert refusal(acm_pca.restore_certificate_authority, **name)[1] == "InvalidStateException"


def test_an_expired_ca_says_so(acm_pca: Any, emulator: EmulatorServer, root: PrivateAuthority) -> None:
    go_on(emulator, 11 * 366 * 86400)
    assert root.describe()["Status"] == "EXPIRED"


def test_unknown_and_unsaid(acm_pca: Any, root: PrivateAuthority) -> None:
    unknown = root.arn.rpartition("/")[0] + f"/{UNKNOWN_ID}"
    assert refusal(acm_pca.describe_certificate_authority, CertificateAuthorityArn=unknown)[:2] == (
        400,
        "ResourceNotFoundException",
    )
    wrong = {"CertificateAuthorityArn": root.arn, "Status": "FINE"}
    status, code, message = refusal(acm_pca.update_certificate_authority, **wrong)
    assert (status, code) == (400, "ValidationException")
    assert "Value 'FINE' at 'Status' failed to satisfy constraint" in message
    assert refusal(acm_pca.update_certificate_authority, CertificateAuthorityArn=root.arn, Status="DELETED")[1] == (
        "InvalidArgsException"
    )
    assert refusal(acm_pca.get_policy, ResourceArn=root.arn)[1] == "UnknownOperationException"


# What may be imported


def _subordinate(acm_pca: Any, root: PrivateAuthority, template: str = "SubordinateCACertificate_PathLen0/V1") -> Any:
    made = PrivateAuthority(acm_pca, kind="SUBORDINATE", name="Issuing CA")
    issued = root.issue(made.request(), template=template, validity={"Type": "YEARS", "Value": 5})
    return made, *issued


def test_a_subordinate_under_a_root(acm_pca: Any, root: PrivateAuthority) -> None:
    made, certificate, chain = _subordinate(acm_pca, root)
    made.install(certificate, chain)
    held = acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=made.arn)
    assert held["CertificateChain"] == chain
    constraints = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_class(
        x509.BasicConstraints
    )
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    below = {"template": "SubordinateCACertificate_PathLen0/V1", "validity": {"Type": "YEARS", "Value": 1}}
    assert refusal(made.ask, csr=made.request(), **below)[1] == "ValidationException"  # its path length is 0


def test_what_does_not_belong_is_not_imported(acm_pca: Any, root: PrivateAuthority) -> None:
    made, certificate, chain = _subordinate(acm_pca, root)
    foreign = make_authority().pem
    leaf, _ = root.issue(made.request())
    for pem, above, code in (
        ("nonsense", chain, "MalformedCertificateException"),
        (leaf, chain, "MalformedCertificateException"),
        (certificate + "\n" + certificate, chain, "MalformedCertificateException"),
        (foreign, chain, "CertificateMismatchException"),
        (certificate, None, "CertificateMismatchException"),
        (certificate, foreign, "CertificateMismatchException"),
        (certificate, f"{chain}\n{chain}\n{foreign}", "CertificateMismatchException"),
    ):
        assert refusal(made.install, certificate=pem, chain=above)[1] == code
    assert made.describe()["Status"] == "PENDING_CERTIFICATE"
    other_root = PrivateAuthority(acm_pca)
    other_root.request()
    held = acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=root.arn)["Certificate"]
    assert refusal(other_root.install, certificate=held)[1] == "CertificateMismatchException"


def test_only_a_root_signs_itself(acm_pca: Any, root: PrivateAuthority) -> None:
    made = PrivateAuthority(acm_pca, kind="SUBORDINATE")
    refused = {"csr": made.request(), "template": "RootCACertificate/V1"}
    assert refusal(made.ask, **refused)[1] == "InvalidArgsException"
    assert refusal(root.ask, **refused)[1] == "InvalidArgsException"


# Where CRLs may go


def test_a_bucket_must_be_there_and_let_the_service_write(acm_pca: Any, emulator: EmulatorServer) -> None:
    s3 = client(emulator, "s3")

    def make(**changes: Any) -> str:
        crl = {"CrlConfiguration": {**CRL_CONFIGURATION, **changes}}
        return PrivateAuthority(acm_pca, RevocationConfiguration=crl).arn

    assert refusal(make)[1] == "InvalidArgsException"
    make_bucket(s3)
    make_bucket(s3, "of-others", service="cloudtrail.amazonaws.com")
    make()
    assert refusal(make, S3BucketName="of-others")[1] == "InvalidPolicyException"
    assert refusal(make, S3ObjectAcl="PUBLIC_READ")[1] == "InvalidArgsException"
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": False})
    make(S3ObjectAcl="PUBLIC_READ")
    disabled = {"CrlConfiguration": {"Enabled": False, "ExpirationInDays": 5}}
    values = {"acm_pca": acm_pca, "RevocationConfiguration": disabled}
    assert refusal(PrivateAuthority, **values)[1] == "InvalidArgsException"
