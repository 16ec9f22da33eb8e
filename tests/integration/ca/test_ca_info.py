# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ca_info."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.ansible_playbook import THIS_MACHINE, play

from .ca_host import PASSPHRASE, CaHost

MODULE = Path(__file__).parents[3] / "plugins" / "modules" / "ca_info.py"
# Root's tests take another user, who owns the CA then; others have only themselves.
OTHER = os.geteuid() or 65534


def serials(result: dict[str, Any]) -> list[str]:
    """Return the serial numbers of the certificates that were listed."""
    return [row["serial"] for row in result["certificates"]]


def issue(host: CaHost, *hosts: str, **options: Any) -> list[str]:
    """Issue a certificate to each host and return their serial numbers."""
    answer = host.issue(*(host.request(name) for name in hosts), **options)["certificates"]
    return [answer[name]["default"]["serial"] for name in hosts]


def state(directory: Path) -> dict[str, tuple[int, ...]]:
    """Tell of each file what a write or a gift would change."""
    states = {str(path): path.stat() for path in (directory, *directory.rglob("*"))}
    return {name: (s.st_mtime_ns, s.st_size, s.st_uid, s.st_gid, s.st_mode) for name, s in states.items()}


def timeless(result: dict[str, Any]) -> str:
    """Leave out how many days are left: the second look may be a moment on the other side of a whole one."""
    return re.sub(r"in [0-9]+ days", "in days", json.dumps(result, sort_keys=True))


def look(host: CaHost, /, **options: Any) -> dict[str, Any]:
    """Look in check mode and without it, which is the same, and see that nothing was written."""
    before = state(host.directory)
    foretold, done = (host.do("ca_info", check_mode=check_mode, **options) for check_mode in (True, False))
    assert state(host.directory) == before
    assert timeless(foretold) == timeless(done)
    assert not done["changed"]
    assert host.warnings(done)[: len(done["faults"])] == done["faults"]
    return done


def test_a_new_ca(empty: CaHost) -> None:
    made = empty.make(organization="Example", key_type="ECDSA-P384")
    result = look(empty)
    members = ("subject", "serial", "not_before", "not_after", "fingerprint", "certificate")
    issuing, root = result["authority"]["issuing"], result["authority"]["root"]
    assert {member: issuing[member] for member in members} == {member: made[member] for member in members}
    assert (root["certificate"], issuing["issuer"]) == (made["root_certificate"], root["subject"])
    assert (issuing["key_type"], root["key_type"]) == ("ECDSA-P384", "ECDSA-P384")
    assert set(result["counts"].values()) == {0}
    crl = {"path": str(empty.directory / "issuing/crl.pem"), "number": 1, "entries": 0, "missing": [], "unknown": []}
    assert {member: result["crl"][member] for member in crl} == crl
    assert result["crl"]["bytes"] == len(made["crl"])
    assert (result["certificates"], result["matching"]) == ([], None)
    assert empty.warnings(result) == []


def test_no_key_and_no_passphrase_is_needed(empty: CaHost) -> None:
    empty.make(passphrase=PASSPHRASE)
    for key in empty.directory.rglob("private-key.pem"):
        key.unlink()
    assert look(empty)["faults"] == []


def test_issue_revoke_and_publish(host: CaHost) -> None:
    web1, web2, web3 = issue(host, "web1", "web2", "web3")
    counts = {"issued": 3, "unexpired": 3, "valid": 3, "revoked": 0, "blocked_hosts": 0, "shared_keys": 0}
    assert look(host)["counts"] == counts
    assert sorted(serials(look(host, certificates=True))) == sorted([web1, web2, web3])

    revoked = host.do("ca_revoke", host="web2", reason="key_compromise")
    result = look(host, host="web2")
    (row,) = result["certificates"]
    assert (row["serial"], row["reason"], row["revoked_by"]) == (web2, "key_compromise", revoked["blocked_by"])
    assert row["revoked_at"] == revoked["blocked_since"]
    assert "pem" not in row
    assert "certificate" not in row
    assert result["counts"] == {**counts, "valid": 2, "revoked": 1, "blocked_hosts": 1}
    (block,) = result["blocked_hosts"]
    assert (block["host"], block["since"], block["reason"]) == ("web2", revoked["blocked_since"], "key_compromise")
    assert result["crl"]["missing"] == [web2]
    (sentence,) = result["faults"]
    assert sentence.startswith("1 certificate is revoked in the ledger but not on the CRL (crl.missing): make the next")

    made = host.do("ca_crl")
    result = look(host)
    members = ("path", "number", "this_update", "next_update", "entries", "bytes")
    assert {member: result["crl"][member] for member in members} == {member: made[member] for member in members}
    assert (result["crl"]["missing"], result["crl"]["unknown"], result["faults"]) == ([], [], [])


