# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module workload_info: one look tells all, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Authority
from .machine import Machine
from .test_credential_process import TARGET

Issued = Callable[[], str]


@pytest.fixture
def wanted(machine: Machine) -> dict[str, Any]:
    """Return what the machine should have."""
    return {
        "common_name": "web1",
        "key_type": "ECDSA-P256",
        "helper": {"path": str(machine.root / "helper")},
        "profiles": [{"path": str(machine.root / "config"), "directory": str(machine.directory), **TARGET}],
    }


def test_four_steps_on_a_bare_machine(machine: Machine, wanted: dict[str, Any]) -> None:
    for step in machine.four_steps("workload_info", **wanted):
        assert step["changed"] is False
        assert step["any_due"] is True
        assert step["certificate"] is None
        assert step["due"] == {
            "certificate": "no certificate yet",
            "helper": "no helper yet",
            "credential_process": f"profile default in {machine.root}/config: no section yet",
        }
        assert step["reasons"][0] == "certificate: no certificate yet"
    assert not machine.directory.exists()


def test_a_finished_machine_has_nothing_due(machine: Machine, wanted: dict[str, Any], issued: Issued) -> None:
    machine.module("certificate_install", certificate=issued(), prove=False)
    machine.module("portable_helper", path=wanted["helper"]["path"])
    machine.module("credential_process", profiles=wanted["profiles"])
    for look in machine.four_steps("workload_info", **wanted):
        assert look["reasons"] == []
        assert look["any_due"] is False
        assert look["due"] == {"certificate": None, "helper": None, "credential_process": None}
        assert look["certificate"]["common_name"] == "web1"
    key = (machine.workload / "current" / "private-key.pem").read_text().splitlines()[1]
    assert key not in str(look)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"force": True}, "forced"),
        ({"common_name": "web2"}, "common name changed from web1 to web2"),
        ({"dns_names": ["web1"]}, "DNS names changed from none to web1"),
        ({"uris": ["spiffe://example.org/web"]}, "URIs changed from none to spiffe://example.org/web"),
        ({"issuers": ["CN=Issuing CA G2"]}, "issuer changed from CN=Issuing CA to CN=Issuing CA G2"),
        ({"issuers": ["00" * 20]}, "issuer changed from CN=Issuing CA to the key 0000"),
        ({"renew_when_left": 0, "renew_when_days_left": 40}, "30.0 days of its lifetime are left"),
        ({"key_type": "RSA-3072"}, "key type changed from ECDSA-P256 to RSA-3072"),
        ({"now": "2099-01-01T00:00:00Z"}, "expired on "),
        ({"renew_when_left": 1}, "100 % of its lifetime is left"),
        ({"group": "no-such-group"}, "There is no group 'no-such-group' here"),
    ],
)
def test_what_is_wanted_otherwise_is_due(
    machine: Machine, issued: Issued, options: dict[str, Any], reason: str
) -> None:
    machine.module("certificate_install", certificate=issued(), prove=False)
    assert machine.module("workload_info", **options)["due"]["certificate"].startswith(reason)


def test_the_next_ca_of_the_same_name_is_another_issuer(machine: Machine, authority: Authority, issued: Issued) -> None:
    machine.module("certificate_install", certificate=issued(), prove=False)
    same_name = Authority().pem
    look = machine.module("workload_info", issuers=[authority.pem])
    assert look["due"]["certificate"] is None
    look = machine.module("workload_info", issuers=[same_name])
    assert look["due"]["certificate"] == "issuer CN=Issuing CA has another key now"
    look = machine.module("workload_info", issuers=[same_name + authority.pem])
    assert look["due"]["certificate"] is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"now": "yesterday"}, "now is 'yesterday', but must look like"),
        ({"now": "2026-11-20T10:00:00"}, "now is "),
        ({"renew_when_left": 33}, "renew_when_left is 33, but must be a share of the lifetime, 0 to 1."),
        ({"renew_when_left": "nan"}, "renew_when_left is nan"),
        ({"renew_when_days_left": -1}, "renew_when_days_left is -1, but must be a number of days, 0 or more."),
        ({"issuers": ["Issuing CA"]}, "issuers holds 'Issuing CA', but each must be a certificate"),
        ({"name": ".."}, "name is '..'"),
        (
            {"profiles": [{"path": "/x", **TARGET, "role_arn": "web"}]},
            "role_arn is 'web', but must look like",
        ),
        ({"helper": {"interpreter": "/usr/bin/python 3"}}, "interpreter"),
    ],
)
def test_bad_values_end_in_one_sentence(machine: Machine, options: dict[str, Any], told: str) -> None:
    answer = machine.module("workload_info", **options)
    assert answer["failed"] is True
    assert told in answer["msg"]
    assert "exception" not in answer
