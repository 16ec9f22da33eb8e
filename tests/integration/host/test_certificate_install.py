# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module certificate_install, with CreateSession answered by the emulator."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .conftest import Authority
from .machine import Machine

Issued = Callable[[], str]


def test_four_steps(machine: Machine, issued: Issued, target: dict[str, str]) -> None:
    steps = machine.four_steps("certificate_install", certificate=issued(), **target)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert [step["outcome"] for step in steps] == ["unproved", "proved", "unchanged", "unchanged"]
    done = steps[1]
    assert done["diff"] == {
        "before": {"serial": None, "removed_keys": []},
        "after": {"serial": done["serial"], "removed_keys": []},
    }
    assert done["path"] == f"{machine.workload}/current/certificate.pem"
    assert done["session"]["assumed_role_arn"] == f"arn:aws:sts::123456789012:assumed-role/web/{done['serial']}"
    assert set(done["session"]) == {"assumed_role_arn", "expiration"}


@pytest.mark.parametrize("directory", ["", "versions"])
def test_four_steps_on_a_directory_with_another_mode(machine: Machine, issued: Issued, directory: str) -> None:
    options = {"certificate": issued(), "prove": False}
    machine.module("certificate_install", **options)
    path = machine.workload / directory
    path.chmod(0o755)
    assert machine.module("workload_info")["due"]["certificate"].endswith("has the mode 0755, not 0750")
    steps = machine.four_steps("certificate_install", **options)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert {step["outcome"] for step in steps} == {"unchanged"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert machine.module("workload_info")["due"]["certificate"] is None


def test_check_mode_leaves_a_directory_as_it_is(machine: Machine, issued: Issued) -> None:
    options = {"certificate": issued(), "prove": False}
    machine.module("certificate_install", **options)
    machine.workload.chmod(0o755)
    assert machine.module("certificate_install", check_mode=True, **options)["changed"] is True
    assert stat.S_IMODE(machine.workload.stat().st_mode) == 0o755


def test_rotation(machine: Machine, issued: Issued, target: dict[str, str]) -> None:
    first = machine.module("certificate_install", certificate=issued(), **target)
    second = machine.module("certificate_install", certificate=issued(), **target)
    assert second["previous_serial"] == first["serial"] != second["serial"]
    assert (machine.workload / "current").resolve().name == second["serial"]


def test_four_steps_back(machine: Machine, issued: Issued, target: dict[str, str]) -> None:
    first, second = (machine.module("certificate_install", certificate=issued(), **target) for _time in range(2))
    steps = machine.four_steps("certificate_install", state="previous", serial=first["serial"], **target)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert [step["outcome"] for step in steps] == ["unproved", "proved", "unchanged", "unchanged"]
    assert steps[1]["diff"]["before"]["serial"] == second["serial"]
    assert steps[1]["diff"]["after"]["serial"] == first["serial"]
    assert (machine.workload / "current").resolve().name == first["serial"]


def test_there_is_no_way_back_to_what_was_revoked(
    machine: Machine, issued: Issued, target: dict[str, str], authority: Authority, emulator: EmulatorServer
) -> None:
    first, second = (machine.module("certificate_install", certificate=issued(), **target) for _time in range(2))
    client(emulator, "rolesanywhere").import_crl(
        name="fleet",
        enabled=True,
        crlData=authority.crl(int(first["serial"], 16)),
        trustAnchorArn=target["trust_anchor_arn"],
    )
    answer = machine.module("certificate_install", state="previous", **target)
    assert answer["failed"] is True
    assert answer["outcome"] == "refused"
    assert answer["msg"].startswith(f"Certificate {first['serial']} was refused, the one in use stays: ")
    assert "Certificate revoked" in answer["msg"]
    assert (machine.workload / "current").resolve().name == second["serial"]


def test_keys_that_others_may_know_go_at_once(machine: Machine, issued: Issued) -> None:
    first = machine.module("certificate_install", certificate=issued(), prove=False)["serial"]
    steps = machine.four_steps("certificate_install", certificate=issued(), prove=False, compromised=True)
    assert [step["removed_keys"] for step in steps] == [[first], [first], [], []]
    assert steps[0]["diff"] == steps[1]["diff"]
    kept = machine.module("certificate_info")["versions"]
    assert [(version["state"], version["has_private_key"]) for version in kept] == [
        ("current", True),
        ("previous", False),
    ]
    answer = machine.module("certificate_install", state="previous", prove=False)
    assert answer["msg"].startswith(f"Certificate {first} cannot be used again: its private key was removed")


def test_what_aws_refuses_is_discarded(machine: Machine, authority: Authority, target: dict[str, str]) -> None:
    csr = machine.module("certificate_request", binding="0" * 64)["csr"]
    stranger = authority.sign(csr, "intruder")
    answer = machine.module("certificate_install", certificate=stranger, **target)
    assert answer["failed"] is True
    assert answer["outcome"] == "refused"
    assert "Unable to assume role" in answer["msg"]
    assert list((machine.workload / "versions").iterdir()) == []


@pytest.mark.parametrize("fault", ["internal_error", "throttling", "reset"])
def test_what_nobody_can_tell_is_taken_up_again(
    machine: Machine, issued: Issued, target: dict[str, str], emulator: EmulatorServer, fault: str
) -> None:
    certificate = issued()
    emulator.switches.set({"data_plane_faults": [fault] * 3})
    answer = machine.module("certificate_install", certificate=certificate, **target)
    assert answer["outcome"] == "undecided"
    due = machine.module("workload_info")["due"]["certificate"]
    assert due.endswith("is staged and waits for its proof")
    assert machine.module("certificate_request", binding="1" * 64)["changed"] is False
    assert machine.module("certificate_install", certificate=certificate, **target)["outcome"] == "proved"


def test_hold_paces_only_what_asks_aws(machine: Machine, issued: Issued, target: dict[str, str]) -> None:
    certificate, started = issued(), time.monotonic()
    machine.module("certificate_install", certificate=certificate, hold=1, **target)
    asked = time.monotonic()
    machine.module("certificate_install", certificate=certificate, hold=60, **target)
    assert asked - started >= 1
    assert time.monotonic() - asked < 60


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prove": True}, "prove is True but all of the following are missing"),
        (
            {"role_arn": "arn:aws:iam::123456789012:user/web"},
            "role_arn is 'arn:aws:iam::123456789012:user/web', but must",
        ),
        ({"certificate": "none"}, "certificate holds 0 certificates"),
        ({"certificate": ""}, "certificate holds 0 certificates"),
        ({"keep": 0}, "keep is 0"),
        ({"certificate": None}, "state is present but all of the following are missing: certificate"),
        ({"state": "previous", "certificate": None}, "There is no version before the first one in "),
        ({"state": "previous", "certificate": None, "serial": "4b"}, "There is no version 4b in "),
        ({"state": "previous", "certificate": None, "compromised": True}, "compromised goes with a new certificate"),
        ({"serial": "4b"}, "parameters are mutually exclusive: certificate|serial"),
    ],
)
def test_bad_values_end_in_one_sentence(
    machine: Machine, issued: Issued, target: dict[str, str], options: dict[str, object], told: str
) -> None:
    wanted = {**target, "certificate": issued(), **options}
    given = {name: value for name, value in wanted.items() if value is not None}
    if "prove" in options:
        given = {"certificate": given["certificate"], "prove": True}
    answer = machine.module("certificate_install", **given)
    assert answer["failed"] is True
    assert told in answer["msg"]
    assert "exception" not in answer


def test_check_mode_copes_with_what_was_not_made(machine: Machine, target: dict[str, str]) -> None:
    answer = machine.module("certificate_install", check_mode=True, certificate="", **target)
    assert (answer["changed"], answer["serial"]) == (True, "")
    assert not machine.directory.exists()
