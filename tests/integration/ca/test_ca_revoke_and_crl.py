# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules ca_revoke and ca_crl."""

from __future__ import annotations

import pytest
from cryptography import x509

from .ca_host import CaHost


def serial(host: CaHost, name: str) -> str:
    """Issue a certificate to a host and return its serial number."""
    answer: str = host.issue(host.request(name))["certificates"][name]["default"]["serial"]
    return answer


def revoked(crl: str) -> list[str]:
    """Read the serial numbers of a CRL."""
    return sorted(f"{entry.serial_number:032x}" for entry in x509.load_pem_x509_crl(crl.encode()))


def test_revoking_in_four_steps(host: CaHost) -> None:
    number = serial(host, "web1")
    foretold, done, _checked, again = host.four_steps("ca_revoke", host="web1", reason="key_compromise")
    assert foretold["revoked"] == done["revoked"] == done["serials"] == again["serials"] == [number]
    assert again["revoked"] == []
    assert foretold["diff"] == done["diff"]
    assert done["diff"]["before"] == {"blocked": False, "revoked": []}
    assert again["diff"]["before"] == again["diff"]["after"] == {"blocked": True, "revoked": [number]}
    assert (again["blocked"], again["blocked_since"]) == (True, done["blocked_since"])
    assert "@" in done["blocked_by"]


def test_unblocking_in_four_steps(host: CaHost) -> None:
    number = serial(host, "web1")
    host.do("ca_revoke", host="web1")
    _foretold, done, _checked, _again = host.four_steps("ca_revoke", host="web1", state="unblocked")
    assert (done["blocked"], done["blocked_since"], done["blocked_by"]) == (False, None, None)
    assert done["serials"] == [number]
    assert host.issue(host.request("web1"))["issued"] == 1


def test_a_crl_in_four_steps(host: CaHost) -> None:
    number = serial(host, "web1")
    host.do("ca_revoke", host="web1", reason="superseded")
    foretold, done, _checked, again = host.four_steps("ca_crl")
    assert (foretold["crl"], foretold["number"], foretold["entries"]) == (None, None, 1)
    assert foretold["diff"] == done["diff"] == {"before": {"revoked": []}, "after": {"revoked": [number]}}
    assert revoked(done["crl"]) == [number]
    assert (done["number"], done["entries"], done["bytes"]) == (2, 1, len(done["crl"]))
    assert (host.directory / "issuing/crl.pem").read_text() == done["crl"]
    members = ("crl", "path", "number", "this_update", "next_update", "entries", "bytes")
    assert {member: again[member] for member in members} == {member: done[member] for member in members}


def test_the_first_crl_is_good_as_it_is(host: CaHost) -> None:
    result = host.do("ca_crl")
    assert (result["changed"], result["number"], result["entries"]) == (False, 1, 0)
    assert result["crl"] == (host.directory / "issuing/crl.pem").read_text()


def test_by_serial_number_in_any_case(host: CaHost) -> None:
    number = serial(host, "web1")
    result = host.do("ca_revoke", serial=number.upper())
    assert (result["revoked"], result["blocked"]) == ([number], False)


def test_a_host_that_nobody_knows_is_blocked_only_on_demand(host: CaHost) -> None:
    assert "The ledger knows no certificate of wbe1: is this" in host.fail("ca_revoke", host="wbe1")
    result = host.do("ca_revoke", host="wbe1", unknown=True)
    assert (result["changed"], result["blocked"]) == (True, True)
    assert host.warnings(result) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "one of the following is required: host, serial"),
        ({"host": "web1", "serial": "4001"}, "mutually exclusive: host|serial"),
        ({"serial": "4001", "state": "unblocked"}, "state is unblocked but all of the following are missing: host"),
        ({"serial": "4001"}, "The ledger knows no certificate with the serial number 4001: look it up again."),
    ],
)
def test_what_cannot_be_revoked(host: CaHost, options: dict[str, str], sentence: str) -> None:
    assert sentence in host.fail("ca_revoke", **options)


def test_two_revocations_at_once_are_both_in_the_last_crl(host: CaHost) -> None:
    numbers = sorted(serial(host, name) for name in ("web1", "web2"))
    runs = [host.start("ca_revoke", host=name) for name in ("web1", "web2")]
    assert all(host.finish(run)["changed"] for run in runs)
    crls = [host.finish(run) for run in [host.start("ca_crl") for _ in range(2)]]
    assert sorted(crl["changed"] for crl in crls) == [False, True]
    assert [revoked(crl["crl"]) for crl in crls] == [numbers, numbers]


def test_the_module_holds_the_lease_until_it_is_told_that_the_crl_stands(host: CaHost) -> None:
    host.do("ca_crl", publisher="first")
    waiting = host.start("ca_crl", publisher="second")
    host.do("ca_crl", publisher="third", check_mode=True)
    assert waiting.poll() is None
    host.do("ca_crl", publisher="first", state="published", check_mode=True)
    assert waiting.poll() is None
    host.do("ca_crl", publisher="first", state="published")
    assert host.finish(waiting)["number"] == 1
    assert "missing: publisher" in host.fail("ca_crl", state="published")
