# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret that opens the CA's key: as a value that Ansible hides, from a file, or from the environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .errors import AuthorityError
from .private_files import explained, is_open_to_others

# Ansible hides a value wherever it occurs, which tears holes into the certificates of a result when it is short.
SHORTEST_VALUE = 8


def read(
    parameters: Mapping[str, Any], option: str, noun: str, shortest: int, warn: Callable[[str], None]
) -> bytes | None:
    """Return the secret that *option*, its ``_path`` or its ``_environment`` gives, or None when there is none of them.

    :param noun: what the secret is called in a sentence.
    :param shortest: how many characters a file or a variable must hold at least.
    :param warn: is told of a file that others may read.
    :raises AuthorityError: the file or the variable is missing or empty.
    """
    if parameters[f"{option}_path"]:
        path = Path(parameters[f"{option}_path"])
        with explained("read", path):
            # One line end is the editor's, not the secret's.
            secret = _wanted(path.read_bytes().rstrip(b"\r\n"), f"The {noun} file {path}", noun, shortest)
            if is_open_to_others(path):
                mode = stat.S_IMODE(path.stat().st_mode)
                warn(f"The {noun} file {path} is open to others (mode {mode:04o}): let only its owner read it.")
        return secret
    if parameters[f"{option}_environment"]:
        variable = parameters[f"{option}_environment"]
        value = os.environb.get(variable.encode(), b"")
        return _wanted(value, f"The environment variable {variable} for the {noun}", noun, shortest)
    if parameters[option] is not None:
        return _wanted(parameters[option].encode(), f"The option {option}", noun, SHORTEST_VALUE)
    return None


def _wanted(secret: bytes, origin: str, noun: str, shortest: int) -> bytes:
    if len(secret) < shortest:
        raise AuthorityError(f"{origin} is missing or has fewer than {shortest} characters: put the {noun} there.")
    return secret
