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

_LOGIN = ("token", "token_path", "token_environment", "approle")
_SECRET_ID = ("secret_id", "secret_id_path", "secret_id_environment")
_PIN = ("pin", "pin_path", "pin_environment")
PROVIDER: dict[str, Any] = {
    "provider": {"type": "str", "choices": ["file", "pkcs11", "private_ca", "vault", "command"], "default": "file"},
    "pkcs11": {
        "type": "dict",
        "options": {
            "module": {"type": "path", "required": True},
            "token": {"type": "str", "required": True, "no_log": False},
            "key": {"type": "str", "required": True, "no_log": False},
            "key_id": {"type": "str", "no_log": False},
            "previous_key": {"type": "str", "no_log": False},
            "pin": {"type": "str", "no_log": True},
            "pin_path": {"type": "path", "no_log": False},
            "pin_environment": {"type": "str", "no_log": False},
        },
        "mutually_exclusive": [_PIN],
        "required_one_of": [_PIN],
    },
    "private_ca": {
        "type": "dict",
        "options": {
            "arn": {"type": "str"},
            "name": {"type": "str"},
            "region": {"type": "str"},
            "profile": {"type": "str"},
            "endpoint_url": {"type": "str"},
            "access_key": {"type": "str", "no_log": False},
            "secret_key": {"type": "str", "no_log": True},
            "session_token": {"type": "str", "no_log": True},
            "template_arn": {"type": "str"},
            "requests_per_second": {"type": "float", "default": 25},
            "timeout": {"type": "int", "default": 120},
            "type": {"type": "str", "choices": ["subordinate", "root"], "default": "subordinate"},
            "usage_mode": {
                "type": "str",
                "choices": ["general_purpose", "short_lived_certificate"],
                "default": "general_purpose",
            },
            "root_arn": {"type": "str"},
            "crl_bucket": {"type": "str"},
            "crl_expiration": {"type": "int", "default": 45},
            "allow_cost": {"type": "bool", "default": False},
        },
        "mutually_exclusive": [("arn", "name")],
        "required_one_of": [("arn", "name")],
        "required_together": [("access_key", "secret_key")],
    },
    "vault": {
        "type": "dict",
        "options": {
            "url": {"type": "str", "required": True},
            "mount": {"type": "str", "default": "pki"},
            "role": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "ca_path": {"type": "path"},
            "token": {"type": "str", "no_log": True},
            "token_path": {"type": "path", "no_log": False},
            "token_environment": {"type": "str", "no_log": False},
            "approle": {
                "type": "dict",
                "options": {
                    "mount": {"type": "str", "default": "approle"},
                    "role_id": {"type": "str", "required": True},
                    "secret_id": {"type": "str", "no_log": True},
                    "secret_id_path": {"type": "path", "no_log": False},
                    "secret_id_environment": {"type": "str", "no_log": False},
                },
                "mutually_exclusive": [_SECRET_ID],
                "required_one_of": [_SECRET_ID],
            },
        },
        "mutually_exclusive": [_LOGIN],
        "required_one_of": [_LOGIN],
    },
    "command": {
        "type": "dict",
        "options": {
            "issue": {"type": "list", "elements": "str", "required": True},
            "find": {"type": "list", "elements": "str"},
            "revoke": {"type": "list", "elements": "str"},
            "crl": {"type": "list", "elements": "str"},
            "certificate": {"type": "list", "elements": "str"},
            "certificate_path": {"type": "path"},
            "timeout": {"type": "int", "default": 60},
            "parallel": {"type": "int", "default": 1},
            "environment": {"type": "dict"},
            "inherit": {"type": "list", "elements": "str", "default": []},
        },
        "mutually_exclusive": [("certificate", "certificate_path")],
        "required_one_of": [("certificate", "certificate_path")],
    },
}
# Each provider but file has its own options in one that is named like it.
OWN_OPTIONS = [option for option in PROVIDER if option != "provider"]
PROVIDER_NEEDS = [("provider", option, (option,)) for option in OWN_OPTIONS]

LEDGER: dict[str, Any] = {
    "ledger": {"type": "str", "choices": ["sqlite", "dynamodb"], "default": "sqlite"},
    "dynamodb": {
        "type": "dict",
        "options": {
            "table": {"type": "str", "required": True},
            "region": {"type": "str"},
            "profile": {"type": "str"},
            "endpoint_url": {"type": "str"},
            "access_key": {"type": "str", "no_log": False},
            "secret_key": {"type": "str", "no_log": True},
            "session_token": {"type": "str", "no_log": True},
        },
        "mutually_exclusive": [("profile", "access_key")],
        "required_together": [("access_key", "secret_key")],
    },
}
LEDGER_NEEDS = [("ledger", "dynamodb", ("dynamodb",))]
