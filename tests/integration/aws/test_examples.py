# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of docs/examples as they stand there: what a certificate's holder may do after each, and what not."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from moto.core.config import default_user_config

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests import pki
from tests.emulator.tests.issuing import Pair, name
from tests.integration.ansible_playbook import THIS_MACHINE, Plays, play

from .authority import Authority
from .private_ca import PrivateCa
from .workload import IssuingCa, Refused, Workload

ACCOUNT = "123456789012"
DOCS = Path(__file__).resolve().parents[3] / "docs"


class Examples:
    """Runs the playbooks of the documentation, with variables of this machine's where they name a place."""

    def __init__(self, emulator: EmulatorServer, directory: Path) -> None:
        self._emulator = emulator
        self._directory = directory
        self.ca = IssuingCa()
        self.credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        self._ca_directory = directory / "ca"
        (self._ca_directory / "issuing").mkdir(parents=True)
        (self._ca_directory / "issuing/certificate.pem").write_text(self.ca.pem)
        (self._ca_directory / "issuing/crl.pem").write_text(self.ca.crl)

    def run(self, file: str, *arguments: str, **variables: Any) -> int:
        """Run a playbook of the folder; return how many tasks changed something."""
        path = DOCS / "examples" / file
        return self.play(path, *arguments, example_ca_directory=str(self._ca_directory), **variables)

    def play(self, playbook: Path | Plays, *arguments: str, **variables: Any) -> int:
        """Run plays with the administrator's key in the environment; return how many tasks changed something."""
        run = play(
            playbook,
            self._directory,
            *THIS_MACHINE,
            *arguments,
            "-e",
            json.dumps(variables),
            environment={"AWS_ENDPOINT_URL": self._emulator.url, **self.credentials},
        )
        assert run.failures() == {}
        return run.stats["localhost"]["changed"]

    def set_up(self, file: str, **variables: Any) -> None:
        """Run a playbook twice, the second time without a change."""
        assert self.run(file, **variables) > 0
        assert self.run(file, **variables) == 0

    def sign_in_by_profiles(self) -> None:
        """Have the AWS profiles that the guide shows, and nothing else to sign in with."""
        [profiles] = re.findall(r"^```ini\n(.*?)^```", (DOCS / "aws-side.md").read_text(), re.MULTILINE | re.DOTALL)
        self.credentials = {}
        path = self._directory / ".aws/credentials"
        path.parent.mkdir()
        path.write_text(profiles)

    def workload(self, pair: Pair, region: str = REGION, account: str = ACCOUNT) -> Workload:
        """Give somebody with a certificate the ARNs of all that there is."""
        service = client(self._emulator, "rolesanywhere", region, account)
        [anchor] = service.list_trust_anchors()["trustAnchors"]
        [profile] = service.list_profiles()["profiles"]
        return Workload(
            self._emulator,
            pair,
            trust_anchor_arn=anchor["trustAnchorArn"],
            profile_arn=profile["profileArn"],
            role_arn=profile["roleArns"][0],
        )


@pytest.fixture
def examples(emulator: EmulatorServer, tmp_path: Path) -> Examples:
    return Examples(emulator, tmp_path)


