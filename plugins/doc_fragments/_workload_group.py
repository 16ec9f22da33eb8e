# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may read a workload's private key."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is WORKLOAD_GROUP of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  group:
    description:
      - The group, by name or number, that may read the workload's private key.
      - Without one only the owner can, which is the user who runs this.
    type: str
"""
