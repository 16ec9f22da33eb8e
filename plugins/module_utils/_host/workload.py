# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a workload keeps its certificate: ``<directory>/<name>/current`` and what stands beside it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import PRIVATE_KEY

from .errors import HostError
from .safe_words import safe_word

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


class Workload(NamedTuple):
    """The places of one workload; all of them absolute paths."""

    directory: str
    name: str

    @property
    def path(self) -> str:
        """The workload's own directory."""
        return f"{self.directory}/{self.name}"

    @property
    def current(self) -> str:
        """The symbolic link to the pair in use."""
        return f"{self.path}/current"

    @property
    def versions(self) -> str:
        """The directory that holds one directory for each pair."""
        return f"{self.path}/versions"

    @property
    def pending(self) -> str:
        """The directory of a key that waits for its certificate."""
        return f"{self.path}/pending"

    @property
    def pending_key(self) -> str:
        """The key that waits for its certificate."""
        return f"{self.pending}/{PRIVATE_KEY}"

    @property
    def lock(self) -> str:
        """The file that keeps two runs on one workload apart."""
        return f"{self.path}/lock"

    def version(self, serial: str) -> str:
        """Return the directory of the pair with this serial (lower-case hex)."""
        return f"{self.versions}/{serial}"


def workload(directory: str, name: str) -> Workload:
    """Return the places of the workload ``name`` under ``directory``.

    Raises HostError when the directory is not a plain absolute path or the name cannot be a directory's.
    """
    safe_word(directory, "directory")
    root, *parts = directory.split("/")
    if root or not parts or any(part in ("", ".", "..") for part in parts):
        raise HostError(f"directory is {directory!r}, but must be an absolute path without '..', '//' or a final '/'.")
    if _NAME.fullmatch(name) is None:
        raise HostError(
            f"name is {name!r}, but a workload's name has 1 to 64 letters, digits and _ . -, and begins with no dot."
        )
    return Workload(directory, name)
