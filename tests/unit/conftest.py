# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``ansible_collections.fleet.rolesanywhere`` importable when pytest runs outside ansible-test."""

from __future__ import annotations

import sys
from pathlib import Path

if "ansible_test" not in sys.modules and not any("ansible_test" in entry for entry in sys.path):
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    collections = Path(sys.prefix) / "collections"
    _AnsibleCollectionFinder(paths=[str(collections)])._install()
