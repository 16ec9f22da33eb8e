# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that several modules of the CA share; documented in doc_fragments/_authority*.py."""

from __future__ import annotations

from typing import Any

AUTHORITY: dict[str, Any] = {"directory": {"type": "path", "required": True}}

PASSPHRASE: dict[str, Any] = {
    "passphrase": {"type": "str", "no_log": True},
    "passphrase_path": {"type": "path", "no_log": False},
    "passphrase_environment": {"type": "str", "no_log": False},
}
ONE_PASSPHRASE = [("passphrase", "passphrase_path", "passphrase_environment")]
