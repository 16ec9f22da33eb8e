# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA's modules with AWS Private CA, as the emulator has it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulator.acm_pca_ripening import Ripening
from tests.emulator.acm_pca_state import IssuedCertificate, PrivateCa
from tests.emulator.fixtures import REGION, client, emulator, emulator_server
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.issuing import Pair, leaf
from tests.emulator.tests.private_authority import BUCKET, SCRIPTS, PrivateAuthority, make_bucket
from tests.emulator.tests.raw_client import SignedRequest
from tests.emulator.tests.world import ACCOUNT, trust_policy
from tests.integration.aws.controller import Controller

from .ca_host import PASSPHRASE, CaHost

__all__ = ["emulator", "emulator_server"]

DAY = 86400


class Fleet(CaHost):
    """A CA host that uses AWS Private CA, and the view into AWS from behind."""

    def __init__(self, directory: Path, emulator: EmulatorServer, **options: Any) -> None:
        super().__init__(directory)
        self.emulator = emulator
        self.s3 = client(emulator, "s3")
        make_bucket(self.s3)
        self.options: dict[str, Any] = {
            "name": "fleet-1",
            "region": REGION,
            "endpoint_url": emulator.url,
            "access_key": "test",
            "secret_key": "test",
            "crl_bucket": BUCKET,
            "allow_cost": True,
            **options,
        }

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Start a module with the provider's options."""
        given = {"provider": "private_ca", "private_ca": self.options, **options}
        return super().start(module, check_mode=check_mode, **given)

    def wanted(self, **options: Any) -> dict[str, Any]:
        """Describe the CA."""
        return {
            "common_name": "Issuing CA G1",
            "organization": "Example",
            "root_common_name": "Root",
            "passphrase": PASSPHRASE,
            **options,
        }

    def make(self, **options: Any) -> dict[str, Any]:
        """Make the CA."""
        return self.do("ca", **self.wanted(**options))

    def authorities(self) -> list[PrivateCa]:
        """Look at the CAs in AWS."""
        return list(self.emulator.state.store(ACCOUNT, REGION).private_cas.authorities.values())

    def issued(self) -> set[int]:
        """Look at the serial numbers of all certificates that AWS has issued."""
        [authority] = self.authorities()
        return set(authority.issued)

    def certificate(self, issued: dict[str, Any], host: str) -> x509.Certificate:
        """Read a certificate out of a result."""
        return x509.load_pem_x509_certificate(issued["certificates"][host]["default"]["certificate"].encode())


@pytest.fixture
def absent(emulator: EmulatorServer, tmp_path: Path) -> Fleet:
    """Return a host whose CA does not exist yet."""
    return Fleet(tmp_path / "ca", emulator)


@pytest.fixture
def fleet(absent: Fleet) -> Fleet:
    """Return a host with a CA that a root of ours has signed."""
    absent.make()
    return absent


# Making a CA


def test_a_ca_in_four_steps_under_a_root_of_ours(absent: Fleet) -> None:
    foretold, done, _checked, again = absent.four_steps("ca", **absent.wanted())
    assert foretold["certificate"] is None
    assert foretold["diff"]["after"]["private_ca"] == done["diff"]["after"]["private_ca"] == ["created", "installed"]
    [authority] = absent.authorities()
    assert authority.tags == {"fleet.rolesanywhere:ca": "fleet-1"}
    assert authority.status == "ACTIVE"
    assert done["private_ca_arn"] == again["private_ca_arn"] == authority.arn
    certificate = x509.load_pem_x509_certificate(done["certificate"].encode())
    assert certificate == authority.certificate
    assert certificate.subject.rfc4514_string() == "CN=Issuing CA G1,O=Example"
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert absent.content() == {
        "root",
        "root/certificate.pem",
        "root/private-key.pem",
        "issuing",
        "issuing/certificate.pem",
        "ledger.sqlite",
    }
    assert "ENCRYPTED" in (absent.directory / "root/private-key.pem").read_text()
    (absent.directory / "root/private-key.pem").unlink()  # kept offline from now on
    assert absent.make()["changed"] is False


