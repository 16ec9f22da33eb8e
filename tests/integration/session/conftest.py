# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions from the emulator, and the packed helper."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig

if AnsibleCollectionConfig.collection_finder is None:
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    _AnsibleCollectionFinder(paths=[str(Path(sys.prefix) / "collections")])._install()

from tests.emulator.fixtures import emulator, emulator_server, stale_crl_accepted
from tests.emulator.server import EmulatorServer
from tests.integration.aws.controller import Controller

from .account import Account

__all__ = ["emulator", "emulator_server", "stale_crl_accepted"]


@pytest.fixture
def account(emulator: EmulatorServer, tmp_path: Path) -> Account:
    """Return an account whose workloads are below a folder of their own."""
    return Account(emulator, tmp_path / "rolesanywhere")


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """Return the helper, packed for this Python."""
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import portable_helper

    path = tmp_path / "rolesanywhere-helper"
    path.write_bytes(portable_helper.pack(sys.executable))
    path.chmod(0o755)
    return path


@pytest.fixture
def controller(emulator: EmulatorServer, tmp_path: Path) -> Controller:
    """Return Ansible on this machine."""
    return Controller(tmp_path, emulator.url)
