# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The move to the next issuing CA: killed at every step, nobody loses what he has or gets back what he lost."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .fleet import Fleet
from .test_revoke import crls, refusals, roll_out

NEXT = ["-e", json.dumps({"rollover_common_name": "Fleet Issuing CA G2", "rollover_allow_unencrypted_key": True})]

# Each run is killed before the first task of one of these names, so it has done what stands above it.
STEPS = [
    "Trust both issuing CAs",
    "Import it",
    "Switch to it",
    "Put it into force at every trust anchor",
    "Sign them all in one call",
    "Stage the pair, prove it with CreateSession, switch to it",
    "Trust the new issuing CA only",
    "Give the new CA's CRL the standing name",
    "Remove the CRL of the CA before",
    "Finish",
]

KILLER = """
import os, signal
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "killer"

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.name == os.environ["KILL_BEFORE"]:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def fleet(make_fleet: Callable[[int], Fleet], emulator: EmulatorServer) -> Fleet:
    """Make a fleet of three hosts, of which the last one is revoked."""
    fleet = make_fleet(3)
    roll_out(fleet, emulator)
    run = fleet.play("revoke", "-e", "revoke_host=web03")
    assert run.status == 0, run.failures()
    return fleet


def bundle(emulator: EmulatorServer) -> list[str]:
    """Return the common names of the CAs that the trust anchor holds."""
    [anchor] = client(emulator, "rolesanywhere").list_trust_anchors()["trustAnchors"]
    pem = anchor["source"]["sourceData"]["x509CertificateData"].encode()
    return sorted(str(each.subject.rfc4514_string()) for each in x509.load_pem_x509_certificates(pem))


def issuers(emulator: EmulatorServer) -> dict[str, Any]:
    """Return who signed the CRLs at AWS, by the names of these."""
    return {
        crl["name"]: x509.load_pem_x509_crl(crl["crlData"]).issuer.rfc4514_string()  # type: ignore[arg-type]
        for crl in crls(emulator)
    }


def kill_before(fleet: Fleet, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the roll-over until a task, and kill it there."""
    plugins = fleet.directory / "killer"
    plugins.mkdir(exist_ok=True)
    (plugins / "killer.py").write_text(KILLER)
    genuine = subprocess.run

    def run(*arguments: Any, **options: Any) -> Any:
        options["env"] |= {"ANSIBLE_CALLBACK_PLUGINS": str(plugins), "KILL_BEFORE": task}
        done = genuine(*arguments, **options)
        assert done.returncode == -signal.SIGKILL, (
            task,
            re.findall('"msg": (?!"All ).*', done.stdout)[-5:],
            done.stderr,
        )
        return subprocess.CompletedProcess(done.args, 0, "{\n}", "")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", run)
        fleet.play("ca_rollover", *NEXT)
    # Others may publish when the killed run's lease has ended, five minutes later.
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        ledger.execute("UPDATE publishing_lease SET until = '2026-01-01T00:00:00Z'")


def test_killed_at_every_step_it_goes_on(
    fleet: Fleet, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {host: fleet.serial(host) for host in fleet.hosts}
    for step in STEPS:
        kill_before(fleet, step, monkeypatch)
        assert set(refusals(fleet)) == {"web03"}, step
        assert len(bundle(emulator)) <= 2
        assert len(crls(emulator)) <= 2
    last = fleet.play("ca_rollover", *NEXT)
    assert set(last.failures()) <= {"web03"}, last.text
    assert "CN=Fleet Issuing CA G2 signs for the fleet" in last.text
    assert bundle(emulator) == ["CN=Fleet Issuing CA G2"]
    assert issuers(emulator) == {"fleet": "CN=Fleet Issuing CA G2"}
    assert set(refusals(fleet)) == {"web03"}
    now = {host: fleet.serial(host) for host in fleet.hosts}
    assert {host for host in fleet.hosts if now[host] != first[host]} == {"web01", "web02"}

    again = fleet.play("ca_rollover", *NEXT)
    assert {stats["changed"] for host, stats in again.stats.items() if host != "web03"} == {0}


def test_a_revocation_on_the_way_reaches_both_cas(
    fleet: Fleet, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before(fleet, "Sign them all in one call", monkeypatch)
    assert issuers(emulator) == {"fleet": "CN=Fleet Issuing CA G1", "fleet next": "CN=Fleet Issuing CA G2"}
    assert fleet.play("rotate", "-e", "rotate_force=true", "--limit=web02").status == 0
    for host in ("web01", "web02"):
        run = fleet.play("revoke", "-e", f"revoke_host={host}")
        assert run.status == 0, run.text
    assert set(refusals(fleet)) == {"web01", "web02", "web03"}
    assert ["Certificate revoked" in sentence for sentence in refusals(fleet).values()] == [True] * 3


def test_a_host_that_is_away_keeps_the_ca_before(fleet: Fleet, emulator: EmulatorServer) -> None:
    web02 = fleet.root("web02") / "etc/rolesanywhere"
    web02.rename(web02.with_name("away"))
    web02.write_text("in the way\n")
    run = fleet.play("ca_rollover", *NEXT)
    assert "1 workload still has its certificate of the CA before, web02; both CAs are trusted" in run.failures()["ca1"]
    assert len(bundle(emulator)) == len(crls(emulator)) == 2
    web02.unlink()
    web02.with_name("away").rename(web02)
    assert set(refusals(fleet)) == {"web03"}
    assert fleet.play("ca_rollover", *NEXT).status == 0
    assert bundle(emulator) == ["CN=Fleet Issuing CA G2"]


def test_check_mode_changes_nothing(fleet: Fleet, emulator: EmulatorServer) -> None:
    before = (bundle(emulator), crls(emulator), sorted(os.listdir(fleet.root("ca1") / "ca")))
    run = fleet.play("ca_rollover", *NEXT, "--check")
    assert run.status == 0, run.text
    assert "The next issuing CA would be made; check mode cannot tell more." in run.text
    assert before == (bundle(emulator), crls(emulator), sorted(os.listdir(fleet.root("ca1") / "ca")))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Say how the next issuing CA is called"),
        ([*NEXT, "--limit=web01"], "Run this without --limit"),
        (["-e", "rollover_common_name=Fleet"], "or say allow_unencrypted_key: true"),
        ([*NEXT, "-e", '{"rollover_common_name": "Fleet Root CA"}'], "CN=Fleet Root CA is the name of the CA in"),
    ],
)
def test_refusals(fleet: Fleet, arguments: list[str], sentence: str, tmp_path: Path) -> None:
    run = fleet.play("ca_rollover", *arguments)
    assert run.status != 0
    assert [sentence in failure for failure in run.failures().values()] == [True]