@pytest.fixture
def bucket(emulator: EmulatorServer) -> Callable[[str], None]:
    """Return what makes a bucket with one object."""

    def make(name: str) -> None:
        s3 = client(emulator, "s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=name, Key="today", Body=b"x")

    return make


def assert_denied(call: Callable[..., Any], **options: Any) -> None:
    """Make a call that IAM must refuse."""
    with pytest.raises(ClientError) as refused:
        call(**options)
    assert refused.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def assert_no_session(workload: Workload) -> None:
    """Ask for a session, which the role's trust policy must refuse."""
    with pytest.raises(Refused, match="Unable to assume role"):
        workload.create_session()


def test_s3_writer(examples: Examples, bucket: Callable[[str], None]) -> None:
    bucket("example-reports")
    bucket("example-other")
    examples.set_up("s3_writer.yml")
    s3 = examples.workload(examples.ca.issue("reports1.example.org", "reports")).client("s3")
    s3.put_object(Bucket="example-reports", Key="new", Body=b"y")
    assert_denied(s3.get_object, Bucket="example-reports", Key="today")
    assert_denied(s3.put_object, Bucket="example-other", Key="new", Body=b"y")
    assert_no_session(examples.workload(examples.ca.issue("reports1.example.org", "web")))
    assert_no_session(examples.workload(examples.ca.issue("reports2.example.org", "reports")))
    away = {"trust_state": "absent", "trust_force": "true"}  # as the guide's command line has it
    assert examples.run("s3_writer.yml", **away) == 3  # profile, IAM role, trust anchor with its CRL
    assert examples.run("s3_writer.yml", **away) == 0


def test_bucket_reader(examples: Examples, bucket: Callable[[str], None]) -> None:
    bucket("example-artifacts")
    bucket("example-other")
    examples.set_up("bucket_reader.yml")
    s3 = examples.workload(examples.ca.issue("any", "build")).client("s3")
    assert s3.get_object(Bucket="example-artifacts", Key="today")["Body"].read() == b"x"
    s3.get_bucket_location(Bucket="example-artifacts")
    assert_denied(s3.get_object, Bucket="example-other", Key="today")  # the role alone would let it
    assert_denied(s3.put_object, Bucket="example-artifacts", Key="today", Body=b"y")
    assert_denied(s3.list_objects_v2, Bucket="example-artifacts")
    assert_no_session(examples.workload(examples.ca.issue("any", "web")))


def test_glacier_backup(examples: Examples, emulator: EmulatorServer) -> None:
    for vault in ("backup", "other"):
        client(emulator, "glacier").create_vault(vaultName=vault)
    examples.set_up("glacier_backup.yml")
    glacier = examples.workload(examples.ca.issue("backup1", "backup")).client("glacier")
    archive = glacier.upload_archive(vaultName="backup", body=b"all")
    assert_denied(glacier.upload_archive, vaultName="other", body=b"all")
    assert_denied(glacier.delete_archive, vaultName="backup", archiveId=archive["archiveId"])
    retrieval = {"Type": "archive-retrieval", "ArchiveId": archive["archiveId"]}
    assert_denied(glacier.initiate_job, vaultName="backup", jobParameters=retrieval)
    assert_no_session(examples.workload(examples.ca.issue("backup1", "web")))
    [statement] = client(emulator, "iam").get_role(RoleName="backup")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert "aws:SourceArn" in statement["Condition"]["ArnEquals"]


def test_private_ca(
    monkeypatch: pytest.MonkeyPatch, examples: Examples, emulator: EmulatorServer, bucket: Callable[[str], None]
) -> None:
    monkeypatch.setitem(default_user_config["iam"], "load_aws_managed_policies", True)
    emulator.reset()  # AWS's own policies are there from the beginning
    acm_pca = client(emulator, "acm-pca")
    private_ca = PrivateCa(acm_pca)
    private_ca.certify(Authority("Root"))
    theirs = emulator.state.store(ACCOUNT, REGION).private_cas.authorities[private_ca.arn]
    assert theirs.certificate
    bucket("example-crls")
    crl = pki.make_crl(pki.Authority(theirs.certificate, theirs.private_key))
    client(emulator, "s3").put_object(
        Bucket="example-crls",
        Key=f"crl/{private_ca.arn.split('/')[-1]}.crl",
        Body=crl.public_bytes(Encoding.DER),
    )

    def issue(unit: str) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = name((NameOID.ORGANIZATIONAL_UNIT_NAME, unit), "reader1")
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        arn = acm_pca.issue_certificate(
            CertificateAuthorityArn=private_ca.arn,
            Csr=request.public_bytes(Encoding.PEM),
            SigningAlgorithm="SHA256WITHRSA",
            Validity={"Value": 7, "Type": "DAYS"},
        )["CertificateArn"]
        return Pair(x509.load_pem_x509_certificate(private_ca.fetch(arn).encode()), key)

    examples.set_up("private_ca.yml", example_private_ca_arn=private_ca.arn)
    s3 = examples.workload(issue("analytics")).client("s3")
    assert s3.get_object(Bucket="example-crls", Key=f"crl/{private_ca.arn.split('/')[-1]}.crl")
    assert s3.list_objects_v2(Bucket="example-crls")["KeyCount"] == 2
    assert_denied(s3.put_object, Bucket="example-crls", Key="today", Body=b"y")
    assert_no_session(examples.workload(issue("web")))


def test_source_address(examples: Examples, bucket: Callable[[str], None]) -> None:
    bucket("example-site")
    examples.set_up("source_address.yml")
    pair = examples.ca.issue("site1", "site")
    assert_denied(examples.workload(pair).client("s3").put_object, Bucket="example-site", Key="new", Body=b"y")
    assert examples.run("source_address.yml", example_networks=["127.0.0.0/8"]) == 1
    here = examples.workload(pair).client("s3")
    here.put_object(Bucket="example-site", Key="new", Body=b"y")
    assert_denied(here.get_object, Bucket="example-site", Key="today")  # the role's own policy still counts


def test_two_accounts(examples: Examples, emulator: EmulatorServer, bucket: Callable[[str], None]) -> None:
    there = {"region": "us-east-1", "account": "111122223333"}
    examples.sign_in_by_profiles()
    examples.set_up("two_accounts.yml")
    orders, insights = examples.ca.issue("orders1", "orders"), examples.ca.issue("insights1", "insights")
    bucket("example-orders")
    s3_there = client(emulator, "s3", there["region"], there["account"])
    s3_there.create_bucket(Bucket="example-insights")
    s3_there.put_object(Bucket="example-insights", Key="today", Body=b"x")

    here = examples.workload(orders)
    assert here.client("sts").get_caller_identity()["Account"] == ACCOUNT
    here.client("s3").put_object(Bucket="example-orders", Key="new", Body=b"y")
    assert_no_session(examples.workload(insights))
    elsewhere = examples.workload(insights, **there)
    assert elsewhere.client("sts").get_caller_identity()["Account"] == there["account"]
    assert elsewhere.client("s3").get_object(Bucket="example-insights", Key="today")["Body"].read() == b"x"
    assert_no_session(examples.workload(orders, **there))

    away = {"trust_state": "absent", "trust_force": "true"}
    assert examples.run("two_accounts.yml", "--tags=analytics", **away) == 3
    assert examples.run("two_accounts.yml", "--tags=analytics", **away) == 0
    with pytest.raises(Refused, match="Specified Trust Anchor wasn't found"):
        elsewhere.create_session()
    iam = [client(emulator, "iam", access_key=account) for account in (ACCOUNT, there["account"])]
    assert [len(each.list_roles()["Roles"]) for each in iam] == [1, 0]
    here.create_session()
    assert examples.run("two_accounts.yml", "--tags=production") == 0
    examples.credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with pytest.raises(AssertionError, match="Passing both a profile and access tokens is not supported"):
        examples.run("two_accounts.yml")


def test_what_the_guide_shows_between_the_examples(examples: Examples, emulator: EmulatorServer) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "aws-side.md").read_text(), re.MULTILINE | re.DOTALL)
    workloads, operator, bounded, lint = map(yaml.safe_load, blocks)
    iam = client(emulator, "iam")
    anything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    iam.create_policy(PolicyName="web", PolicyDocument=anything)
    anchor = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {
            "ArnEquals": {"aws:SourceArn": anchor},
            "StringEquals": {"aws:PrincipalTag/x509Subject/OU": "backup"},
        },
    }
    trust_policy = {"Version": "2012-10-17", "Statement": [trusted]}
    iam.create_role(RoleName="archive", AssumeRolePolicyDocument=json.dumps(trust_policy))

    trust: dict[str, Any] = {"ansible.builtin.include_role": {"name": "fleet.rolesanywhere.trust"}}
    first = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": workloads,
        "tasks": [trust, *operator, *bounded, *lint],
    }
    given = {"trust_certificates": [examples.ca.pem], "trust_crl": examples.ca.crl}
    # Trust anchor and CRL; two IAM roles, a policy in one of them, three profiles; two operators' policies.
    assert examples.play([first], **given) == 2 + 6 + 2
    assert examples.play([first], **given) == 0

    crls = client(emulator, "rolesanywhere").list_crls()["crls"]
    [crl] = [crl for crl in crls if crl["name"] == workloads["trust_name"]]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/crl-publisher"
    publisher = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]["Statement"]
    assert [each["Resource"] for each in publisher if "rolesanywhere:UpdateCrl" in each["Action"]] == [crl["crlArn"]]

    del trusted["Condition"]
    iam.update_assume_role_policy(RoleName="archive", PolicyDocument=json.dumps(trust_policy))
    with pytest.raises(AssertionError, match="aws:SourceArn"):
        examples.play([{**first, "tasks": lint}])


