# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of this package. Private to the collection: it may change at any time."""

from __future__ import annotations


class RolesAnywhereError(Exception):
    """Something about the AWS side that a person must decide; the message is one sentence that says what."""
