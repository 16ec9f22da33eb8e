# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""No more calls a second than a service takes: evenly, so that no second ever has more."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Lets calls through one by one."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin with a call at once.

        :param rate: calls a second, more than 0.
        :param clock: tells a time in seconds that never goes back.
        :param sleep: waits that many seconds.
        """
        self._interval = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Wait until the next call is in order."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval
