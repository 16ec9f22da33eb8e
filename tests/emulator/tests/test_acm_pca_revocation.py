# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revocation by AWS Private CA and the CRL that it writes to S3, with boto3 as the client."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import refusal
from tests.emulator.tests.private_authority import (
    BUCKET,
    CRL_CONFIGURATION,
    SCRIPTS,
    PrivateAuthority,
    go_on,
    make_bucket,
    make_request,
)

DAY = 86400


@pytest.fixture
def acm_pca(emulator: EmulatorServer) -> Any:
    return client(emulator, "acm-pca")


@pytest.fixture
def s3(emulator: EmulatorServer) -> Any:
    made = client(emulator, "s3")
    make_bucket(made)
    return made


@pytest.fixture
def root(acm_pca: Any, s3: Any) -> PrivateAuthority:
    crl = {"CrlConfiguration": CRL_CONFIGURATION}
    return PrivateAuthority(acm_pca, RevocationConfiguration=crl).activate()


def _issue(root: PrivateAuthority, days: int = 5) -> x509.Certificate:
    pem, _ = root.issue(make_request(), validity={"Type": "DAYS", "Value": days})
    return x509.load_pem_x509_certificate(pem.encode())


def _revoke(root: PrivateAuthority, serial: str, reason: str = "UNSPECIFIED") -> dict[str, Any]:
    answer: dict[str, Any] = root.acm_pca.revoke_certificate(
        CertificateAuthorityArn=root.arn, CertificateSerial=serial, RevocationReason=reason
    )
    return answer


def _key(root: PrivateAuthority) -> str:
    return f"crl/{root.arn.rpartition('/')[2]}.crl"


def _crl(s3: Any, root: PrivateAuthority) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(s3.get_object(Bucket=BUCKET, Key=_key(root))["Body"].read())


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_the_first_crl_comes_after_the_first_certificate(s3: Any, root: PrivateAuthority) -> None:
    assert refusal(s3.get_object, Bucket=BUCKET, Key=_key(root))[1] == "NoSuchKey"
    assert refusal(s3.get_object, Bucket=BUCKET, Key=_key(root))[1] == "NoSuchKey"
    certificate = _issue(root)
    [point] = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name[0].value == f"http://{BUCKET}.s3.eu-central-1.amazonaws.com/{_key(root)}"
    assert refusal(s3.get_object, Bucket=BUCKET, Key=_key(root))[1] == "NoSuchKey"
    crl = _crl(s3, root)
    assert (_number(crl), len(crl)) == (1, 0)


def test_a_revocation_shows_a_while_later(s3: Any, root: PrivateAuthority, emulator: EmulatorServer) -> None:
    first, second = _issue(root), _issue(root)
    with pytest.raises(Exception, match="NoSuchKey"):
        _crl(s3, root)
    _crl(s3, root)
    emulator.switches.private_ca_crl_looks = 2
    _revoke(root, f"{first.serial_number:x}", "KEY_COMPROMISE")
    colons = ":".join(f"{byte:02x}" for byte in second.serial_number.to_bytes(16))
    _revoke(root, colons)
    assert [len(_crl(s3, root)) for _ in range(3)] == [0, 0, 2]
    crl = _crl(s3, root)
    assert _number(crl) == 2
    key_identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    held = root.acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=root.arn)["Certificate"]
    issuer = x509.load_pem_x509_certificate(held.encode())
    assert key_identifier == issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    compromised = crl.get_revoked_certificate_by_serial_number(first.serial_number)
    unspecified = crl.get_revoked_certificate_by_serial_number(second.serial_number)
    assert compromised is not None
    assert unspecified is not None
    assert compromised.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "keyCompromise"
    assert len(unspecified.extensions) == 0


def test_time_counts_where_looks_do_not(s3: Any, root: PrivateAuthority, emulator: EmulatorServer) -> None:
    emulator.switches.private_ca_crl_looks = 0
    emulator.switches.private_ca_crl_seconds = 1800
    _revoke(root, f"{_issue(root).serial_number:x}")
    assert refusal(s3.get_object, Bucket=BUCKET, Key=_key(root))[1] == "NoSuchKey"
    go_on(emulator, 1801)
    assert len(_crl(s3, root)) == 1


