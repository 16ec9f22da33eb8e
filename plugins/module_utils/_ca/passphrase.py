# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The passphrase of the CA's keys in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import secret_options

SHORTEST = secret_options.SHORTEST_VALUE


def read(parameters: Mapping[str, Any], warn: Callable[[str], None]) -> bytes | None:
    """Return the passphrase that the options give or point to, or None when there is no such option.

    :param warn: is told of a file that others may read.
    :raises AuthorityError: the file or the variable is missing or empty.
    """
    return secret_options.read(parameters, "passphrase", "passphrase", SHORTEST, warn)
