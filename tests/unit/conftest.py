# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every unit test stands on, under plain pytest and under ansible-test alike."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.utils.collection_loader import AnsibleCollectionConfig
from hypothesis import settings

# Every run tries the same examples, and a busy machine fails none of them.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# ansible-test has made ansible_collections.fleet.rolesanywhere importable by now; plain pytest has not.
if AnsibleCollectionConfig.collection_finder is None:
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

    _AnsibleCollectionFinder(paths=[str(Path(sys.prefix) / "collections")])._install()