def test_a_crl_is_renewed_and_forgets_what_has_expired(
    s3: Any, root: PrivateAuthority, emulator: EmulatorServer
) -> None:
    emulator.switches.private_ca_crl_looks = 0
    _revoke(root, f"{_issue(root, 5).serial_number:x}")
    assert len(_crl(s3, root)) == 1
    go_on(emulator, 23 * DAY)
    crl = _crl(s3, root)
    assert (_number(crl), len(crl)) == (2, 1)  # once more after its end
    go_on(emulator, 46 * DAY)
    crl = _crl(s3, root)
    assert (_number(crl), len(crl)) == (3, 0)


def test_what_cannot_be_revoked(root: PrivateAuthority, emulator: EmulatorServer) -> None:
    serial = f"{_issue(root).serial_number:x}"
    _revoke(root, serial)
    assert refusal(_revoke, root=root, serial=serial)[:2] == (400, "RequestAlreadyProcessedException")
    assert refusal(_revoke, root=root, serial="4f00")[1] == "ResourceNotFoundException"
    assert refusal(_revoke, root=root, serial="no number")[1] == "InvalidRequestException"
    assert refusal(_revoke, root=root, serial=serial, reason="BOREDOM")[1] == "ValidationException"
    held = root.acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=root.arn)["Certificate"]
    own = f"{x509.load_pem_x509_certificate(held.encode()).serial_number:x}"
    assert refusal(_revoke, root=root, serial=own)[1] == "InvalidRequestException"
    in_the_making = root.ask(make_request()).rpartition("/")[2]
    assert refusal(_revoke, root=root, serial=in_the_making)[1] == "RequestInProgressException"


def test_a_ca_learns_later_where_its_crl_goes(acm_pca: Any, s3: Any) -> None:
    made = PrivateAuthority(acm_pca).activate()
    certificate = _issue(made)
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    crl = {"CrlConfiguration": CRL_CONFIGURATION}
    acm_pca.update_certificate_authority(CertificateAuthorityArn=made.arn, RevocationConfiguration=crl)
    assert made.describe()["RevocationConfiguration"]["CrlConfiguration"]["S3BucketName"] == BUCKET
    _revoke(made, f"{certificate.serial_number:x}")
    assert refusal(s3.get_object, Bucket=BUCKET, Key=_key(made))[1] == "NoSuchKey"
    assert len(_crl(s3, made)) == 1


def test_a_partition_says_so_critically(acm_pca: Any, s3: Any, emulator: EmulatorServer) -> None:
    emulator.switches.private_ca_crl_looks = 0
    crl = {"CrlConfiguration": {**CRL_CONFIGURATION, "CrlType": "PARTITIONED"}}
    _issue(PrivateAuthority(acm_pca, RevocationConfiguration=crl).activate())
    [listed] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    written = x509.load_der_x509_crl(s3.get_object(Bucket=BUCKET, Key=listed["Key"])["Body"].read())
    assert written.extensions.get_extension_for_class(x509.IssuingDistributionPoint).critical


def test_openssl_and_pkilint_have_nothing_against_the_crl(s3: Any, root: PrivateAuthority, tmp_path: Path) -> None:
    revoked, good = _issue(root), _issue(root)
    _revoke(root, f"{revoked.serial_number:x}", "SUPERSEDED")
    with pytest.raises(Exception, match="NoSuchKey"):
        _crl(s3, root)
    pem = _crl(s3, root).public_bytes(Encoding.PEM)
    held = root.acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=root.arn)["Certificate"]
    for name, content in (("crl", pem), ("root", held.encode())):
        (tmp_path / f"{name}.pem").write_bytes(content)
    linted = subprocess.run(
        [SCRIPTS / "lint_crl", "lint", "-t", "CRL", "-p", "PKIX", "-s", "ERROR", tmp_path / "crl.pem"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
    for certificate, outcome in ((good, "OK"), (revoked, "certificate revoked")):
        path = tmp_path / "leaf.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        trust = ["-CAfile", tmp_path / "root.pem", "-CRLfile", tmp_path / "crl.pem"]
        command = ["openssl", "verify", "-x509_strict", "-crl_check", *trust, path]
        verified = subprocess.run(command, capture_output=True, text=True, check=False)
        assert outcome in verified.stdout + verified.stderr
