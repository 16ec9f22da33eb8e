# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""From issue to use: what the ledger calls due before and after it learns what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring

from tests.integration.ansible_playbook import THIS_MACHINE, play

from .ca_host import CaHost

MODULE = Path(__file__).resolve().parents[3] / "plugins/modules/ca_confirm.py"


def issue(host: CaHost, *names: str, **options: Any) -> list[str]:
    """Issue a certificate to each host and return the serial numbers."""
    answer = host.issue(*(host.request(name) for name in names), **options)["certificates"]
    return [answer[name]["default"]["serial"] for name in names]


def due(host: CaHost, **question: Any) -> list[str]:
    """Return the hosts that are due."""
    hosts: list[str] = host.do("ca_info", renewal=question)["renewal"]["hosts"]
    return hosts


def test_check_do_check_do(host: CaHost) -> None:
    serials = issue(host, "web1", "web2")
    assert due(host) == ["web1", "web2"]
    given = {name: {"default": serial.upper()} for name, serial in zip(("web1", "web2"), serials, strict=True)}
    steps = host.four_steps("ca_confirm", serials=given)
    told = [{"host": name, "name": "default", "serial": serial} for name, serial in zip(("web1", "web2"), serials)]
    assert [step["confirmed"] for step in steps] == [told, told, [], []]
    assert steps[0]["diff"]["after"] == {"confirmed": told}
    assert due(host) == []
    (row,) = host.do("ca_info", serial=serials[0])["certificates"]
    assert row["in_use_since"] > row["not_before"]


def test_what_the_ledger_did_not_issue_is_told_and_not_noted(host: CaHost) -> None:
    (serial,) = issue(host, "web1")
    result = host.do("ca_confirm", serials={"web2": {"default": serial}, "web1": {"backup": "AA"}})
    assert (result["changed"], result["confirmed"]) == (False, [])
    assert result["unknown"] == [
        {"host": "web2", "name": "default", "serial": serial},
        {"host": "web1", "name": "backup", "serial": "aa"},
    ]
    assert due(host) == ["web1"]


def test_nothing_to_confirm_and_no_ca(host: CaHost, tmp_path: Path) -> None:
    assert host.do("ca_confirm", serials={})["changed"] is False
    assert "There is no CA in" in CaHost(tmp_path / "nothing").fail("ca_confirm", serials={})


@pytest.mark.parametrize("serials", [{"web1": "aa"}, {"web1": {"default": None}}, {"web1": {"default": ["aa"]}}])
def test_what_is_no_serial_number_is_one_sentence(host: CaHost, serials: dict[str, Any]) -> None:
    sentence = f"serials of web1 is {serials['web1']!r}: give a serial number, as text, for each workload."
    assert host.fail("ca_confirm", serials=serials) == sentence


def test_what_is_due_and_what_is_held(host: CaHost) -> None:
    serials = dict(zip(("web1", "web2", "web3"), issue(host, "web1", "web2", "web3")))
    host.do("ca_confirm", serials={name: {"default": serial} for name, serial in serials.items()})
    host.do("ca_revoke", host="web2")
    host.do("ca_revoke", serial=serials["web3"])
    renewal = host.do("ca_info", renewal={"hosts": ["web4", "web3", "web2", "web1"]})["renewal"]
    assert renewal["hosts"] == ["web4"]
    assert renewal["due"] == [
        {"host": "web4", "name": None, "serial": None, "not_after": None, "reason": "no certificate yet"}
    ]
    assert [(found["host"], found["name"]) for found in renewal["held"]] == [("web3", "default"), ("web2", None)]
    assert renewal["held"][0]["reason"].startswith(f"certificate {serials['web3']} was revoked on 20")

    renewal = host.do("ca_info", renewal={"hosts": ["web1"], "renew_when_left": 1})["renewal"]
    (found,) = renewal["due"]
    assert (found["serial"], found["reason"]) == (serials["web1"], "100 % of its lifetime is left")
    assert due(host, hosts=["web1"], renew_when_days_left=31) == ["web1"]
    assert due(host, hosts=["web1"], renew_when_left=0.9) == []
    assert "renewal" not in host.do("ca_info")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"renew_when_left": 33}, "renew_when_left is 33, but must be a share of the lifetime, 0 to 1."),
        ({"renew_jitter": -1}, "renew_jitter is -1, but must be a share of the lifetime, 0 to 1."),
        ({"renew_when_days_left": -1}, "renew_when_days_left is -1, but must be a number of days, 0 or more."),
    ],
)
def test_numbers_out_of_range(host: CaHost, question: dict[str, float], sentence: str) -> None:
    assert host.fail("ca_info", renewal=question) == sentence


def test_the_example_runs_as_it_stands(host: CaHost, tmp_path: Path) -> None:
    examples = read_docstring(str(MODULE))["plainexamples"].replace("/srv/rolesanywhere/ca", str(host.directory))
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(examples)}]
    ran = play(plays, tmp_path, *THIS_MACHINE)
    assert ran.status == 0, ran.text
    assert [unknown["host"] for unknown in ran.results[0]["unknown"]] == ["web1"]