def test_nobody_pays_by_accident(absent: Fleet) -> None:
    absent.options["allow_cost"] = False
    for check_mode in (True, False):
        message = absent.fail("ca", check_mode=check_mode, **absent.wanted())
        assert message.startswith("There is no Private CA 'fleet-1', and a new one in general-purpose mode would cost")
    assert absent.authorities() == []
    assert not absent.directory.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"passphrase": None}, "The CA's keys would lie on disk unencrypted"),
        ({"root_common_name": None}, "root_common_name is missing"),
        ({"root_common_name": "Issuing CA G1"}, "Root and issuing CA are both named"),
        ({"common_name": None}, "common_name is missing: give the Private CA a name."),
        ({"common_name": "Example, Inc."}, "has characters that STS refuses"),
    ],
)
def test_what_is_wrong_is_said_before_anything_costs(absent: Fleet, changes: dict[str, Any], sentence: str) -> None:
    for check_mode in (True, False):
        assert sentence in absent.fail("ca", check_mode=check_mode, **absent.wanted(**changes))
    assert absent.authorities() == []
    assert not absent.directory.exists()


def test_a_root_and_a_ca_below_it_in_private_ca(absent: Fleet, tmp_path: Path) -> None:
    absent.options |= {"name": "root", "type": "root"}
    root = absent.make(common_name="Private Root", key_type="ECDSA-P384")
    below = CaHost.__new__(Fleet)
    below.__dict__.update(absent.__dict__, directory=tmp_path / "issuing")
    below.options = {**absent.options, "name": "issuing", "type": "subordinate", "root_arn": root["private_ca_arn"]}
    foretold, done, _checked, _again = below.four_steps("ca", **below.wanted(root_common_name=None, passphrase=None))
    assert foretold["private_ca_arn"] is None
    issuing = x509.load_pem_x509_certificate(done["certificate"].encode())
    issuing.verify_directly_issued_by(x509.load_pem_x509_certificate(root["certificate"].encode()))
    issued = below.issue(below.request("web1"))
    below.certificate(issued, "web1").verify_directly_issued_by(issuing)


@pytest.mark.parametrize("state", ["CREATING", "PENDING_CERTIFICATE", "root"])
def test_a_run_that_was_killed_is_taken_up(absent: Fleet, state: str) -> None:
    if state == "root":  # it came as far as the root
        absent.make()
        shutil.rmtree(absent.directory / "issuing")
        (absent.directory / "ledger.sqlite").unlink()
    else:
        made = PrivateAuthority(
            client(absent.emulator, "acm-pca"),
            kind="SUBORDINATE",
            name="Issuing CA G1",
            Tags=[{"Key": "fleet.rolesanywhere:ca", "Value": "fleet-1"}],
        )
        if state == "PENDING_CERTIFICATE":
            made.request()
    absent.options["allow_cost"] = False
    absent.four_steps("ca", **absent.wanted())
    assert [authority.status for authority in absent.authorities()] == ["ACTIVE"]


def test_two_at_once_and_lost_answers_make_one_ca(absent: Fleet) -> None:
    absent.emulator.switches.private_ca_faults = ["throttling", "lost_answer", "lost_answer", "internal_error"] * 2
    runs = [absent.start("ca", **absent.wanted()) for _ in range(2)]
    results = [absent.finish(run) for run in runs]
    assert [result.get("failed") for result in results] == [None, None], results
    assert results[0]["certificate"] == results[1]["certificate"]
    assert len(absent.authorities()) == 1


def test_a_crl_bucket_is_given_later(absent: Fleet) -> None:
    del absent.options["crl_bucket"]
    absent.make()
    absent.options["crl_bucket"] = BUCKET
    _foretold, done, _checked, _again = absent.four_steps("ca", **absent.wanted())
    assert done["diff"]["after"]["private_ca"] == ["configured"]
    [authority] = absent.authorities()
    assert authority.revocation_configuration["CrlConfiguration"]["S3BucketName"] == BUCKET


# Issuing


