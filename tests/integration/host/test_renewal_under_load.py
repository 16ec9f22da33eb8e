# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that ask for sessions all the time notice nothing of a hundred renewals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import install, read_issued
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.session_target import session_target
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from botocore.config import Config

from tests.emulator.fixtures import REGION
from tests.emulator.server import start

from .conftest import TRUST_POLICY, Authority
from .looping_client import CLIENTS

ROOT = Path(__file__).resolve().parents[3]
RENEWALS = 100
PATIENCE = 60  # seconds for one session on a busy machine


class Client:
    """A looping client, and what it has said."""

    def __init__(self, name: str, current: Path, settings: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._new = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.host.looping_client", name, current, json.dumps(settings)],
            cwd=ROOT,
            env={**os.environ, "AWS_CA_BUNDLE": settings["ca_bundle"]},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._new:
                self.lines.append(line.rstrip("\n"))
                self._new.notify_all()

    def await_one_more_than(self, count: int) -> None:
        """Wait until it has said more than so many lines."""
        with self._new:
            assert self._new.wait_for(lambda: len(self.lines) > count, PATIENCE), self.lines[-3:]

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout
        self._process.stdout.close()


@pytest.fixture
def settings(tmp_path: Path, authority: Authority) -> Iterator[dict[str, str]]:
    """Trust the CA in an emulator with TLS, since AWS Labs' library speaks nothing else."""
    server = start(tls=True)
    server.reset()
    bundle = tmp_path / "tls.pem"
    bundle.write_bytes(server.certificate or b"")

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=str(bundle),
            config=Config(retries={"total_max_attempts": 1}),
        )

    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": authority.pem}}
    service = client("rolesanywhere")
    anchor = service.create_trust_anchor(name="fleet", enabled=True, source=source)["trustAnchor"]
    role = client("iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))["Role"]
    profile = service.create_profile(name="fleet", enabled=True, roleArns=[role["Arn"]])["profile"]
    yield {
        "trust_anchor_arn": anchor["trustAnchorArn"],
        "profile_arn": profile["profileArn"],
        "role_arn": role["Arn"],
        "endpoint_url": server.url,
        "ca_bundle": str(bundle),
    }
    server.stop()


def test_a_hundred_renewals_and_no_refusal(
    tmp_path: Path, authority: Authority, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", settings["ca_bundle"])
    place = workload(str(tmp_path / "etc"), "web")
    target = session_target(**{name: value for name, value in settings.items() if name != "ca_bundle"})

    def renew() -> str:
        csr = make_request(place, "ECDSA-P256", "0" * 64, None, False).csr
        return install(place, read_issued(authority.sign(csr), ""), target).serial

    serials = {renew()}
    clients = {name: Client(name, Path(place.current), settings) for name in CLIENTS}
    try:
        # A client may be reading in the directory of the pair before. Three pairs are kept, so none must be overtaken.
        for _renewal in range(RENEWALS):
            said = {client: len(client.lines) for client in clients.values()}
            serials.add(renew())
            for client, count in said.items():
                client.await_one_more_than(count)
    finally:
        for client in clients.values():
            client.stop()
    assert len(serials) == RENEWALS + 1
    for name, client in clients.items():
        wrong = [line for line in client.lines if not re.fullmatch("[0-9a-f]{32}", line)]
        assert wrong == [], name
        assert set(client.lines) <= serials
        assert len(set(client.lines)) >= RENEWALS / 2, name
