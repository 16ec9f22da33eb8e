# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module can do; a module names only what is different with it."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of all modules, of those that need a POSIX system, and of those that talk to AWS."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and say whether it would change anything.
    support: full
  diff_mode:
    description: Returns what changes, or would change in check mode.
    support: full
  idempotent:
    description: Changes nothing when run again with the same options.
    support: full
"""

    POSIX = r"""
attributes:
  platform:
    description: The systems that it works on.
    platforms: posix
    support: full
"""

    AWS = r"""
attributes:
  action_group:
    description: Takes the C(module_defaults) of the group.
    support: full
    membership:
      - fleet.rolesanywhere.aws
"""