def test_filters_combine(host: CaHost) -> None:
    (early,) = issue(host, "web1", validity=5)
    (late,) = issue(host, "web1", validity=30)
    (other,) = issue(host, "web2", validity=6)
    answer = host.issue(host.request("web1", "mail", common_name="mail"), validity=5)["certificates"]
    mail = answer["web1"]["mail"]["serial"]
    host.do("ca_revoke", serial=other)

    def found(**options: Any) -> list[str]:
        result = host.do("ca_info", **options)
        assert result["matching"] == len(result["certificates"])
        return serials(result)

    assert found(host="web1") == [early, mail, late]
    assert found(host="web1", name="mail") == [mail]
    assert found(serial=early.upper()) == [early]
    assert found(expiring_within=5) == [early, mail]
    assert found(expiring_within=6, revoked=False) == [early, mail]
    assert found(expiring_within=6, newest=True) == [mail]
    assert found(revoked=True) == [other]


def test_a_list_that_is_cut_says_so(host: CaHost) -> None:
    issue(host, "web1", "web2")
    result = look(host, certificates=True, limit=1)
    assert (len(result["certificates"]), result["matching"]) == (1, 2)
    assert host.warnings(result) == ["1 of 2 certificates are listed: ask for fewer, or raise limit."]
    assert result["faults"] == []
    result = look(host, certificates=True, limit=0)
    assert (result["certificates"], result["matching"], host.warnings(result)) == ([], 2, [])


def test_the_certificate_in_pem_on_demand(host: CaHost) -> None:
    issued = host.issue(host.request("web1"))["certificates"]["web1"]["default"]
    (row,) = look(host, host="web1", include_pem=True)["certificates"]
    members = ("certificate", "serial", "not_before", "not_after", "fingerprint")
    assert {member: row[member] for member in members} == {member: issued[member] for member in members}


def test_one_key_for_two_workloads(host: CaHost) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    host.issue(*(host.request("web1", name, key=key, common_name=name) for name in ("a", "b")), host.request("web2"))
    result = look(host)
    (shared,) = result["shared_keys"]
    assert result["counts"]["shared_keys"] == 1
    assert sorted((row["host"], row["name"]) for row in shared["certificates"]) == [("web1", "a"), ("web1", "b")]
    assert {row["public_key_fingerprint"] for row in shared["certificates"]} == {shared["public_key_fingerprint"]}


def test_the_end_of_the_ca_is_told_at_twice_the_lifetime(empty: CaHost) -> None:
    empty.make(validity=50)
    (sentence,) = look(empty)["faults"]
    assert sentence.startswith("The issuing CA ends on ")
    assert "which is less than 2 times the 30 days of a certificate: make the next issuing CA." in sentence
    assert look(empty, validity=24)["faults"] == []


def test_a_crl_that_should_have_been_made_anew_is_told(host: CaHost) -> None:
    (sentence,) = look(host, refresh_before=46)["faults"]
    assert sentence.startswith("The CRL ends on ")


def test_a_ca_without_its_crl(host: CaHost) -> None:
    (host.directory / "issuing/crl.pem").unlink()
    result = look(host)
    assert result["crl"] is None
    assert result["faults"] == [
        f"There is no CRL {host.directory / 'issuing/crl.pem'}: make one with ca_crl and publish it.",
    ]


