# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands where the helper should: looked at alike by who decides and by who installs."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import NamedTuple

from .private_files import SIZE_LIMIT, OpenDirectory

MODE = 0o755


class HelperFile(NamedTuple):
    """What was found."""

    is_ours: bool  # it belongs to root or to the user who runs this
    mode: int  # the permission bits
    digest: str | None  # SHA-256 in hex; None for what is no regular file, or larger than any helper


def look_at(folder: OpenDirectory, name: str) -> HelperFile | None:
    """Look at the file ``name``, None without one; no link is followed, no pipe and no device is waited for.

    Raises HostError when it cannot be read.
    """
    status = folder.status(name)
    if status is None:
        return None
    can_be_one = stat.S_ISREG(status.st_mode) and status.st_size <= SIZE_LIMIT
    content = folder.read(name) if can_be_one else None
    return HelperFile(
        is_ours=status.st_uid in (0, os.geteuid()),
        mode=stat.S_IMODE(status.st_mode),
        digest=None if content is None else hashlib.sha256(content).hexdigest(),
    )