def test_sixty_certificates_within_the_rates_of_aws(fleet: Fleet, tmp_path: Path) -> None:
    fleet.emulator.switches.private_ca_rates = True
    fleet.emulator.switches.private_ca_issuing_looks = 2
    orders = [fleet.request(f"web{number}", organizational_units=["web", "eu"]) for number in range(60)]
    orders[0] |= {"dns_names": ["web0.example.com"], "uris": ["https://example.com/web"]}
    issued = fleet.issue(*orders, validity=30)
    assert (issued["issued"], issued["refused"]) == (60, 0)
    serials = {entry["default"]["serial"] for entry in issued["certificates"].values()}
    assert {f"{serial:032x}" for serial in fleet.issued()} == {serial.lstrip("0").zfill(32) for serial in serials}
    certificate = fleet.certificate(issued, "web0")
    assert certificate.subject.rfc4514_string() == "CN=web0,OU=eu,OU=web"
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment) == (True, False)
    assert fleet.issue(*orders, validity=30)["reused"] == 60
    assert len(fleet.issued()) == 60

    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(certificate.public_bytes(Encoding.PEM))
    issuing = fleet.directory / "issuing/certificate.pem"
    chain = ["-CAfile", fleet.directory / "root/certificate.pem", "-untrusted", issuing]
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", *chain, leaf]
    subprocess.run(command, check=True, timeout=60)
    for path in (leaf, issuing):
        command = [SCRIPTS / "lint_pkix_cert", "lint", "-s", "ERROR", path]
        linted = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert linted.returncode == 0, linted.stdout


def test_names_never_come_from_the_request(fleet: Fleet) -> None:
    issued = fleet.issue(fleet.request("web1", common_name="database1"))
    assert fleet.certificate(issued, "web1").subject.rfc4514_string() == "CN=database1"


def test_a_run_that_is_killed_while_it_waits_loses_nothing(fleet: Fleet) -> None:
    fleet.emulator.switches.private_ca_issuing_looks = 10**6
    orders = [fleet.request(f"web{number}") for number in range(3)]
    waiting = fleet.start("ca_issue", nonce=fleet.nonce, requests=orders)
    deadline = time.monotonic() + 60
    [authority] = fleet.authorities()
    while any(issued.making.looks >= 10**6 - 1 for issued in authority.issued.values()) or len(authority.issued) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    waiting.send_signal(signal.SIGKILL)
    waiting.communicate()
    for issued in authority.issued.values():
        issued.making.looks = 0
    fleet.emulator.switches.private_ca_issuing_looks = 0
    fleet.emulator.switches.clock_window = 2 * DAY
    fleet.emulator.switches.clock_offset = 600  # the tokens are forgotten; the ARNs are in the ledger
    expire_claims(fleet)
    again = fleet.issue(*orders)
    assert (again["reused"], again["issued"]) == (3, 0)
    assert len(fleet.issued()) == 3


