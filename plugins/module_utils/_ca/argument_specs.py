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

PKCS11: dict[str, Any] = {
    "provider": {"type": "str", "choices": ["file", "pkcs11"], "default": "file"},
    "pkcs11_module": {"type": "path"},
    "pkcs11_token": {"type": "str", "no_log": False},
    "pkcs11_key": {"type": "str", "no_log": False},
    "pkcs11_key_id": {"type": "str", "no_log": False},
    "pkcs11_pin": {"type": "str", "no_log": True},
    "pkcs11_pin_path": {"type": "path", "no_log": False},
    "pkcs11_pin_environment": {"type": "str", "no_log": False},
}
_PIN = ("pkcs11_pin", "pkcs11_pin_path", "pkcs11_pin_environment")
ONE_PIN = [_PIN]
PKCS11_NEEDS = [
    ("provider", "pkcs11", ("pkcs11_module", "pkcs11_token", "pkcs11_key")),
    ("provider", "pkcs11", _PIN, True),
]
