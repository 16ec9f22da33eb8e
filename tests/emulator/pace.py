# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits: so many requests in any one second, without any burst (reference §5: burst is not documented)."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable

from .errors import ServiceError


class Pace:
    """Remembers when requests of each group were let through."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._passed: dict[Hashable, deque[float]] = defaultdict(deque)

    def check(self, group: Hashable, rate: float | None) -> None:
        """Let a request through, or raise ThrottlingException; rate: requests a second, None for no limit."""
        if rate is None:
            return
        with self._lock:
            now = self.clock()
            passed = self._passed[group]
            while passed and passed[0] <= now - 1:
                passed.popleft()
            if len(passed) >= rate:
                raise ServiceError("ThrottlingException", "Rate exceeded")  # sentence: an invention (§2.10)
            passed.append(now)

    def reset(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._passed.clear()
