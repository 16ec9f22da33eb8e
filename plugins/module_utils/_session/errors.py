# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of this package."""

from __future__ import annotations


class SessionError(Exception):
    """A session that was not made, told in one sentence that may be shown to anybody.

    ``certain`` is True when the answer would be the same again: AWS refused, or certificate and key cannot belong
    together. It is False when nobody can tell: no answer, a throttled or broken one, a tool that is missing here.
    ``status`` (HTTP), ``code`` and ``reason`` are the service's own words where it answered, None elsewhere.
    """

    def __init__(
        self,
        message: str,
        *,
        certain: bool = False,
        status: int | None = None,
        code: str | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.certain = certain
        self.status = status
        self.code = code
        self.reason = reason
