# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast ca_issue signs, beside the least that anybody can do with ``cryptography``."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    creation,
    file,
    issuing,
    layout,
    ledger,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.orders import Order
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

NONCE = "0123456789abcdef"
REQUEST_SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rolesanywhere")])


def make_request(host: str) -> str:
    """Make a key and a request as a host does; return the request (PEM)."""
    binding = hashlib.sha256(f"{NONCE}\n{host}\ndefault".encode()).hexdigest()
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(REQUEST_SUBJECT)
        .add_attribute(AttributeOID.CHALLENGE_PASSWORD, binding.encode())
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def make_requests(count: int) -> list[tuple[str, str]]:
    """Return hosts with their requests (PEM)."""
    hosts = [f"host{number:06}" for number in range(count)]
    return [(host, make_request(host)) for host in hosts]


class Authority:
    """A CA in a folder that is made anew for each round, so that each round begins with an empty ledger."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._fresh = directory.with_name("ca-fresh")
        creation.ensure(
            layout.Layout(self._fresh),
            creation.WantedAuthority(
                common_name="Benchmark Issuing CA G1",
                root_common_name="Benchmark Root CA",
                organization=None,
                key_type="ECDSA-P256",
                root_validity=timedelta(days=3650),
                validity=timedelta(days=1825),
            ),
            None,
            datetime.now(timezone.utc).replace(microsecond=0),
            actor.current(),
            allow_unencrypted_key=True,
            dry_run=False,
        )

    def renew(self) -> layout.Layout:
        """Put the fresh CA in place."""
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(self._fresh, self.directory)
        return layout.existing(str(self.directory))


def time_issuing(place: layout.Layout, requests: list[tuple[str, str]]) -> float:
    """Return the seconds that the work inside one ca_issue call takes, the ledger's commit included."""
    gc.disable()  # as the module does
    begin = time.perf_counter()
    signer = file.load_signer(place.issuing, None)
    now = datetime.now(timezone.utc).replace(microsecond=0)
    validity, _ = issuing.decide_validity(timedelta(days=30), signer.certificate.not_valid_after_utc, now)
    orders = [Order(host, "default", csr, host, None, ["web"], [], []) for host, csr in requests]
    with ledger.opened(place.ledger) as book:
        outcomes = issuing.issue(orders, NONCE, validity, signer, book, now, "benchmark")
    elapsed = time.perf_counter() - begin
    gc.enable()
    if not all(outcome.certificate for outcome in outcomes):
        sys.exit("The benchmark's requests were refused.")
    return elapsed


class MeasuredTask(NamedTuple):
    """How long a task took, and what the largest process of its ansible-playbook had in memory, in megabytes."""

    seconds: float
    megabytes: float


def measure_task(authority: Authority, requests: list[tuple[str, str]], work: Path) -> MeasuredTask:
    """Measure the whole task as Ansible runs it, by Ansible's own clock.

    As in the role, one task puts the orders into a variable and the next has them signed, from the first look at its
    arguments until its result is registered and shown. Ansible's own start is not part of that.
    """
    authority.renew()
    names = {"name": "default", "organizational_units": ["web"]}
    orders = [{"host": host, "csr": csr, "common_name": host, **names} for host, csr in requests]
    (work / "orders.json").write_text(json.dumps({"requests": orders}))
    pending = "{{ lookup('ansible.builtin.file', '%s') | from_json }}" % (work / "orders.json")
    options = {"directory": str(authority.directory), "nonce": NONCE, "requests": "{{ pending.requests }}"}
    play: list[dict[str, Any]] = [
        {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "tasks": [
                {"name": "Collect", "ansible.builtin.set_fact": {"pending": pending}},
                {"name": "Issue", "fleet.rolesanywhere.ca_issue": options, "register": "issued"},
            ],
        }
    ]
    playbook = work / "issue.json"
    playbook.write_text(json.dumps(play))
    output = work / "issue.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "ansible-playbook", playbook],
            env={**os.environ, "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    profile = re.search(r"^Issue -+ ([0-9.]+)s$", output.read_text(), re.MULTILINE)
    if status or not profile:
        sys.exit(f"The benchmark's playbook failed:\n{output.read_text()}")
    process.returncode = 0
    return MeasuredTask(float(profile[1]), usage.ru_maxrss / 1024)


def time_floor(authority: Authority, requests: list[tuple[str, str]]) -> float:
    """Return the seconds of a bare loop: parse, verify the request's signature, build, sign, serialise."""
    place = authority.renew()
    issuer = x509.load_pem_x509_certificate(place.issuing.certificate.read_bytes())
    key = serialization.load_pem_private_key(place.issuing.private_key.read_bytes(), None)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    now = datetime.now(timezone.utc)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    begin = time.perf_counter()
    for host, pem in requests:
        request = x509.load_pem_x509_csr(pem.encode())
        if not request.is_signature_valid:
            sys.exit("The benchmark's request is not signed.")
        public_key = request.public_key()
        (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(issuer.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
    return time.perf_counter() - begin
