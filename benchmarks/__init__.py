# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is fast, measured. Here the collection is made importable, before any benchmark imports it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

COLLECTIONS = str(Path(sys.prefix) / "collections")
os.environ["ANSIBLE_COLLECTIONS_PATH"] = COLLECTIONS
_AnsibleCollectionFinder(paths=[COLLECTIONS])._install()
