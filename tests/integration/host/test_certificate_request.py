# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module certificate_request."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from .machine import Machine

BINDING = "0123456789abcdef" * 4


def test_four_steps(machine: Machine) -> None:
    steps = machine.four_steps("certificate_request", binding=BINDING, key_type="ECDSA-P384")
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert steps[0]["csr"] == steps[0]["public_key_fingerprint"] == ""
    assert len({step["public_key_fingerprint"] for step in steps[1:]}) == 1
    assert all(x509.load_pem_x509_csr(step["csr"].encode()).is_signature_valid for step in steps[1:])


@pytest.mark.parametrize("directory", ["", "versions"])
def test_four_steps_on_a_directory_with_another_mode(machine: Machine, directory: str) -> None:
    request = machine.module("certificate_request", binding=BINDING)
    path = machine.workload / directory
    path.chmod(0o755)
    steps = machine.four_steps("certificate_request", binding=BINDING)
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert {step["public_key_fingerprint"] for step in steps} == {request["public_key_fingerprint"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_check_mode_leaves_a_directory_as_it_is(machine: Machine) -> None:
    machine.module("certificate_request", binding=BINDING)
    machine.workload.chmod(0o755)
    assert machine.module("certificate_request", check_mode=True, binding=BINDING)["changed"] is True
    assert stat.S_IMODE(machine.workload.stat().st_mode) == 0o755


def test_no_answer_holds_the_key(machine: Machine) -> None:
    answer = machine.module("certificate_request", binding=BINDING)
    key = (machine.workload / "pending" / "private-key.pem").read_text().splitlines()[1]
    assert key not in str(answer)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"binding": "short"}, "64 lower-case hex digits"),
        ({"binding": BINDING, "name": "../web"}, "name is '../web'"),
        ({"binding": BINDING, "directory": "/etc/a b"}, "directory is '/etc/a b'"),
        ({"binding": BINDING, "group": "no-such-group"}, "There is no group 'no-such-group' here"),
        ({"binding": BINDING, "key_type": "Ed25519"}, "value of key_type must be one of"),
    ],
)
def test_bad_values_end_in_one_sentence(machine: Machine, options: dict[str, str], told: str) -> None:
    answer = machine.module("certificate_request", **options)
    assert answer["failed"] is True
    assert told in answer["msg"]
    assert "exception" not in answer


def test_a_directory_that_others_may_write_is_refused(machine: Machine) -> None:
    machine.directory.mkdir(parents=True)
    machine.directory.chmod(0o777)
    answer = machine.module("certificate_request", binding=BINDING)
    assert answer["msg"] == (
        f"{machine.directory} can be written by everybody; take that away (chmod o-w) or choose another place."
    )
    assert list(Path(machine.directory).iterdir()) == []
