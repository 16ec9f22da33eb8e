# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ca_issue."""

from __future__ import annotations

import os
import resource
import sqlite3

import pytest
from cryptography import x509

from .ca_host import CaHost


def rows(host: CaHost, columns: str) -> list[tuple[str, ...]]:
    """Read the ledger without the collection's own code."""
    connection = sqlite3.connect(host.directory / "ledger.sqlite")
    found = connection.execute(f"SELECT {columns} FROM certificates ORDER BY host, name").fetchall()
    connection.close()
    return found


def test_four_steps(host: CaHost) -> None:
    requests = [
        host.request("web1", organizational_units=["web"], dns_names=["web1.example.com"]),
        host.request("web1", "other", common_name="web1-other", uris=["spiffe://example.com/web1"]),
        host.request("web2", organization="Example"),
    ]
    steps = host.four_steps("ca_issue", nonce=host.nonce, requests=requests)
    assert [(step["issued"], step["reused"], step["refused"]) for step in steps] == [
        (3, 0, 0),
        (3, 0, 0),
        (0, 3, 0),
        (0, 3, 0),
    ]
    foretold, done, _checked, again = (step["certificates"] for step in steps)
    assert foretold == {
        "web1": {"default": {"reused": False}, "other": {"reused": False}},
        "web2": {"default": {"reused": False}},
    }
    first = done["web1"]["default"]
    assert again["web1"]["default"] == {**first, "reused": True}
    certificate = x509.load_pem_x509_certificate(first["certificate"].encode())
    assert certificate.subject.rfc4514_string() == "CN=web1,OU=web"
    assert first["serial"] == f"{certificate.serial_number:032x}"
    assert first["reused"] is False
    assert steps[1]["chain"] == ""
    assert "requests" not in steps[1]["invocation"]["module_args"]
    assert rows(host, "host, name, serial, pem") == [
        (host_name, name, result["serial"], result["certificate"])
        for host_name, results in done.items()
        for name, result in results.items()
    ]


def test_a_refused_request_fails_only_its_host(host: CaHost) -> None:
    one, two = host.request("web1"), host.request("web2")
    swapped = [{**one, "csr": two["csr"]}, {**two, "csr": one["csr"]}, host.request("web3", common_name="a,b")]
    result = host.issue(*swapped, host.request("web4"))
    assert (result["issued"], result["refused"]) == (1, 3)
    certificates = result["certificates"]
    assert "not made for this host" in certificates["web1"]["default"]["refused"]
    assert "'a,b' has characters that STS refuses" in certificates["web3"]["default"]["refused"]
    assert "certificate" in certificates["web4"]["default"]


def test_yesterdays_request_is_refused(host: CaHost) -> None:
    result = host.do("ca_issue", nonce="another run", requests=[host.request("web1")])
    assert (result["changed"], result["refused"]) == (False, 1)


def test_no_certificate_outlives_the_ca(empty: CaHost) -> None:
    end = empty.make(validity=10)["not_after"]
    result = empty.issue(empty.request("web1"))
    assert result["certificates"]["web1"]["default"]["not_after"] == end
    (warning,) = empty.warnings(result)
    assert warning.startswith(f"The certificates end with their CA on {end} instead of 20")


def test_a_validity_of_no_days_is_one_sentence(host: CaHost) -> None:
    message = host.fail("ca_issue", nonce="n", requests=[host.request("web1")], validity=-1)
    assert message == "validity is -1 days: give 1 to 36500."


def test_slices_in_parallel_share_one_ledger(host: CaHost) -> None:
    slices = [[host.request(f"{part}{number}") for number in range(100)] for part in ("a", "b", "c")]
    shared = [host.request(part, common_name="Shared") for part in ("a", "b", "c")]
    runs = [
        host.start("ca_issue", nonce=host.nonce, requests=[*requests, own])
        for requests, own in zip(slices, shared, strict=True)
    ]
    results = [host.finish(run) for run in runs]
    assert sum(result["issued"] for result in results) == 301
    assert sum(result["refused"] for result in results) == 2
    answered = {
        answer["serial"]
        for result in results
        for by_name in result["certificates"].values()
        for answer in by_name.values()
        if "serial" in answer
    }
    assert len(answered) == 301
    assert {serial for (serial,) in rows(host, "serial")} == answered


def test_a_killed_run_leaves_a_ledger_that_opens(host: CaHost) -> None:
    requests = [host.request(f"web{number}") for number in range(300)]
    wal = host.directory / "ledger.sqlite-wal"
    run = host.start("ca_issue", nonce=host.nonce, requests=requests)
    while run.poll() is None and not wal.exists():
        pass
    run.kill()
    run.communicate()
    count = len(rows(host, "serial"))
    assert count in (0, 300)
    again = host.issue(*requests)
    assert (again["issued"], again["reused"]) == (300 - count, count)


def test_a_file_that_cannot_grow_issues_nothing(host: CaHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of the size of files stands for a full disk."""
    size = (host.directory / "ledger.sqlite").stat().st_size
    run = host.start("ca_issue", nonce=host.nonce, requests=[host.request(f"w{number}") for number in range(200)])
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (size, size))
    result = host.finish(run)
    assert result["failed"]
    message = result["msg"]
    assert message.startswith(f"The ledger {host.directory / 'ledger.sqlite'} cannot be written (")
    assert message.endswith("make room if the disk is full and run again, nothing was issued or changed.")
    assert rows(host, "serial") == []
    assert host.issue(host.request("web1"))["issued"] == 1


def test_an_unreadable_key_is_one_sentence(host: CaHost) -> None:
    key = host.directory / "issuing" / "private-key.pem"
    key.write_text("rubbish")
    assert host.fail("ca_issue", nonce="n", requests=[]) == f"The private key {key} is damaged."


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_nothing_is_written_for_others_whatever_the_umask(empty: CaHost, umask: int) -> None:
    before = os.umask(umask)
    try:
        empty.make()
        empty.issue(empty.request("web1"))
        empty.do("ca_revoke", host="web1")
        empty.do("ca_crl")
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in empty.directory.rglob("*")}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in modes}
