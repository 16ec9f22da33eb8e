# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator for tests; a conftest.py takes it over by importing the fixtures that it wants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from .server import EmulatorServer, start

REGION = "eu-central-1"

# Nobody knows what AWS does with a CRL past its nextUpdate, so what is said of revocation must hold either way.
STALE_CRL = {"stale CRL refused": False, "stale CRL accepted": True}


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[EmulatorServer]:
    """One server for all tests of a process, since moto's memory is the process's."""
    server = start()
    yield server
    server.stop()


@pytest.fixture
def emulator(emulator_server: EmulatorServer) -> EmulatorServer:
    """Give a test the server with an empty memory and all switches at their defaults."""
    emulator_server.reset()
    return emulator_server


@pytest.fixture(params=STALE_CRL.values(), ids=STALE_CRL)
def stale_crl_accepted(request: pytest.FixtureRequest, emulator: EmulatorServer) -> bool:
    """Run a test with the emulator's switch for a stale CRL in either position; tell it which one."""
    emulator.switches.crl_past_next_update_accepted = request.param
    return request.param


def client(
    server: EmulatorServer,
    service: str,
    region: str = REGION,
    access_key: str = "test",
    secret: str = "test",
    session_token: str | None = None,
    **config: Any,
) -> Any:
    """Make a boto3 client that talks to the emulator; without keys it is the administrator's. Nothing is retried."""
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=session_token,
        config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
    )
