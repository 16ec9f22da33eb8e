# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who did it, as the ledger keeps it."""

from __future__ import annotations

import getpass
import hashlib
import os
import socket


def current(nonce: str = "") -> str:
    """Name the person and the machine, and the run by a digest of its nonce.

    The nonce itself would let a reader of the ledger bind requests to a run that goes on.
    """
    person = os.environ.get("SUDO_USER") or _user()
    run = f" run {hashlib.sha256(nonce.encode()).hexdigest()[:12]}" if nonce else ""
    return f"{person}@{socket.gethostname()}{run}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # execution environments run under numbers that have no name
        return f"uid {os.getuid()}"
