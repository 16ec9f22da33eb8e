# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module subject_info as Ansible runs it, on subjects that AWS Labs' own client made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from iam_rolesanywhere_session import CredentialsRetrievalError, IAMRolesAnywhereSession

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer, start
from tests.emulator.tests.issuing import Pair, authority, leaf, name
from tests.emulator.tests.pki import NOW

from .controller import Controller

SERIAL = 0xCCC3A2432F8C5FEC93F0FC574F118500
LONG_AGO = NOW - timedelta(days=40)
TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {"StringLike": {"aws:PrincipalTag/x509Subject/CN": ["web*", "old"]}},
    },
}


class Site:
    """An account that lets web servers in, and their clients. It has TLS, which AWS Labs' client insists on."""

    def __init__(self, server: EmulatorServer, directory: Path) -> None:
        self._server = server
        self.trusted = directory / "certificate.pem"
        self.trusted.write_bytes(server.certificate or b"")
        self.issuing = authority("Issuing CA", authority("Root"), not_before=LONG_AGO)
        source = {
            "sourceType": "CERTIFICATE_BUNDLE",
            "sourceData": {"x509CertificateData": self.issuing.pem.decode()},
        }
        self.rolesanywhere = self.administrator("rolesanywhere")
        anchor = self.rolesanywhere.create_trust_anchor(name="fleet", source=source, enabled=True)["trustAnchor"]
        role = self.administrator("iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))
        profile = self.rolesanywhere.create_profile(name="web", roleArns=[role["Role"]["Arn"]], enabled=True)
        self._arns = {
            "trust_anchor_arn": anchor["trustAnchorArn"],
            "profile_arn": profile["profile"]["profileArn"],
            "role_arn": role["Role"]["Arn"],
        }

    def administrator(self, service: str) -> Any:
        """Make a client that may do everything."""
        return boto3.client(
            service,
            endpoint_url=self._server.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=str(self.trusted),
        )

    def come(self, pair: Pair) -> None:
        """Ask for a session."""
        IAMRolesAnywhereSession(
            **self._arns,
            certificate=pair.pem,
            private_key=pair.private_key_pem,
            region=REGION,
            endpoint=f"127.0.0.1:{self._server.port}",
            verify=str(self.trusted),
        ).get_session().get_credentials().get_frozen_credentials()

    def be_refused(self, pair: Pair) -> None:
        """Ask for a session that is not given."""
        with pytest.raises(CredentialsRetrievalError):
            self.come(pair)

    def come_days_ago(self, days: int, pair: Pair) -> None:
        """Get a session that was already over when the client looked at its own clock."""
        self._server.switches.set({"clock_offset": -86400.0 * days, "clock_window": 86400.0 * (days + 1)})
        with pytest.raises(RuntimeError, match="still expired"):
            self.come(pair)
        self._server.switches.reset()


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, Pair]]]:
    """Let four subjects come: a web server with two certificates, of which one fails; two more; one that may not."""
    server = start(tls=True)
    try:
        server.reset()
        site = Site(server, tmp_path_factory.mktemp("tls"))
        unit = name((NameOID.ORGANIZATIONAL_UNIT_NAME, "web"), "web1")
        pairs = {
            # without digitalSignature, which AWS insists on
            "former": leaf(site.issuing, unit, serial_number=SERIAL + 1, usages=("key_agreement",)),
            "present": leaf(site.issuing, unit, serial_number=SERIAL + 2),
            "web2": leaf(site.issuing, "web2", serial_number=SERIAL + 3),
            "db1": leaf(site.issuing, "db1", serial_number=SERIAL + 4),
            "old": leaf(site.issuing, "old", serial_number=SERIAL + 5, not_before=LONG_AGO),
        }
        site.come_days_ago(10, pairs["old"])
        site.be_refused(pairs["former"])
        site.come(pairs["present"])
        site.come(pairs["web2"])
        site.be_refused(pairs["db1"])
        yield site, pairs
    finally:
        server.stop()


@pytest.fixture
def site(subjects: tuple[Site, dict[str, Pair]]) -> Site:
    """Return where they came."""
    return subjects[0]


