# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revoking is all or nothing: the ledger, the CRL and AWS, or one sentence."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer
from tests.integration.ansible_playbook import play

from .fleet import ROOT, Fleet

MakeFleet = Callable[[int], Fleet]
LIMIT = "Run this without --limit"


def crls(emulator: EmulatorServer) -> list[dict[str, object]]:
    """Return the CRLs at AWS."""
    return client(emulator, "rolesanywhere").list_crls()["crls"]


def roll_out(fleet: Fleet, emulator: EmulatorServer) -> None:
    """Bring the fleet to where a revocation begins: an empty CRL is in force, and every host has its certificate."""
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        crlData=(fleet.root("ca1") / "ca/issuing/crl.pem").read_bytes(),
        trustAnchorArn=fleet.variables["rolesanywhere_trust_anchor_arn"],
        enabled=True,
    )
    fleet.variables["rolesanywhere_crl_name"] = "fleet"
    assert fleet.play("rollout").status == 0


@pytest.fixture
def fleet(make_fleet: MakeFleet, emulator: EmulatorServer) -> Fleet:
    """Make a fleet of one host that is rolled out."""
    fleet = make_fleet(1)
    roll_out(fleet, emulator)
    return fleet


def trust_anchor(fleet: Fleet, emulator: EmulatorServer, region: str) -> str:
    """Make another trust anchor for the CA of a fleet; return its ARN."""
    data = {"x509CertificateData": (fleet.root("ca1") / "ca/issuing/certificate.pem").read_text()}
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": data}
    service = client(emulator, "rolesanywhere", region)
    arn: str = service.create_trust_anchor(name="fleet", enabled=True, source=source)["trustAnchor"]["trustAnchorArn"]
    return arn


def place_of_crl(fleet: Fleet, emulator: EmulatorServer, region: str) -> dict[str, str]:
    """Make another trust anchor for the CA of a fleet, with an empty CRL; return an item of rolesanywhere_crls."""
    service = client(emulator, "rolesanywhere", region)
    anchor = trust_anchor(fleet, emulator, region)
    empty = (fleet.root("ca1") / "ca/issuing/crl.pem").read_bytes()
    service.import_crl(name="there", crlData=empty, trustAnchorArn=anchor, enabled=True)
    role_arn = fleet.variables["rolesanywhere_role_arn"]
    profile = service.create_profile(name="fleet", enabled=True, roleArns=[role_arn])["profile"]
    return {
        "crl_name": "there",
        "trust_anchor_arn": anchor,
        "profile_arn": profile["profileArn"],
        "role_arn": role_arn,
    }


def refusals(fleet: Fleet) -> dict[str, str]:
    """Ask for a session on every host; return the sentences of those that get none."""
    arns = {f"{name}_arn": f"{{{{ rolesanywhere_{name}_arn }}}}" for name in ("trust_anchor", "profile", "role")}
    check = {"directory": "{{ workload_directory }}", "endpoint_url": fleet.endpoint_url, **arns}
    tasks = [{"fleet.rolesanywhere.session_check": check}]
    return fleet.play([{"hosts": "rolesanywhere_fleet", "gather_facts": False, "tasks": tasks}]).failures()


def test_revoking_ends_with_a_crl_in_force(fleet: Fleet, emulator: EmulatorServer) -> None:
    check = fleet.play("revoke", "-e", "revoke_host=web01", "--check")
    assert check.status == 0, check.text
    assert "web01: 1 certificate would be revoked now, 1 in all; the host would be blocked. " in check.text
    assert "is blocked" not in check.text
    assert crls(emulator)[0]["crlData"] == (fleet.root("ca1") / "ca/issuing/crl.pem").read_bytes()

    run = fleet.play("revoke", "-e", "revoke_host=web01")
    assert run.status == 0, run.text
    in_force = "CRL fleet number 2 is in force with 2 entries until"  # the host's certificate and the canary's
    assert in_force in run.text
    assert "web01: 1 certificate revoked now, 1 in all; the host is blocked since 20" in run.text
    assert "Sessions that were handed out before, those in the caches of helpers too, go on until they" in run.text

    for arguments in (["--check"], []):
        again = fleet.play("crl_refresh", *arguments)
        assert {stats["changed"] for stats in again.stats.values()} == {0}
        assert in_force in again.text


def test_the_revoked_host_is_refused_and_the_other_one_is_not(
    make_fleet: MakeFleet, emulator: EmulatorServer, stale_crl_accepted: bool
) -> None:
    fleet = make_fleet(2)
    fleet.variables["ca_certificate_validity"] = 60
    roll_out(fleet, emulator)
    assert refusals(fleet) == {}
    assert fleet.play("revoke", "-e", "revoke_host=web01").status == 0
    [(host, sentence)] = refusals(fleet).items()
    assert (host, "Certificate revoked" in sentence) == ("web01", True)

    # Nobody has run crl_refresh for longer than a CRL is good for; the certificates are still good.
    emulator.switches.set({"clock_offset": timedelta(days=46).total_seconds(), "clock_window": 1e9})
    stale = refusals(fleet)
    assert "Certificate revoked" in stale.pop("web01")
    assert ["Untrusted signing certificate" in sentence for sentence in stale.values()] == (
        [] if stale_crl_accepted else [True]
    )


