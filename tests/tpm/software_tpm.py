# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TPM 2.0 in software."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

SECONDS = 20


class SoftwareTpm:
    """swtpm on a port of loopback; its seeds are its own, so that no other TPM can use its keys."""

    def __init__(self, state: Path) -> None:
        state.mkdir()
        self.port = _two_free_ports()
        address = "bindaddr=127.0.0.1"
        self._process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2"),
                *("--tpmstate", f"dir={state}"),
                *("--flags", "startup-clear,not-need-init"),
                *("--server", f"type=tcp,port={self.port},{address}"),
                *("--ctrl", f"type=tcp,port={self.port + 1},{address}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + SECONDS
        while not _answers(self.port):
            assert self._process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that names it to OpenSSL's provider."""
        return {"TPM2OPENSSL_TCTI": f"swtpm:host=127.0.0.1,port={self.port}"}

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def _two_free_ports() -> int:
    """Return a port that is free as the next one is: TPM libraries look for the control channel there."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
            return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
