# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules and roles run by Ansible against the emulator, and a CA to run them with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.emulator.server import EmulatorServer

from .authority import Authority
from .controller import Controller

__all__ = ["emulator", "emulator_server"]


@pytest.fixture
def controller(emulator: EmulatorServer, tmp_path: Path) -> Controller:
    """Return a controller with the administrator's key."""
    return Controller(tmp_path, emulator.url)


@pytest.fixture
def rolesanywhere(emulator: EmulatorServer) -> Any:
    """Return a client that shows what the service has."""
    return client(emulator, "rolesanywhere")


@pytest.fixture(scope="session")
def root() -> Authority:
    """Return a root CA."""
    return Authority("Root")


@pytest.fixture(scope="session")
def issuing(root: Authority) -> Authority:
    """Return the issuing CA."""
    return Authority("Issuing CA G1", root)


@pytest.fixture(scope="session")
def next_issuing(root: Authority) -> Authority:
    """Return the CA that takes over."""
    return Authority("Issuing CA G2", root)
