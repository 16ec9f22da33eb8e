# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve the local AWS in the foreground: ``python -m tests.emulator --port 5555``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from moto.core.config import default_user_config

from .server import start
from .switches import Switches, parse


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    arguments = _read_arguments()
    # Whoever tries this account out names them; tests do without, and are faster.
    default_user_config["iam"]["load_aws_managed_policies"] = True
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    # Blocked before any thread starts, so that all threads leave them to sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    try:
        server = start(arguments.port, arguments.tls, arguments.switches)
    except OSError as error:
        sys.exit(f"Cannot listen on 127.0.0.1:{arguments.port}: {error.strerror or error}")
    with tempfile.TemporaryDirectory() as directory:
        if server.certificate:
            path = arguments.tls_certificate or Path(directory, "certificate.pem")
            path.write_bytes(server.certificate)
            print(f"Clients trust it with AWS_CA_BUNDLE={path}", file=sys.stderr, flush=True)
        print(f"ready {server.url}", flush=True)
        signal.sigwait(stop_signals)
        server.stop()


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description="A local AWS with Roles Anywhere.")
    parser.add_argument("--port", type=int, default=5555, help="port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--tls", action="store_true", help="serve https with a certificate of its own making")
    parser.add_argument("--tls-certificate", type=Path, metavar="PATH", help="write that certificate there and keep it")
    parser.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help="see tests/emulator/switches.py"
    )
    arguments = parser.parse_args()
    try:
        arguments.switches = Switches(**dict(parse(switch) for switch in arguments.switch))
    except ValueError as error:
        parser.error(str(error))
    if arguments.tls_certificate and not arguments.tls:
        parser.error("--tls-certificate needs --tls")
    return arguments


if __name__ == "__main__":
    main()