def test_refreshing_in_check_mode_says_what_would_be(fleet: Fleet, emulator: EmulatorServer) -> None:
    service = client(emulator, "rolesanywhere")
    service.disable_crl(crlId=crls(emulator)[0]["crlId"])
    disabled = fleet.play("crl_refresh", "--check")
    assert "CRL fleet number 1 would be in force with 0 entries until" in disabled.text

    revoked = {"directory": str(fleet.root("ca1") / "ca"), "host": "web01"}
    task = {"fleet.rolesanywhere.ca_revoke": revoked}
    assert fleet.play([{"hosts": "rolesanywhere_ca", "gather_facts": False, "tasks": [task]}]).status == 0
    due = fleet.play("crl_refresh", "--check")
    assert "A new CRL fleet would be made and put into force with 1 entry." in due.text
    assert "in force with 0" not in due.text


def test_a_revocation_goes_to_every_trust_anchor_and_one_that_fails_is_named(
    fleet: Fleet, emulator: EmulatorServer
) -> None:
    here = {name: fleet.variables[f"rolesanywhere_{name}"] for name in ("trust_anchor_arn", "profile_arn", "role_arn")}
    there, elsewhere = (place_of_crl(fleet, emulator, region) for region in ("us-east-1", "eu-west-1"))
    anchors = [{**elsewhere, "crl_name": "mistyped"}, here, there]
    forgotten = trust_anchor(fleet, emulator, "us-east-1")
    run = fleet.play("revoke", "-e", "revoke_host=web01", "-e", json.dumps({"rolesanywhere_crls": anchors}))
    assert run.status != 0
    sentence = run.failures()["localhost"]
    assert sentence.startswith("The CRL is not known to be in force at 2 trust anchors: ")
    assert f"{forgotten}: It holds the CA, but stands nowhere in rolesanywhere_crls; give it" in sentence
    assert "has no CRLs named mistyped; compare the name" in sentence
    assert [anchor["trust_anchor_arn"] in sentence for anchor in anchors] == [True, False, False]
    serial = int(fleet.serial("web01"), 16)
    for region, entry in (("eu-central-1", True), ("us-east-1", True), ("eu-west-1", False)):
        (crl,) = client(emulator, "rolesanywhere", region).list_crls()["crls"]
        shown = x509.load_pem_x509_crl(crl["crlData"]).get_revoked_certificate_by_serial_number(serial)
        assert (shown is not None) is entry, region
    for anchor in (here, there):
        assert f" at {anchor['trust_anchor_arn']}, which refused the canary." in run.text

    # Without the key of a canary there is no proof.
    fleet.variables |= {"rolesanywhere_crls": [here, there], "rolesanywhere_canary_directory": "/dev/null/canary"}
    unproven = fleet.play("crl_refresh")
    assert unproven.failures()["localhost"].startswith("The CRL is not known to be in force at 3 trust anchors: ")


def session_of(fleet: Fleet, host: str) -> dict[str, str]:
    """Return a session as the AWS profile of a host gives it, from the helper's cache or fresh."""
    config = configparser.ConfigParser()
    config.read(fleet.root(host) / "home/.aws/config")
    command = config["profile application"]["credential_process"]
    answer = json.loads(subprocess.run(shlex.split(command), capture_output=True, check=True).stdout)
    names = {"access_key": "AccessKeyId", "secret": "SecretAccessKey", "session_token": "SessionToken"}
    return {ours: answer[theirs] for ours, theirs in names.items()}


def may_list(emulator: EmulatorServer, session: dict[str, str]) -> bool:
    """Say whether a session may do what its role allows."""
    try:
        client(emulator, "s3", **session).list_buckets()
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return False
        raise
    return True


def test_sessions_end_with_the_host_they_were_handed_to_and_the_policy_goes_when_its_work_is_done(
    make_fleet: MakeFleet, emulator: EmulatorServer
) -> None:
    fleet = make_fleet(2)
    roll_out(fleet, emulator)
    iam = client(emulator, "iam")
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    iam.put_role_policy(RoleName="web", PolicyName="allow", PolicyDocument=json.dumps(allowed))
    sessions = {host: session_of(fleet, host) for host in fleet.hosts}
    assert [may_list(emulator, session) for session in sessions.values()] == [True, True]

    run = fleet.play("revoke", "-e", "revoke_host=web01", "-e", "end_sessions=true")
    assert run.status == 0, run.text
    assert "The sessions of CN=web01 that were handed out before are denied everything in arn:aws:iam::" in run.text
    assert "web01 gets no session with its own certificate: " in run.text
    assert [may_list(emulator, session) for session in sessions.values()] == [False, True]
    shutil.rmtree(fleet.root("web02") / "home/.cache")
    fresh = session_of(fleet, "web02")
    assert fresh != sessions["web02"]
    assert may_list(emulator, fresh)

    name = "RolesAnywhereEndSessions-web01"
    deny = {"RoleName": "web", "PolicyName": name}
    statement = iam.get_role_policy(**deny)["PolicyDocument"]
    moment = datetime.fromisoformat(statement["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"])
    for age, left in ((timedelta(minutes=59), [name, "allow"]), (timedelta(hours=1), ["allow"])):
        statement["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"] = (
            f"{moment - age:%Y-%m-%dT%H:%M:%SZ}"
        )
        iam.put_role_policy(**deny, PolicyDocument=json.dumps(statement))
        assert fleet.play("crl_refresh", "-e", "end_sessions=true").status == 0
        assert sorted(iam.list_role_policies(RoleName="web")["PolicyNames"]) == left


