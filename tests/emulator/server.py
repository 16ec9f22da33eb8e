# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local AWS on a port of 127.0.0.1, served by threads of this process."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Gateway_10, Server

from .application import Application
from .state import State
from .switches import Switches
from .tls import make_certificate

_THREADS = 32
_IDLE_SECONDS = 60
_STOP_SECONDS = 1
_TICK_SECONDS = 0.1  # how soon the server sees that it is to stop


class _Gateway(Gateway_10):
    """Hands over the client's socket, for the faults that need it, and the URI as it came, as moto looks for it."""

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        return {**environ, "RAW_URI": environ["REQUEST_URI"], "emulator.socket": self.req.conn.socket}


class EmulatorServer:
    """A running emulator."""

    def __init__(self, application: Application, server: Server, certificate: bytes | None) -> None:
        self.application = application
        self._server = server
        self._thread = threading.Thread(target=server.serve, name="emulator", daemon=True)
        self._thread.start()
        self.certificate = certificate  # PEM, to be trusted by clients; None without TLS

    @property
    def url(self) -> str:
        """Where it answers."""
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port that it got."""
        return self._server.bind_addr[1]

    @property
    def switches(self) -> Switches:
        """The switches; changes count from the next request on."""
        return self.application.switches

    @property
    def state(self) -> State:
        """What Roles Anywhere remembers."""
        return self.application.state

    def reset(self) -> None:
        """Forget everything, moto's memory included, and put the switches back to their defaults."""
        self.application.reset()

    def stop(self) -> None:
        """Close all connections and the port."""
        self._server.stop()
        self._thread.join()


def start(port: int = 0, tls: bool = False, switches: Switches | None = None) -> EmulatorServer:
    """Start an emulator; it answers when this returns. Port 0 takes a free one.

    moto keeps its memory in the process: emulators of one process share users, roles, buckets and sessions.
    """
    application = Application(switches)
    server = Server(("127.0.0.1", port), application, numthreads=_THREADS, shutdown_timeout=_STOP_SECONDS)
    server.gateway = _Gateway
    server.timeout = _IDLE_SECONDS
    server.expiration_interval = _TICK_SECONDS
    certificate = None
    if tls:
        certificate, private_key = make_certificate()
        server.ssl_adapter = _ssl_adapter(certificate, private_key)
    server.prepare()
    return EmulatorServer(application, server, certificate)


def _ssl_adapter(certificate: bytes, private_key: bytes) -> BuiltinSSLAdapter:
    """Load a pair; the ssl module reads files only, so they exist for that moment."""
    with tempfile.TemporaryDirectory() as directory:
        pair = Path(directory, "pair.pem")
        pair.write_bytes(certificate + private_key)
        return BuiltinSSLAdapter(str(pair), str(pair))