@pytest.fixture
def pairs(subjects: tuple[Site, dict[str, Pair]]) -> dict[str, Pair]:
    """Return what they came with."""
    return subjects[1]


@pytest.fixture
def controller(site: Site, tmp_path: Path) -> Controller:
    """Return a controller that trusts the site's certificate."""
    controller = Controller(tmp_path, site.rolesanywhere.meta.endpoint_url)
    controller.connection["aws_ca_bundle"] = str(site.trusted)
    return controller


def names(result: dict[str, Any]) -> list[str]:
    return sorted(subject["x509_subject"] for subject in result["subjects"])


def test_who_came_with_which_certificate_and_how_it_fared(
    controller: Controller, site: Site, pairs: dict[str, Pair]
) -> None:
    result = controller.module("subject_info")
    assert result["changed"] is False
    seen = {subject["x509_subject"]: subject for subject in result["subjects"]}
    assert sorted(seen) == ["CN=db1", "CN=old", "CN=web1,OU=web", "CN=web2"]
    fared = {
        subject: [(certificate["serial"][-2:], certificate["failed"]) for certificate in seen[subject]["certificates"]]
        for subject in seen
    }
    assert fared == {
        "CN=db1": [("04", True)],
        "CN=old": [("05", False)],
        "CN=web1,OU=web": [("02", False), ("01", True)],
        "CN=web2": [("03", False)],
    }
    web2 = seen["CN=web2"]
    [certificate] = web2["certificates"]
    theirs = pairs["web2"].certificate
    assert x509.load_pem_x509_certificate(certificate["certificate"].encode()) == theirs
    assert certificate["serial"] == "00ccc3a2432f8c5fec93f0fc574f118503"
    assert certificate["issuer"] == "CN=Issuing CA"
    assert certificate["fingerprint"] == theirs.fingerprint(hashes.SHA256()).hex()
    assert certificate["not_after"] == theirs.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert certificate["seen_at"] == web2["last_seen_at"] >= web2["created_at"]
    assert web2["enabled"] is True
    [listed] = [s for s in site.rolesanywhere.list_subjects()["subjects"] if s["x509Subject"] == "CN=web2"]
    assert (web2["subject_id"], web2["subject_arn"]) == (listed["subjectId"], listed["subjectArn"])


def test_filters(controller: Controller, site: Site) -> None:
    [web2] = [s for s in site.rolesanywhere.list_subjects()["subjects"] if s["x509Subject"] == "CN=web2"]
    questions: list[tuple[dict[str, Any], list[str]]] = [
        ({"subject": "CN=web?"}, ["CN=web2"]),
        ({"subject": "*OU=web*"}, ["CN=web1,OU=web"]),
        ({"subject": "CN=nobody"}, []),
        ({"seen_within": 1}, ["CN=db1", "CN=web1,OU=web", "CN=web2"]),
        ({"seen_within": 20, "subject": "CN=old"}, ["CN=old"]),
        ({"failed_only": True}, ["CN=db1", "CN=web1,OU=web"]),
        ({"failed_only": True, "subject": "CN=web*"}, ["CN=web1,OU=web"]),
        ({"id": web2["subjectId"]}, ["CN=web2"]),
        ({"id": web2["subjectArn"], "failed_only": True}, []),
        ({"id": "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"}, []),
    ]
    results = controller.run([{"fleet.rolesanywhere.subject_info": question} for question, _ in questions])
    assert [names(result) for result in results] == [expected for _, expected in questions]


def test_without_certificates_and_with_tags(controller: Controller, site: Site) -> None:
    [web2] = [s for s in site.rolesanywhere.list_subjects()["subjects"] if s["x509Subject"] == "CN=web2"]
    site.rolesanywhere.tag_resource(resourceArn=web2["subjectArn"], tags=[{"key": "Rack", "value": "A1"}])
    result = controller.module("subject_info", subject="CN=web2", include_certificates=False, include_tags=True)
    [subject] = result["subjects"]
    assert subject["tags"] == {"Rack": "A1"}
    assert not {"certificates", "instance_properties"} & set(subject)
