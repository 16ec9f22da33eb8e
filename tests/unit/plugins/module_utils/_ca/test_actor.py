# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who did it."""

from __future__ import annotations

import getpass
import os
import socket

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import actor


def test_the_person_behind_sudo_counts(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "anna")
    assert actor.current() == f"anna@{socket.gethostname()}"
    monkeypatch.delenv("SUDO_USER")
    assert actor.current() == f"{getpass.getuser()}@{socket.gethostname()}"


def test_a_run_is_told_apart_without_its_nonce():
    first, again, other = (actor.current(nonce) for nonce in ("a secret", "a secret", "another"))
    assert first == again != other
    assert "secret" not in first


def test_a_user_without_a_name_is_a_number(monkeypatch):
    for variable in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 1234567)
    assert actor.current() == f"uid 1234567@{socket.gethostname()}"
