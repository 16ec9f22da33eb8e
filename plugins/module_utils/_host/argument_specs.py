# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several modules of the host side share; the fragments of the same names document them."""

from __future__ import annotations

from typing import Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import KEY_STORES, KEY_TYPES

from .selinux import OPTIONS as SELINUX_OPTIONS

WORKLOAD: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "default": "/etc/rolesanywhere"},
    "name": {"type": "str", "default": "default"},
}

WORKLOAD_GROUP: dict[str, dict[str, Any]] = {
    "group": {"type": "str"},
}

SELINUX: dict[str, dict[str, Any]] = {name: {"type": "str"} for name in SELINUX_OPTIONS}

CERTIFICATE_WISHES: dict[str, dict[str, Any]] = {
    "common_name": {"type": "str"},
    "organization": {"type": "str"},
    "organizational_units": {"type": "list", "elements": "str"},
    "dns_names": {"type": "list", "elements": "str"},
    "uris": {"type": "list", "elements": "str"},
    "issuers": {"type": "list", "elements": "str", "default": []},
    "key_type": {"type": "str", "choices": list(KEY_TYPES), "no_log": False},
    "key_store": {"type": "str", "choices": list(KEY_STORES), "no_log": False},
    "renew_when_left": {"type": "float", "default": 0.333},
    "renew_when_days_left": {"type": "float", "default": 0},
    "renew_jitter": {"type": "float", "default": 0.1},
    "force": {"type": "bool", "default": False},
    "now": {"type": "str"},
}

SESSION_TARGET: dict[str, dict[str, Any]] = {
    "trust_anchor_arn": {"type": "str"},
    "profile_arn": {"type": "str"},
    "role_arn": {"type": "str"},
    "region": {"type": "str"},
    "endpoint_url": {"type": "str"},
}

_HELPER_PATH = {"type": "path", "default": "/usr/local/bin/rolesanywhere-helper"}

HELPER: dict[str, dict[str, Any]] = {
    "path": _HELPER_PATH,
    "interpreter": {"type": "path"},
}

PROFILES: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "path": {"type": "path", "required": True},
        "profile": {"type": "str", "default": "default"},
        "helper_path": _HELPER_PATH,
        **WORKLOAD,
        **SESSION_TARGET,
        "session_duration": {"type": "int"},
        "role_session_name": {"type": "str"},
        "cache_directory": {"type": "path"},
    },
}
