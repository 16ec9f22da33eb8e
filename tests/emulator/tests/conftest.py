# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the emulator's own tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.emulator.server import EmulatorServer

__all__ = ["emulator", "emulator_server"]


@pytest.fixture
def rolesanywhere(emulator: EmulatorServer) -> Any:
    """Give a test the administrator's boto3 client."""
    return client(emulator, "rolesanywhere")