def test_the_guide_has_every_example_and_every_example_a_test() -> None:
    files = {path.name for path in (DOCS / "examples").glob("*.yml")}
    assert set(re.findall(r"\(examples/(\w+\.yml)\)", (DOCS / "aws-side.md").read_text())) == files
    assert {f"test_{path.removesuffix('.yml')}" for path in files} <= globals().keys()


def test_no_two_examples_take_each_others_names() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "aws-side.md").read_text(), re.MULTILINE | re.DOTALL)
    shown = "".join([*blocks, *(path.read_text() for path in (DOCS / "examples").glob("*.yml"))])
    names = re.findall(r"^ *trust_name: (\S+)$", shown, re.MULTILINE)
    names += [workload["name"] for workload in yaml.safe_load(blocks[0])["trust_workloads"]]
    assert len(names) == 5 + 2 + 1 + 3
    assert sorted(set(names)) == sorted(names)


def test_the_commands_of_the_guide_in_a_checkout(emulator: EmulatorServer, tmp_path: Path) -> None:
    guide = (DOCS / "aws-side.md").read_text()
    typed = "".join(re.findall(r"^```console\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    script = re.sub(r"^\$ ", "", typed, flags=re.MULTILINE).replace("http://127.0.0.1:5555", emulator.url)
    script = script.replace("make venv\n", "")  # whoever runs the tests has
    away = " -e trust_state=absent -e trust_force=true"
    assert script.count("ansible-playbook ") == 3
    assert script.count(away) == 2
    kept, _, removed = script.partition("ansible-playbook docs/examples/s3_writer.yml" + away)
    assert removed == f"\nansible-playbook docs/examples/two_accounts.yml --tags analytics{away}\n"
    bash = ["bash", "-eu", "-c", kept]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(bash, cwd=DOCS.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [anchor] = client(emulator, "rolesanywhere").list_trust_anchors()["trustAnchors"]
    assert anchor["name"] == "report-writer"
