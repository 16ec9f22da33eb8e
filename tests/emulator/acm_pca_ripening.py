# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS Private CA has not at once: a new CA's key, a certificate, a CRL after a revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class Ripening:
    """Something that is there after a time, and after somebody has looked for it in vain so many times."""

    looks: float
    ready_at: datetime

    @classmethod
    def begin(cls, looks: float, seconds: float, now: datetime) -> Ripening:
        """Begin to wait now."""
        return cls(looks, now + timedelta(seconds=seconds))

    def is_ripe(self, now: datetime) -> bool:
        """Tell whether it is there, without a look."""
        return self.looks <= 0 and self.ready_at <= now

    def look(self, now: datetime) -> bool:
        """Look for it; tells whether it was there."""
        was_ripe = self.is_ripe(now)
        self.looks -= 1
        return was_ripe
