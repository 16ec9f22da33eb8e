# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the library that all of this package stands on is there, so that its absence is one sentence."""

from __future__ import annotations

import sys

MINIMUM_VERSION = (43, 0)


def why_missing() -> str | None:
    """Say that cryptography is absent or too old for this package, or None when it will do."""
    minimum = ".".join(str(number) for number in MINIMUM_VERSION)
    wanted = f"Install the Python library cryptography {minimum} or newer for {sys.executable}"
    try:
        import cryptography
    except ImportError:
        return f"{wanted}: it is missing."
    if tuple(int(number) for number in cryptography.__version__.split(".")[:2]) < MINIMUM_VERSION:
        return f"{wanted}: it is {cryptography.__version__}."
    return None
