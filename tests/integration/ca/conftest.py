# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA host, without a CA and with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ca_host import CaHost


@pytest.fixture
def empty(tmp_path: Path) -> CaHost:
    """Return a host that has no CA yet."""
    return CaHost(tmp_path / "ca")


@pytest.fixture
def host(empty: CaHost) -> CaHost:
    """Return a host that has a CA."""
    empty.make()
    return empty
