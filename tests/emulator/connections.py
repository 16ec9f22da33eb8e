# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the connection itself, made on the client's socket."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from typing import NoReturn


def reset(connection: socket.socket) -> NoReturn:
    """Break the connection off with RST, which is what closing sends when nothing may linger."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
    raise ConnectionResetError("broken off by a switch")


def keep_silent(connection: socket.socket) -> NoReturn:
    """Answer nothing until the client gives up."""
    connection.settimeout(None)
    with contextlib.suppress(OSError):
        connection.recv(1)
    raise ConnectionResetError("kept silent by a switch")
