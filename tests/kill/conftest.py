# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""These tests need strace."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from ansible.utils.collection_loader import AnsibleCollectionConfig

if AnsibleCollectionConfig.collection_finder is None:
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    _AnsibleCollectionFinder(paths=[str(Path(sys.prefix) / "collections")])._install()


def pytest_configure() -> None:
    """Say what to install, rather than skip."""
    if shutil.which("strace") is None:
        raise pytest.UsageError("strace is missing: install it (on Debian: strace).")
