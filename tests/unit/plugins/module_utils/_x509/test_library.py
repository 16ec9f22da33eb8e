# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The absence of cryptography is one sentence."""

from __future__ import annotations

import sys
import types

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library


@pytest.mark.parametrize(
    ("version", "reason"),
    [("43.0.0", None), ("50.0.2", None), ("42.0.8", "it is 42.0.8."), ("3.4", "it is 3.4."), (None, "it is missing.")],
)
def test_the_version_of_cryptography(monkeypatch, version, reason):
    module = types.SimpleNamespace(__version__=version) if version else None
    monkeypatch.setitem(sys.modules, "cryptography", module)
    assert (library.why_missing() or "").endswith(reason or "")
    assert bool(library.why_missing()) is bool(reason)
