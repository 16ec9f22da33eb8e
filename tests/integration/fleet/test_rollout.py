# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roll-out over a fleet in which not everything is well."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.ansible_playbook import play

from .fleet import ROOT, Fleet

MakeFleet = Callable[[int], Fleet]
OURS = {f"fleet.rolesanywhere.{name}" for name in ("workload_info", "certificate_request", "certificate_install")}
INSTALL = "Stage the pair, prove it with CreateSession, switch to it"


def files_below(path: Path) -> set[Path]:
    """Return every file below a folder."""
    return {file for file in path.rglob("*") if not file.is_dir()}


def test_forty_hosts_of_which_three_are_broken(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(40)
    fleet.host_variables["web02"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    fleet.host_variables["web03"] = {"workload_directory": "{{ fleet_directory }}/hosts/web03/file"}
    fleet.host_variables["web04"] = {"workload_common_name": "web04, Inc."}
    (fleet.root("web03") / "file").write_text("in the way")
    broken = {"web02", "web03", "web04"}
    healthy = set(fleet.hosts) - broken
    before = files_below(fleet.directory / "hosts")

    check = fleet.play("rollout", "--check", "--diff", "--forks=40")
    assert files_below(fleet.directory / "hosts") == before
    assert {host for host in healthy if check.stats[host]["changed"] == 0} == set()

    first = fleet.play("rollout", "--forks=40")
    failures = first.failures()
    assert set(failures) == broken
    assert "web04, Inc." in failures["web04"]
    assert str(fleet.root("web03") / "file") in failures["web03"]
    assert len({fleet.serial(host) for host in healthy}) == len(healthy)

    second = fleet.play("rollout", "--forks=5")
    assert set(second.failures()) == broken
    assert {host: second.stats[host]["changed"] for host in healthy} == dict.fromkeys(healthy, 0)
    assert {second.executions(host, OURS) for host in healthy} == {1}


def test_a_limit_reaches_one_host_and_still_finds_the_ca(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(3)
    run = fleet.play("rollout", "--limit=web02")
    assert run.status == 0, run.text
    assert [host for host in fleet.hosts if fleet.current(host).exists()] == ["web02"]


@pytest.mark.parametrize(
    ("waves", "sizes"),
    [
        ('{"rolesanywhere_waves": [1, "50%", 100]}', [1, 2, 1]),
        ('rolesanywhere_waves=[1,"50%",100]', [1, 2, 1]),
        ("rolesanywhere_waves=3", [3, 1]),
    ],
)
def test_waves(make_fleet: MakeFleet, waves: str, sizes: list[int]) -> None:
    fleet = make_fleet(4)
    run = fleet.play("rollout", "-e", waves)
    assert run.status == 0, run.text
    assert len({fleet.serial(host) for host in fleet.hosts}) == 4
    assert [len(task["hosts"]) for task in run.tasks if task["task"]["name"].endswith(INSTALL)] == sizes


@pytest.mark.parametrize("playbook", ["rollout", "rotate"])
def test_hosts_that_are_mistyped_are_one_sentence(tmp_path: Path, playbook: str) -> None:
    for arguments, pattern in (
        (["-i", "web01,"], "rolesanywhere_fleet"),
        (["-i", "/dev/null"], "rolesanywhere_fleet"),
        (["-i", "web01,web02", "-e", "rolesanywhere_hosts=wbe01"], "wbe01"),
        (["-i", "web01,web02", "-e", "rolesanywhere_hosts=wbe01", "--limit=web02"], "wbe01"),
    ):
        run = play(ROOT / f"playbooks/{playbook}.yml", tmp_path, *arguments)
        assert run.status != 0, arguments
        assert len(run.tasks) == 1
        (sentence,) = run.failures().values()
        assert sentence.startswith(f"No host of the inventory matches {pattern};")


@pytest.mark.parametrize("hosts", ["web01,web03", "rolesanywhere_fleet:!web02"])
def test_hosts_are_named_as_a_pattern_and_a_limit_may_leave_none_of_them(make_fleet: MakeFleet, hosts: str) -> None:
    fleet = make_fleet(3)
    for arguments, rolled_out in (
        (["--limit=ca1"], []),
        (["--limit=web02"], []),
        (["--limit=web01"], ["web01"]),
        ([], ["web01", "web03"]),
    ):
        run = fleet.play("rollout", "-e", f"rolesanywhere_hosts={hosts}", *arguments)
        assert run.status == 0, run.text
        assert [host for host in fleet.hosts if fleet.current(host).exists()] == rolled_out


def test_a_refused_host_in_the_first_wave_does_not_stop_the_others(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(3)
    fleet.host_variables["web01"] = {"workload_common_name": "web01, Inc."}
    run = fleet.play("rollout", "--limit=rolesanywhere_fleet", "-e", '{"rolesanywhere_waves": [1, 1]}')
    assert set(run.failures()) == {"web01"}, run.text
    assert [host for host in fleet.hosts if fleet.current(host).exists()] == ["web02", "web03"]


def test_two_playbooks_in_one_run_look_at_their_own_hosts(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    rotation = {"rolesanywhere_hosts": "web02", "rotate_force": True}
    plays = [
        {"name": "All", "ansible.builtin.import_playbook": "fleet.rolesanywhere.rollout"},
        {"name": "One", "ansible.builtin.import_playbook": "fleet.rolesanywhere.rotate", "vars": rotation},
    ]
    run = fleet.play(plays)
    assert run.status == 0, run.text
    versions = {host: len(list(fleet.current(host).with_name("versions").iterdir())) for host in fleet.hosts}
    assert versions == {"web01": 1, "web02": 2}


def test_two_slices_at_once_share_one_ca(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(8)
    slices = ["web01:web02:web03:web04", "web05:web06:web07:web08:rolesanywhere_ca"]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda limit: fleet.play("rollout", f"--limit={limit}"), slices))
    assert [run.status for run in runs] == [0, 0], runs[0].text + runs[1].text
    serials = {fleet.serial(host) for host in fleet.hosts}
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        assert serials == {serial for (serial,) in ledger.execute("SELECT serial FROM certificates")}
    assert len(serials) == 8


def test_the_role_twice_in_one_play(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    roles = [
        {"role": "fleet.rolesanywhere.workload", "workload_name": name, "workload_aws_profile": name}
        | {"workload_common_name": f"{{{{ inventory_hostname }}}}-{name}"}
        for name in ("shop", "backup")
    ]
    plays = [{"hosts": "rolesanywhere_fleet", "gather_facts": False, "roles": roles}]
    first = fleet.play(plays)
    assert first.status == 0, first.text
    assert len({fleet.serial(host, name) for host in fleet.hosts for name in ("shop", "backup")}) == 4
    config = (fleet.root("web01") / "home/.aws/config").read_text()
    assert "[profile shop]" in config
    assert "[profile backup]" in config
    second = fleet.play(plays)
    assert {second.stats[host]["changed"] for host in fleet.hosts} == {0}


@pytest.mark.parametrize(
    ("lies", "arguments"),
    [
        ({"workload_common_name": "admin", "ca_directory": "/nowhere", "lookup": "none"}, []),
        ({"workload_organizational_units": ["admin"], "ansible_facts": {}, "groups": {}, "hostvars": {}}, []),
        ({"inventory_hostname": "web02"}, []),
        ({"__workload_ca_host": "web01", "__workload_order": "x", "lookup": "none"}, ["--limit=rolesanywhere_fleet"]),
    ],
)
def test_a_host_that_lies_gets_nothing(make_fleet: MakeFleet, lies: dict[str, object], arguments: list[str]) -> None:
    """A module's facts override the inventory: here every module on web01 returns some."""
    fleet = make_fleet(2)
    evil = fleet.directory / "evil-python"
    evil.write_text(
        f"#!{sys.executable}\n"
        "import json, subprocess, sys\n"
        "done = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, text=True)\n"
        "try:\n"
        f"    print(json.dumps({{**json.loads(done.stdout), 'ansible_facts': {lies!r}}}))\n"
        "except ValueError:\n"
        "    print(done.stdout)\n"
    )
    evil.chmod(0o755)
    fleet.host_variables["web01"] = {"ansible_python_interpreter": str(evil)}
    run = fleet.play("rollout", *arguments)
    assert set(run.failures()) == {"web01"}, run.text
    assert "returned facts that would override the inventory" in run.failures()["web01"]
    assert fleet.current("web02").exists()
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        assert ledger.execute("SELECT host, common_name FROM certificates").fetchall() == [("web02", "web02")]


def test_a_ca_that_is_down_fails_only_those_that_need_it(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(2)
    assert fleet.play("rollout", "--limit=web01").status == 0
    fleet.variables |= {"ca_directory": str(fleet.directory / "nothing-here")}
    run = fleet.play("rollout")
    assert set(run.failures()) - {"ca1"} == {"web02"}
    assert "nothing-here" in run.failures()["web02"]
    assert not (fleet.directory / "nothing-here").exists()


def test_a_certificate_of_a_ca_that_is_not_accepted_any_more_is_due(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(1)
    certificate = (fleet.root("ca1") / "ca/issuing/certificate.pem").read_text()
    fleet.variables["rolesanywhere_ca_certificate"] = certificate
    for changed in (True, False):
        run = fleet.play("rollout")
        assert run.status == 0, run.text
        assert (run.stats["web01"]["changed"] > 0) == changed
    fleet.variables["workload_issuers"] = ["CN=Fleet Issuing CA G2"]
    check = fleet.play("rollout", "--check")
    assert "certificate: issuer changed from CN=Fleet Issuing CA G1 to CN=Fleet Issuing CA G2" in check.text