def test_all_pairs_that_a_host_ever_had_are_refused_and_it_gets_no_other(
    fleet: Fleet, emulator: EmulatorServer
) -> None:
    current = fleet.current("web01")
    for _time in range(2):
        assert fleet.play("rotate", "-e", "rotate_force=true").status == 0
    versions = sorted(path.name for path in current.with_name("versions").iterdir())
    assert len(versions) == 3
    # What a newer certificate takes the place of is not revoked for that.
    assert fleet.play("crl_refresh").status == 0
    (crl,) = crls(emulator)
    assert not {int(version, 16) for version in versions} & {
        entry.serial_number for entry in x509.load_pem_x509_crl(crl["crlData"])
    }

    assert fleet.play("revoke", "-e", "revoke_host=web01").status == 0
    for version in versions:
        current.unlink()
        current.symlink_to(f"versions/{version}")
        assert "Certificate revoked" in refusals(fleet)["web01"], version
    for playbook, force in (("rollout", "workload_force=true"), ("rotate", "rotate_force=true")):
        text = fleet.play(playbook, "-e", force).text
        assert re.search(r"blocked since 20[0-9TZ:-]+ by \S+@", text), (playbook, text)
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        issued = ledger.execute("SELECT serial FROM certificates WHERE host = 'web01'").fetchall()
    assert sorted(serial for (serial,) in issued) == versions


def enter_revoked(fleet: Fleet, count: int) -> None:
    """Enter revoked certificates into the ledger of a fleet that is rolled out."""
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        ledger.execute("CREATE TEMPORARY TABLE revoked AS SELECT * FROM certificates LIMIT 1")
        ledger.execute("UPDATE revoked SET reason = 'superseded', revoked_by = 'test', revoked_at = issued_at")
        ledger.execute("UPDATE revoked SET in_use_since = NULL")
        for number in range(count):
            ledger.execute("UPDATE revoked SET serial = ?", [f"{(1 << 126) + number:032x}"])
            ledger.execute("INSERT INTO certificates SELECT * FROM revoked")


def test_a_crl_without_room_for_all_is_in_force_and_no_success(fleet: Fleet, emulator: EmulatorServer) -> None:
    enter_revoked(fleet, 7000)
    run = fleet.play("revoke", "-e", "revoke_host=web01")
    assert run.status != 0
    (sentence,) = run.failures().values()
    assert "revoked certificates, which AWS goes on accepting; disable the trust anchor, or deny" in sentence
    shown = x509.load_pem_x509_crl(crls(emulator)[0]["crlData"])
    assert 6200 < len(shown) < 6400
    assert shown.get_revoked_certificate_by_serial_number(int(fleet.serial("web01"), 16)) is not None


REFUSED = [
    (["-e", "revoke_host=web01", "--limit=web01"], LIMIT),
    (["-e", "revoke_host=web01", "--limit=ca1"], LIMIT),
    (["-e", "revoke_host=web9"], "The ledger knows no certificate of web9"),
    (["-e", "revoke_host=web01", "-e", "rolesanywhere_crl_name=wbe"], "has no CRLs named wbe; compare "),
    (["-e", "revoke_host=web01", "-e", "rolesanywhere_crl_name="], "Give rolesanywhere_crl_name and"),
    (["-e", "revoke_host=web01", "-e", "ca_directory="], "The CA host ca1 has no ca_directory; set it"),
    (["-e", "revoke_host=web01", "-e", "ca_directory=/nowhere"], "There is no CA in /nowhere"),
    ([], "Say which host loses its access"),
]


def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(fleet: Fleet, emulator: EmulatorServer) -> None:
    path, before = fleet.root("ca1") / "ca/issuing/crl.pem", crls(emulator)
    crl = path.read_bytes()
    for arguments, sentence in REFUSED:
        run = fleet.play("revoke", *arguments)
        assert run.status != 0
        assert any(sentence in failure for failure in run.failures().values()), (arguments, run.failures())
        assert (path.read_bytes(), crls(emulator)) == (crl, before)


@pytest.mark.parametrize("inventory", ["web01,", "/dev/null"])
def test_an_inventory_without_a_ca_host_is_one_sentence(tmp_path: Path, inventory: str) -> None:
    run = play(ROOT / "playbooks/crl_refresh.yml", tmp_path, "-i", inventory)
    assert run.status != 0
    (sentence,) = run.failures().values()
    assert sentence.startswith("The inventory has no host in the group rolesanywhere_ca;")
