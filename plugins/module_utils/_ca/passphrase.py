# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The passphrase of the CA's keys: as a value that Ansible hides, from a file, or from the environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .errors import AuthorityError
from .private_files import explained, is_open_to_others

# Ansible hides a value wherever it occurs, which tears holes into the certificates of a result when it is short.
SHORTEST = 8


def read(parameters: Mapping[str, Any], warn: Callable[[str], None]) -> bytes | None:
    """Return the passphrase that the options give or point to, or None when there is no such option.

    :param warn: is told of a file that others may read.
    :raises AuthorityError: the file or the variable is missing or empty.
    """
    if parameters["passphrase_path"]:
        path = Path(parameters["passphrase_path"])
        with explained("read", path):
            # One line end is the editor's, not the passphrase's.
            passphrase = _wanted(path.read_bytes().rstrip(b"\r\n"), f"The passphrase file {path}")
            if is_open_to_others(path):
                mode = stat.S_IMODE(path.stat().st_mode)
                warn(f"The passphrase file {path} is open to others (mode {mode:04o}): let only its owner read it.")
        return passphrase
    if parameters["passphrase_environment"]:
        variable = parameters["passphrase_environment"]
        return _wanted(
            os.environb.get(variable.encode(), b""), f"The environment variable {variable} for the passphrase"
        )
    if parameters["passphrase"] is not None:
        return _wanted(parameters["passphrase"].encode(), "The option passphrase")
    return None


def _wanted(passphrase: bytes, origin: str) -> bytes:
    if len(passphrase) < SHORTEST:
        raise AuthorityError(f"{origin} is missing or has fewer than {SHORTEST} characters: put the passphrase there.")
    return passphrase
