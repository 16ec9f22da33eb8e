# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of the host side: a sentence that names the thing and says what to do."""

from __future__ import annotations


class HostError(Exception):
    """Something on this machine is not as it must be."""
