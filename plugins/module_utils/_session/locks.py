# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a lock, but not for ever."""

from __future__ import annotations

import fcntl
import time

_PAUSE = 0.02  # seconds


def acquire(descriptor: int, patience: float) -> bool:
    """Lock an open file or directory for this process alone; it is unlocked when it is closed.

    :param patience: seconds to wait for another process; the answer is False when it still holds the lock then.
    :raises OSError: it cannot be locked at all: a network file system may have no locks.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        else:
            return True
