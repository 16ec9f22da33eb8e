# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the connection itself, made on the client's socket."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from typing import NoReturn


def reset(connection: socket.socket) -> NoReturn:
    """Break the connection off with RST, which is what closing sends when nothing may linger."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Another socket takes the place of the one that is closed, since the server will want to close it properly.
    substitute, its_peer = socket.socketpair()
    with substitute, its_peer:
        os.dup2(substitute.fileno(), connection.fileno())
    _leave()


def keep_silent(connection: socket.socket) -> NoReturn:
    """Answer nothing until the client gives up."""
    connection.settimeout(None)
    with contextlib.suppress(OSError):
        connection.recv(1)
    _leave()


def _leave() -> NoReturn:
    """Tell the server that there is nobody left to answer."""
    raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
