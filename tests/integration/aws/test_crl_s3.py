# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module crl with what AWS Private CA writes to S3, for a trust anchor that points to it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .authority import Authority
from .controller import Controller
from .private_ca import PrivateCa

ACCOUNT = "123456789012"
BUCKET = "example-crls"
KEY = "crl/0f1b2c3d-7c5b-4d7a-9a4c-0a1b2c3d4e5f.crl"
S3_URI = f"s3://{BUCKET}/{KEY}"


class Publisher:
    """AWS Private CA as it writes its CRL to a bucket, in DER (reference §8.3), with what a test wants in it."""

    def __init__(self, emulator: EmulatorServer, root: Authority) -> None:
        self.s3 = client(emulator, "s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.private_ca = PrivateCa(client(emulator, "acm-pca"))
        authorities = emulator.state.store(ACCOUNT, REGION).private_cas.authorities
        self._private_key = authorities[self.private_ca.arn].private_key
        self._certificate = x509.load_pem_x509_certificate(self.private_ca.certify(root).encode())

    def publish(self, number: int, *serials: int) -> str:
        """Write a CRL to the bucket; return it in PEM."""
        now = datetime.now(timezone.utc)
        crl = (
            x509.CertificateRevocationListBuilder(
                self._certificate.subject,
                now - timedelta(minutes=5),
                now + timedelta(days=45),
                revoked_certificates=[x509.RevokedCertificateBuilder(serial, now).build() for serial in serials],
            )
            .add_extension(x509.CRLNumber(number), critical=False)
            .sign(self._private_key, hashes.SHA256())
        )
        self.s3.put_object(Bucket=BUCKET, Key=KEY, Body=crl.public_bytes(Encoding.DER))
        return crl.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def publisher(emulator: EmulatorServer, root: Authority) -> Publisher:
    """Return a Private CA with a bucket for its CRLs."""
    return Publisher(emulator, root)


@pytest.fixture
def anchor_arn(rolesanywhere: Any, publisher: Publisher) -> str:
    """Make a trust anchor that points to the Private CA."""
    source = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": publisher.private_ca.arn}}
    arn: str = rolesanywhere.create_trust_anchor(name="private", source=source)["trustAnchor"]["trustAnchorArn"]
    return arn


def test_each_crl_of_a_private_ca_goes_from_s3_to_its_anchor(
    controller: Controller, rolesanywhere: Any, publisher: Publisher, anchor_arn: str
) -> None:
    publisher.publish(1)
    made = controller.four_steps("crl", name="private", trust_anchor_arn=anchor_arn, s3_uri=S3_URI)
    assert (made["crl_number"], made["entries"]) == (1, 0)
    second = publisher.publish(2, 0x5A01)
    updated = controller.four_steps("crl", name="private", s3_uri=S3_URI)
    assert (updated["crl_number"], updated["entries"]) == (2, 1)
    assert rolesanywhere.list_crls()["crls"][0]["crlData"].decode() == second


def test_what_does_not_fit_is_one_sentence_and_changes_nothing(
    controller: Controller, rolesanywhere: Any, publisher: Publisher, anchor_arn: str, issuing: Authority
) -> None:
    publisher.s3.put_object(Bucket=BUCKET, Key="other.crl", Body=issuing.crl(1).encode())
    publisher.s3.put_object(Bucket=BUCKET, Key="large.crl", Body=bytes(300_001))
    publisher.s3.put_object(Bucket=BUCKET, Key="nonsense.crl", Body=b"nonsense")
    cannot = "cannot be read: Amazon S3 refused GetObject with"
    mistakes = [
        (
            "s3://example-crls/other.crl",
            "The CRL of CN=Issuing CA G1 is not signed by a certificate of the trust anchor 'private' (CN=Private CA)",
        ),
        ("s3://example-crls/nowhere.crl", f"s3_uri: s3://example-crls/nowhere.crl {cannot} NoSuchKey: "),
        ("s3://no-such-bucket/g1.crl", f"s3_uri: s3://no-such-bucket/g1.crl {cannot} NoSuchBucket: "),
        ("s3://example-crls/large.crl", "s3_uri: s3://example-crls/large.crl has more than 300000 bytes: "),
        ("s3://example-crls/nonsense.crl", "The CRL cannot be read: it is neither PEM"),
        ("s3://example-crls", "s3_uri: 's3://example-crls' does not name an object; it should look like "),
    ]
    given = {"name": "private", "trust_anchor_arn": anchor_arn}
    tasks = [{"fleet.rolesanywhere.crl": {**given, "s3_uri": uri}, "ignore_errors": True} for uri, _ in mistakes]
    for result, (_, sentence) in zip(controller.run(tasks), mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
    assert rolesanywhere.list_crls()["crls"] == []


def test_crl_is_given_in_one_way(controller: Controller, issuing: Authority) -> None:
    result = controller.run(
        [{"fleet.rolesanywhere.crl": {"name": "x", "crl": issuing.crl(1), "s3_uri": S3_URI}, "ignore_errors": True}]
    )[0]
    assert result["msg"] == "parameters are mutually exclusive: crl|crl_path|s3_uri"