def expire_claims(fleet: Fleet) -> None:
    """Let ten minutes pass for the run that was killed."""
    import sqlite3

    with sqlite3.connect(fleet.directory / "ledger.sqlite") as ledger:
        references = ledger.execute("UPDATE intents SET claimed_until = asked_at RETURNING reference").fetchall()
    assert [bool(reference) for [reference] in references] == [True] * 3


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"subject": "database1"}, "its subject is CN=database1"),
    "key": ({"private_key": None}, "it is for another key"),
    "authority": ({"basic_constraints": x509.BasicConstraints(True, None)}, "it is a CA certificate"),
    "validity": ({"not_after": datetime.now(timezone.utc) + timedelta(days=300)}, "it is valid from"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_aws_sends_is_looked_at_as_a_stranger_s(fleet: Fleet, lie: str) -> None:
    fleet.emulator.switches.private_ca_issuing_looks = 10**6
    [authority] = fleet.authorities()
    key = ec.generate_private_key(ec.SECP256R1())
    asking = fleet.start("ca_issue", nonce=fleet.nonce, requests=[fleet.request("web1", key=key)])
    deadline = time.monotonic() + 60
    while not authority.issued:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    [(true_serial, true)] = authority.issued.items()
    changes, sentence = LIES[lie]
    assert authority.certificate
    issuer = Pair(authority.certificate, authority.private_key)
    false = leaf(issuer, **{"subject": "web1", "private_key": key, "not_before": datetime.now(timezone.utc), **changes})
    del authority.issued[true_serial]
    authority.issued[false.certificate.serial_number] = IssuedCertificate(
        true.arn, false.certificate, Ripening(0, true.making.ready_at)
    )
    answer = fleet.finish(asking)["certificates"]["web1"]["default"]
    assert set(answer) == {"refused"}
    assert sentence in answer["refused"]
    assert authority.issued[false.certificate.serial_number].revoked_at  # AWS was told at once


def test_lost_answers_of_a_bad_line(fleet: Fleet) -> None:
    orders = [fleet.request(f"web{number}") for number in range(4)]
    fleet.emulator.switches.private_ca_faults = ["lost_answer", "none", "throttling", "internal_error", "none"] * 12
    issued = fleet.issue(*orders)
    assert issued["issued"] == 4, issued
    assert len(fleet.issued()) == 4


def test_short_lived_mode_is_recognised(absent: Fleet) -> None:
    absent.options["usage_mode"] = "short_lived_certificate"
    absent.make()
    refused = absent.issue(absent.request("web1"), validity=30)["certificates"]["web1"]["default"]["refused"]
    assert refused.startswith("The Private CA is in short-lived mode, where a certificate is valid for 7 days at most")
    assert absent.issued() == set()
    certificate = absent.certificate(absent.issue(absent.request("web1"), validity=7), "web1")
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() <= 7 * DAY


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "other"}, "There is no Private CA with the tag fleet.rolesanywhere:ca=other in eu-central-1"),
        ({"access_key": "AKIANOBODY000000000"}, "AWS Private CA refused ListCertificateAuthorities with Unrecognized"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "AWS Private CA could not be asked for ListCertificateAuthorities"),
        ({"region": "eu-west-1"}, "There is no Private CA with the tag fleet.rolesanywhere:ca=fleet-1 in eu-west-1"),
        ({"timeout": 0}, "private_ca.timeout: give 1 to 540 seconds."),
    ],
)
def test_one_sentence_for_each_mistake(fleet: Fleet, options: dict[str, Any], sentence: str) -> None:
    fleet.options |= options
    message = fleet.fail("ca_issue", nonce=fleet.nonce, requests=[fleet.request("web1")])
    assert message.startswith(sentence)
    assert fleet.issued() == set()


def test_another_ca_than_that_of_the_folder(fleet: Fleet) -> None:
    other = PrivateAuthority(client(fleet.emulator, "acm-pca"), name="Another CA").activate()
    del fleet.options["name"]
    fleet.options["arn"] = other.arn
    message = fleet.fail("ca_issue", nonce=fleet.nonce, requests=[fleet.request("web1")])
    assert message.startswith("The CA that answers is CN=Another CA,O=Example with the serial number")


# Revoking, and what Roles Anywhere makes of it


def create_session(emulator: EmulatorServer, arns: dict[str, str], pair: Pair) -> tuple[int, str]:
    """Ask for a session; return the status and the sentence of a refusal."""
    request = SignedRequest(pair, arns, host=emulator.url.removeprefix("http://"))
    url = f"{emulator.url}/sessions?{request.query_string}"
    try:
        sent = urllib.request.Request(url, request.body, request.signed())
        with urllib.request.urlopen(sent, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())["message"]