def test_a_restored_ledger_is_found_out_and_the_crl_carries_on(host: CaHost, tmp_path: Path) -> None:
    (number,) = issue(host, "web1")
    path, backup = host.directory / "ledger.sqlite", tmp_path / "backup"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    host.do("ca_revoke", host="web1")
    host.do("ca_crl")
    path.write_bytes(backup.read_bytes())
    result = look(host)
    assert result["crl"]["unknown"] == [number]
    (sentence,) = result["faults"]
    assert sentence.startswith("1 certificate is on the CRL but not revoked in the ledger (crl.unknown): was the")
    assert host.do("ca_crl")["carried_on"] == [number]


def test_a_ca_of_another_user_stays_that_users(host: CaHost) -> None:
    issue(host, "web1")
    for path in (host.directory, *host.directory.rglob("*")):
        os.chown(path, OTHER, -1)
    result = look(host, host="web1")
    assert (result["matching"], result["faults"]) == (1, [])
    shutil.chown(host.directory / "issuing/crl.pem", os.geteuid())
    sentences = [] if os.geteuid() == OTHER else [f"The folder of the CA belongs to the user {OTHER}, but not "]
    assert [
        sentence[: len(start)] for sentence, start in zip(look(host)["faults"], sentences, strict=True)
    ] == sentences


def test_a_run_that_goes_on_is_neither_waited_for_nor_seen(host: CaHost) -> None:
    issue(host, "web1")
    with closing(sqlite3.connect(host.directory / "ledger.sqlite", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE certificates SET revoked_at = '2026-11-20T10:00:00Z'")
        assert host.do("ca_info")["counts"]["revoked"] == 0
        writer.execute("COMMIT")
        assert host.do("ca_info")["counts"]["revoked"] == 1


def test_files_open_to_others_are_told_until_ca_closes_them(host: CaHost) -> None:
    (host.directory / "ledger.sqlite").chmod(0o644)
    (sentence,) = look(host)["faults"]
    assert f"have a right on {host.directory / 'ledger.sqlite'}: take it away, as the module ca does." in sentence
    host.make()
    assert look(host)["faults"] == []


def test_a_lost_ledger_is_one_sentence(host: CaHost) -> None:
    (host.directory / "ledger.sqlite").unlink()
    before = state(host.directory)
    assert "has lost its ledger: restore ledger.sqlite from a backup" in host.fail("ca_info")
    assert state(host.directory) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"expiring_within": 0}, "expiring_within is 0 days: give 1 to 36500."),
        ({"validity": 0}, "validity is 0 days: give 1 to 36500."),
        ({"refresh_before": 0}, "refresh_before is 0 days: give 1 to 36500."),
        ({"limit": -1}, "limit is -1: give 0 or more."),
    ],
)
def test_numbers_out_of_range(host: CaHost, options: dict[str, int], sentence: str) -> None:
    assert host.fail("ca_info", **options) == sentence


def test_the_examples_run_as_they_stand(host: CaHost, tmp_path: Path) -> None:
    issue(host, "web1", validity=5)
    issue(host, "web2")
    examples = read_docstring(str(MODULE))["plainexamples"].replace("/srv/rolesanywhere/ca", str(host.directory))
    tasks = [task for task in yaml.safe_load(examples) if "ansible.builtin.command" not in task]
    ran = play([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], tmp_path, *THIS_MACHINE)
    assert ran.status == 0, ran.text
    (named,) = (task for task in ran.tasks if task["task"]["name"] == "Name them")
    (line,) = named["hosts"]["localhost"]["results"]
    assert line["msg"].startswith("web1, default: 20")

    host.do("ca_revoke", host="web1")
    ran = play([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], tmp_path, *THIS_MACHINE)
    (sentence,) = ran.failures().values()
    assert sentence.startswith("1 certificate is revoked in the ledger but not on the CRL (crl.missing)")


def test_what_was_seen_and_is_not_known_is_named(host: CaHost) -> None:
    known = host.issue(host.request("web1"))["certificates"]["web1"]["default"]["serial"]
    result = host.do("ca_info", seen_serials=[known.upper(), f"00{known}", "4BAD"])
    assert result["unknown_serials"] == ["4bad"]
    assert host.do("ca_info")["unknown_serials"] == []
