# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of the fleet with a TPM."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulator.fixtures import emulator, emulator_server
from tests.integration.host.conftest import authority, target
from tests.integration.host.machine import Machine

from .software_tpm import SoftwareTpm

__all__ = ["authority", "emulator", "emulator_server", "target"]


def pytest_configure() -> None:
    """Say what to install, rather than skip."""
    provider = [path for folder in ("/usr/lib", "/usr/lib64") for path in Path(folder).glob("**/ossl-modules/tpm2.so")]
    if shutil.which("swtpm") is None or not provider:
        raise pytest.UsageError("Install swtpm and OpenSSL's provider tpm2 (on Debian: swtpm tpm2-openssl).")


@pytest.fixture
def make_tpm(tmp_path: Path) -> Iterator[Callable[[], SoftwareTpm]]:
    """Return a function that starts a TPM of its own."""
    started: list[SoftwareTpm] = []

    def make() -> SoftwareTpm:
        started.append(SoftwareTpm(tmp_path / f"tpm{len(started)}"))
        return started[-1]

    yield make
    for tpm in started:
        tpm.stop()


@pytest.fixture
def tpm(make_tpm: Callable[[], SoftwareTpm]) -> SoftwareTpm:
    """Return the TPM of the machine."""
    return make_tpm()


@pytest.fixture
def machine(tmp_path: Path, tpm: SoftwareTpm) -> Machine:
    """Return a machine with a TPM on which nothing is installed."""
    machine = Machine(tmp_path)
    machine.more_environment = tpm.environment
    return machine
