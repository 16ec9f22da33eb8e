# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the library that all of this package stands on is there, so that its absence is one sentence."""

from __future__ import annotations

import sys

from .errors import CertificateError

MINIMUM_VERSION = (43, 0)


def check() -> None:
    """Check that cryptography is there and new enough for this package.

    :raises CertificateError: it is not.
    """
    minimum = ".".join(str(number) for number in MINIMUM_VERSION)
    wanted = f"Install the Python library cryptography {minimum} or newer for {sys.executable}"
    try:
        import cryptography
    except ImportError:
        raise CertificateError(f"{wanted}: it is missing.") from None
    if tuple(int(number) for number in cryptography.__version__.split(".")[:2]) < MINIMUM_VERSION:
        raise CertificateError(f"{wanted}: it is {cryptography.__version__}.")
