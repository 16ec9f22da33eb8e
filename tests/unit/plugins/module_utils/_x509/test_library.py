# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The absence of cryptography is one sentence."""

from __future__ import annotations

import sys
import types

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def install(monkeypatch, version):
    module = types.SimpleNamespace(__version__=version) if version else None
    monkeypatch.setitem(sys.modules, "cryptography", module)


@pytest.mark.parametrize("version", ["43.0.0", "43.1", "50.0.2"])
def test_a_version_that_is_new_enough(monkeypatch, version):
    install(monkeypatch, version)
    library.check()


@pytest.mark.parametrize(
    ("version", "reason"), [("42.0.8", "it is 42.0.8."), ("3.4", "it is 3.4."), (None, "it is missing.")]
)
def test_a_version_that_is_too_old_and_none(monkeypatch, version, reason):
    install(monkeypatch, version)
    with pytest.raises(CertificateError) as caught:
        library.check()
    wanted = f"Install the Python library cryptography 43.0 or newer for {sys.executable}"
    assert str(caught.value) == f"{wanted}: {reason}"
