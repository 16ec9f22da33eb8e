# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that share nothing with us get a session over the wire, and use it.

One is AWS Labs' own library `iam-rolesanywhere-session`; the other is a request written by hand and signed by the
openssl program. Everything is set up through the control plane, as a user would.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from iam_rolesanywhere_session import CredentialsRetrievalError, IAMRolesAnywhereSession

from tests.emulator.server import EmulatorServer, start

from .issuing import Pair, authority, leaf
from .raw_client import REGION, SignedRequest, body
from .world import ACCOUNT, trust_policy

KEYS = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
}
ONE_BUCKET = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::fleet", "arn:aws:s3:::fleet/*"]}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Fleet(NamedTuple):
    """What a client must know."""

    server: EmulatorServer
    trusted: str  # path of the emulator's own TLS certificate
    trust_anchor_arn: str
    profile_arn: str
    role_arn: str
    root: Pair
    issuing: Pair

    def administrator(self, service: str) -> Any:
        """Make a client that may do everything."""
        return administrator(self.server, self.trusted, service)

    def labs(self, pair: Pair, **options: Any) -> boto3.Session:
        """Get a session with AWS Labs' library."""
        labs_session = IAMRolesAnywhereSession(
            profile_arn=self.profile_arn,
            role_arn=self.role_arn,
            trust_anchor_arn=self.trust_anchor_arn,
            certificate=pair.pem,
            private_key=pair.private_key_pem,
            region=REGION,
            endpoint=f"127.0.0.1:{self.server.port}",
            verify=self.trusted,
            **options,
        )
        return labs_session.get_session()


def administrator(server: EmulatorServer, trusted: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=trusted,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    server = start(tls=True)
    server.reset()
    trusted = tmp_path_factory.mktemp("tls") / "certificate.pem"
    trusted.write_bytes(server.certificate)
    root = authority("Root CA")
    issuing = authority("Issuing CA", root)
    rolesanywhere = administrator(server, str(trusted), "rolesanywhere")
    data = {"x509CertificateData": issuing.pem.decode()}
    anchor = rolesanywhere.create_trust_anchor(
        name="fleet", source={"sourceType": "CERTIFICATE_BUNDLE", "sourceData": data}, enabled=True
    )["trustAnchor"]["trustAnchorArn"]
    condition = {
        "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"},
        "ArnEquals": {"aws:SourceArn": anchor},
    }
    iam = administrator(server, str(trusted), "iam")
    policy = json.dumps(trust_policy(Condition=condition))
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    everything = json.dumps({"Version": "2012-10-17", "Statement": EVERYTHING})
    iam.put_role_policy(RoleName="web", PolicyName="everything", PolicyDocument=everything)
    profile = rolesanywhere.create_profile(
        name="fleet",
        roleArns=[role],
        sessionPolicy=json.dumps({"Version": "2012-10-17", "Statement": ONE_BUCKET}),
        enabled=True,
    )["profile"]["profileArn"]
    s3 = administrator(server, str(trusted), "s3")
    for bucket in ("fleet", "other"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield Fleet(server, str(trusted), anchor, profile, role, root, issuing)
    server.stop()


@pytest.mark.parametrize("kind", list(KEYS))
def test_awslabs_library(fleet: Fleet, kind: str) -> None:
    serial_number = 0x4F00000000000000000000000000BB00 + len(kind)
    pair = leaf(fleet.issuing, private_key=KEYS[kind], serial_number=serial_number)
    session = fleet.labs(pair)
    identity = session.client("sts", endpoint_url=fleet.server.url).get_caller_identity()
    assert identity["Account"] == ACCOUNT
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/{serial_number:032x}"
    s3 = session.client("s3", endpoint_url=fleet.server.url)
    s3.put_object(Bucket="fleet", Key=kind, Body=b"here")
    assert s3.get_object(Bucket="fleet", Key=kind)["Body"].read() == b"here"
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket="other", Key=kind, Body=b"here")


def test_awslabs_library_with_a_chain(fleet: Fleet) -> None:
    pair = leaf(fleet.issuing, private_key=KEYS["RSA"])
    chain = fleet.issuing.pem + fleet.root.pem
    session = fleet.labs(pair, certificate_chain=chain, session_duration=900)
    assert session.client("sts", endpoint_url=fleet.server.url).get_caller_identity()


def test_awslabs_library_is_refused(fleet: Fleet) -> None:
    refused = [
        (leaf(fleet.issuing, "web2", private_key=KEYS["RSA"]), f"Unable to assume role for {fleet.role_arn}."),
        (leaf(authority("Issuing CA"), private_key=KEYS["P-256"]), "Untrusted signing certificate"),
        # The library names the algorithm after the certificate's signature (reference §2.2).
        (leaf(fleet.issuing, private_key=KEYS["RSA"], digest=hashes.SHA384()), "Invalid signature"),
    ]
    for pair, message in refused:
        with pytest.raises(CredentialsRetrievalError, match=message):
            fleet.labs(pair).get_credentials().get_frozen_credentials()


def test_subjects_are_seen_through_the_control_plane(fleet: Fleet) -> None:
    fleet.labs(leaf(fleet.issuing, private_key=KEYS["RSA"])).get_credentials().get_frozen_credentials()
    rolesanywhere = fleet.administrator("rolesanywhere")
    [summary] = [
        subject for subject in rolesanywhere.list_subjects()["subjects"] if subject["x509Subject"] == "CN=web1"
    ]
    subject = rolesanywhere.get_subject(subjectId=summary["subjectId"])["subject"]
    assert subject["subjectArn"] == summary["subjectArn"]
    assert subject["credentials"][-1]["failed"] is False


def request_of(fleet: Fleet, kind: str = "P-256", **changes: Any) -> SignedRequest:
    query = {"profileArn": fleet.profile_arn, "roleArn": fleet.role_arn, "trustAnchorArn": fleet.trust_anchor_arn}
    pair = leaf(fleet.issuing, private_key=KEYS[kind])
    host = f"127.0.0.1:{fleet.server.port}"
    return SignedRequest(**{"pair": pair, "query": query, "host": host, **changes})


def send(fleet: Fleet, request: SignedRequest, chunked: bool = False) -> tuple[int, dict[str, Any]]:
    """Send a request over a bare TLS connection; its body in chunks of a byte if asked."""
    context = ssl.create_default_context(cafile=fleet.trusted)
    connection = http.client.HTTPSConnection("127.0.0.1", fleet.server.port, context=context)
    chunks = (bytes([byte]) for byte in request.body)
    connection.request(
        "POST",
        f"/sessions?{request.query_string}",
        chunks if chunked else request.body,
        request.signed(),
        encode_chunked=chunked,
    )
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


@pytest.mark.parametrize("kind", list(KEYS))
def test_openssl(fleet: Fleet, kind: str) -> None:
    status, answer = send(fleet, request_of(fleet, kind))
    assert status == 201
    [entry] = answer["credentialSet"]
    credentials = entry["credentials"]
    sts = boto3.client(
        "sts",
        endpoint_url=fleet.server.url,
        region_name=REGION,
        aws_access_key_id=credentials["accessKeyId"],
        aws_secret_access_key=credentials["secretAccessKey"],
        aws_session_token=credentials["sessionToken"],
        verify=fleet.trusted,
    )
    assert sts.get_caller_identity()["Arn"] == entry["assumedRoleUser"]["arn"]


def test_openssl_with_the_body_in_chunks(fleet: Fleet) -> None:
    request = request_of(fleet, extra_headers={"transfer-encoding": "chunked"}, leave_unsigned=["transfer-encoding"])
    assert send(fleet, request, chunked=True)[0] == 201


def test_openssl_with_the_arns_in_the_body(fleet: Fleet) -> None:
    request = request_of(fleet, content_type="application/x-amz-json-1.0")
    request.body, request.query = body(**request.query), {}
    assert send(fleet, request)[0] == 201