def test_revoked_in_private_ca_is_refused_by_roles_anywhere(fleet: Fleet, tmp_path: Path) -> None:
    """From the anchor that points to the CA, over the CRL in S3, to the refusal."""
    emulator = fleet.emulator
    rolesanywhere, iam = client(emulator, "rolesanywhere"), client(emulator, "iam")
    [authority] = fleet.authorities()
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(trust_policy()))["Role"]["Arn"]
    source = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": authority.arn}}
    anchor = rolesanywhere.create_trust_anchor(name="fleet", enabled=True, source=source)["trustAnchor"]
    profile = rolesanywhere.create_profile(name="fleet", enabled=True, roleArns=[role])["profile"]
    arns = {"trustAnchorArn": anchor["trustAnchorArn"], "profileArn": profile["profileArn"], "roleArn": role}
    keys = {host: ec.generate_private_key(ec.SECP256R1()) for host in ("web1", "web2")}
    issued = fleet.issue(*(fleet.request(host, key=key) for host, key in keys.items()))
    pairs = {host: Pair(fleet.certificate(issued, host), key) for host, key in keys.items()}
    for pair in pairs.values():
        assert create_session(emulator, arns, pair) == (201, "")

    fleet.four_steps("ca_revoke", host="web1", reason="key_compromise")
    assert authority.issued[pairs["web1"].certificate.serial_number].reason is x509.ReasonFlags.key_compromise
    emulator.switches.private_ca_crl_looks = 1
    made = fleet.do("ca_crl", wait_timeout=60)
    assert (made["changed"], made["entries"]) == (True, 1)
    assert (fleet.directory / "issuing/crl.pem").read_text() == made["crl"]
    assert fleet.do("ca_crl")["changed"] is False
    controller = Controller(tmp_path, emulator.url)
    imported = controller.module("crl", name="fleet", trust_anchor_arn=arns["trustAnchorArn"], crl=made["crl"])
    assert imported["changed"], imported
    status, sentence = create_session(emulator, arns, pairs["web1"])
    assert (status, "revoked" in sentence) == (403, True)
    assert create_session(emulator, arns, pairs["web2"]) == (201, "")


def test_a_crl_that_does_not_have_it_yet_is_not_taken(fleet: Fleet) -> None:
    fleet.emulator.switches.private_ca_crl_looks = 10**6
    fleet.issue(fleet.request("web1"))
    fleet.do("ca_revoke", host="web1")
    assert fleet.fail("ca_crl", wait_timeout=0).startswith("The CA publishes no CRL")
    [authority] = fleet.authorities()
    assert authority.crl_making
    authority.crl_making.looks = 0
    assert fleet.do("ca_crl", wait_timeout=60)["entries"] == 1


def test_certificates_of_short_lives_need_no_crl(absent: Fleet) -> None:
    absent.options |= {"usage_mode": "short_lived_certificate"}
    del absent.options["crl_bucket"]
    absent.make()
    assert absent.issue(absent.request("web1"), validity=5)["issued"] == 1
    assert absent.fail("ca_crl").startswith("The CA publishes no CRL: have it make one")


# The guide


def test_the_rights_of_the_guide_are_enough_and_no_more(fleet: Fleet) -> None:
    [authority] = fleet.authorities()
    guide = (Path(__file__).parents[3] / "docs/certificate-authorities.md").read_text()
    bucket_policy, rights = re.findall(r"^```json\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    fleet.s3.put_bucket_policy(Bucket=BUCKET, Policy=bucket_policy)
    iam = client(fleet.emulator, "iam")
    iam.create_user(UserName="ca-host")
    document = rights.replace("11111111-2222-3333-4444-555555555555", authority.identifier)
    iam.put_user_policy(UserName="ca-host", PolicyName="ca", PolicyDocument=document)
    key = iam.create_access_key(UserName="ca-host")["AccessKey"]
    by_name = {**fleet.options, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    fleet.options = {**by_name, "arn": authority.arn}
    del fleet.options["name"]
    assert fleet.make()["changed"] is False
    assert fleet.issue(fleet.request("web1"))["issued"] == 1
    fleet.do("ca_revoke", host="web1")
    assert fleet.do("ca_crl", wait_timeout=60)["entries"] == 1
    fleet.options["template_arn"] = "arn:aws:acm-pca:::template/EndEntityClientAuthCertificate_APIPassthrough/V1"
    refused = fleet.issue(fleet.request("web2"))["certificates"]["web2"]["default"]["refused"]
    assert refused.startswith("AWS denied IssueCertificate; the caller needs acm-pca:IssueCertificate.")
    fleet.options = by_name
    assert "the caller needs acm-pca:ListCertificateAuthorities" in fleet.fail("ca", **fleet.wanted())
