# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the emulator's own tests."""

from __future__ import annotations

from tests.emulator.fixtures import emulator, emulator_server

__all__ = ["emulator", "emulator_server"]
