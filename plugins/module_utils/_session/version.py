# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the collection, which the portable helper tells; a file of its own because asking costs nothing so."""

from __future__ import annotations

VERSION = "0.1.0"
