# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module certificate_info: all that is kept, the same reason as workload_info's, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.emulator.server import EmulatorServer

from .machine import Machine

Issued = Callable[[], str]


def states(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(version["serial"], version["state"]) for version in answer["versions"]]


def serial(pem: str) -> str:
    return f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:032x}"


def test_four_steps_on_a_bare_machine(machine: Machine) -> None:
    for step in machine.four_steps("certificate_info"):
        assert step["changed"] is False
        assert (step["due"], step["versions"], step["pending"]) == ("no certificate yet", [], None)
    assert not machine.directory.exists()


def test_every_version_is_described(
    machine: Machine, issued: Issued, target: dict[str, str], emulator: EmulatorServer
) -> None:
    certificates = []
    for _time in range(2):
        certificates.append(issued())
        machine.module("certificate_install", certificate=certificates[-1], prove=False)
    waiting = issued()
    emulator.switches.set({"data_plane_faults": ["internal_error"] * 3})
    assert machine.module("certificate_install", certificate=waiting, **target)["outcome"] == "undecided"
    answer = machine.module("certificate_info")
    first, second = map(serial, certificates)
    assert states(answer) == [(second, "current"), (serial(waiting), "staged"), (first, "previous")]
    assert answer["due"] == f"certificate {serial(waiting)} is staged and waits for its proof"
    for version, pem in zip(answer["versions"], [certificates[1], waiting, certificates[0]], strict=True):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        assert version["fingerprint"] == certificate.fingerprint(hashes.SHA256()).hex()
        assert version["not_after"] == f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        assert (version["subject"], version["issuer"]) == ("CN=web1", "CN=Issuing CA")
        assert (version["has_private_key"], version["expired"], version["trouble"]) == (True, False, None)
    assert answer["pending"]["key_type"] == "ECDSA-P256"
    for key in machine.workload.rglob("private-key.pem"):
        assert key.read_text().splitlines()[1] not in str(answer)


@pytest.mark.parametrize(
    "options", [{"common_name": "web2"}, {"now": "2099-01-01T00:00:00Z"}, {"issuers": ["CN=G2"]}, {"force": True}, {}]
)
def test_the_reason_is_that_of_workload_info(machine: Machine, issued: Issued, options: dict[str, Any]) -> None:
    machine.module("certificate_install", certificate=issued(), prove=False)
    answer = machine.module("certificate_info", **options)
    assert answer["due"] == machine.module("workload_info", **options)["due"]["certificate"]
    assert answer["versions"][0]["expired"] is ("now" in options)


def test_what_cannot_be_read_is_told(machine: Machine, issued: Issued) -> None:
    for _time in range(2):
        machine.module("certificate_install", certificate=issued(), prove=False)
    current = (machine.workload / "current").resolve()
    (previous,) = (path for path in current.parent.iterdir() if path != current)
    (current / "certificate.pem").write_text("none")
    (previous / "certificate.pem").unlink()
    (previous / "private-key.pem").unlink()
    machine.module("certificate_request", binding="0" * 64)
    (machine.workload / "pending" / "private-key.pem").write_text("none")
    answer = machine.module("certificate_info")
    assert states(answer) == [(current.name, "current"), (previous.name, "previous")]
    assert "There is no certificate in the file" in answer["versions"][0]["trouble"]
    assert answer["versions"][1]["trouble"] == f"{previous}/certificate.pem is missing."
    assert [version["has_private_key"] for version in answer["versions"]] == [True, False]
    assert "openssl pkey failed" in answer["pending"]["trouble"]


def test_a_workload_that_cannot_be_read_is_no_error(machine: Machine, issued: Issued) -> None:
    machine.module("certificate_install", certificate=issued(), prove=False)
    current = machine.workload / "current"
    current.unlink()
    current.mkdir()
    answer = machine.module("certificate_info")
    assert answer["trouble"] == answer["due"] == f"{current} is not a link to versions/<serial>; move it away."
    assert answer["versions"] == []


@pytest.mark.parametrize(
    ("options", "told"),
    [({"now": "yesterday"}, "now is 'yesterday'"), ({"name": ".."}, "name is '..'"), ({"issuers": ["x"]}, "issuers")],
)
def test_bad_values_end_in_one_sentence(machine: Machine, options: dict[str, Any], told: str) -> None:
    answer = machine.module("certificate_info", **options)
    assert answer["failed"] is True
    assert told in answer["msg"]
    assert "exception" not in answer
