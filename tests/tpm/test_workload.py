# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload whose key the TPM made and keeps: requested, installed, proved, used, and of no use anywhere else."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from collections.abc import Callable

import pytest
from cryptography import x509

from tests.integration.host.conftest import Authority
from tests.integration.host.machine import Machine

from .software_tpm import SoftwareTpm

BINDING = "0123456789abcdef" * 4
# TCG, TPM 2.0 library specification part 2, TPMA_OBJECT.
FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN, SIGN = 1 << 1, 1 << 4, 1 << 5, 1 << 18
ADVICE = "a key in the TPM needs OpenSSL 3 with the provider tpm2 (tpm2-openssl), and a TPM that this user may use"


def request(machine: Machine, key_type: str = "ECDSA-P256") -> str:
    return str(machine.module("certificate_request", binding=BINDING, key_type=key_type, key_store="tss2")["csr"])


def key_attributes(pem: str) -> int:
    """Return the attributes of the object that a TSS2 PEM holds: they follow two algorithms in its TPM2B_PUBLIC."""
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    (start,) = (
        at
        for at in range(len(der) - 8)
        if der[at : at + 2] in (b"\x00\x23", b"\x00\x01") and der[at + 2 : at + 4] in (b"\x00\x0b", b"\x00\x0c")
    )
    return int.from_bytes(der[start + 4 : start + 8], "big")


def test_four_steps(machine: Machine) -> None:
    steps = machine.four_steps("certificate_request", binding=BINDING, key_store="tss2")
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert len({step["public_key_fingerprint"] for step in steps[1:]}) == 1
    assert all(x509.load_pem_x509_csr(step["csr"].encode()).is_signature_valid for step in steps[1:])


def test_the_key_is_made_in_the_tpm_and_cannot_leave_it(machine: Machine) -> None:
    request(machine)
    key = machine.workload / "pending/private-key.pem"
    assert key.read_text().startswith("-----BEGIN TSS2 PRIVATE KEY-----\n")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    wanted = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | SIGN
    assert key_attributes(key.read_text()) & wanted == wanted


@pytest.mark.parametrize("key_type", ["ECDSA-P256", "ECDSA-P384", "RSA-2048"])
def test_the_whole_way(machine: Machine, authority: Authority, target: dict[str, str], key_type: str) -> None:
    certificate = authority.sign(request(machine, key_type))
    installed = machine.module("certificate_install", certificate=certificate, **target)
    assert installed["outcome"] == "proved", installed
    wishes = {"key_type": key_type, "key_store": "tss2", "common_name": "web1"}
    assert machine.module("workload_info", **wishes)["due"]["certificate"] is None

    helper = machine.root / "helper"
    machine.module("portable_helper", path=str(helper))
    command = [str(helper), "credential-process", "--no-cache", "--no-tpm-key-password"]
    command += ["--certificate", f"{machine.workload}/current/certificate.pem"]
    command += ["--private-key", f"{machine.workload}/current/private-key.pem"]
    command += ["--endpoint", target["endpoint_url"]]
    for name in ("trust_anchor_arn", "profile_arn", "role_arn"):
        command += [f"--{name.replace('_', '-')}", target[name]]
    environment = machine.environment | machine.more_environment
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["AccessKeyId"].startswith("ASIA")


def test_the_store_is_changed_both_ways(machine: Machine, authority: Authority) -> None:
    for store, other in (("tss2", "file"), ("file", "tss2")):
        answer = machine.module("certificate_request", binding=BINDING, key_store=store)
        assert answer["changed"] is True
        machine.module("certificate_install", certificate=authority.sign(answer["csr"]), prove=False)
        assert machine.module("workload_info", key_store=store)["due"]["certificate"] is None
        due = machine.module("workload_info", key_store=other)["due"]["certificate"]
        assert due == f"key store changed from {store} to {other}"
    assert machine.module("certificate_install", state="previous", prove=False)["changed"] is True


def test_a_waiting_key_of_another_store_is_thrown_away(machine: Machine) -> None:
    fingerprints = set()
    for store in ("file", "tss2", "file"):
        answer = machine.module("certificate_request", binding=BINDING, key_store=store)
        assert answer["changed"] is True
        fingerprints.add(answer["public_key_fingerprint"])
    assert len(fingerprints) == 3


def test_another_tpm_cannot_use_the_key(
    machine: Machine, authority: Authority, target: dict[str, str], make_tpm: Callable[[], SoftwareTpm]
) -> None:
    certificate = authority.sign(request(machine))
    machine.module("certificate_install", certificate=certificate, prove=False)
    thief = Machine(machine.root)
    thief.more_environment = make_tpm().environment
    answer = thief.module("session_check", directory=str(machine.directory), **target)
    assert answer["failed"] is True
    assert ADVICE in answer["msg"]
    assert "exception" not in answer


def test_a_machine_without_its_tpm_says_so(machine: Machine, tpm: SoftwareTpm) -> None:
    tpm.stop()
    answer = machine.module("certificate_request", binding=BINDING, key_store="tss2")
    assert answer["msg"].startswith("openssl genpkey failed: genpkey: unable to load provider tpm2; ")
    assert ADVICE in answer["msg"]
    assert not (machine.workload / "pending").exists()


def test_a_type_that_the_tpm_does_not_have_is_one_sentence(machine: Machine) -> None:
    answer = machine.module("certificate_request", binding=BINDING, key_store="tss2", key_type="RSA-4096")
    assert answer["msg"].startswith("openssl genpkey failed: genpkey: Error generating RSA key; ")
    assert "exception" not in answer
    assert not (machine.workload / "pending").exists()
