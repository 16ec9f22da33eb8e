# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SELinux context of what a module writes, in the words of ansible.builtin.file."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are SELINUX of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  seuser:
    description:
      - The user part of the SELinux context of the workload's directories and files.
      - By default what is new gets the policy's, and what is there keeps its own. V(_default) means the policy's in any
        case. Without SELinux it has no effect; all this is true of the other three parts, too.
    type: str
  serole:
    description:
      - The role part of the SELinux context.
    type: str
  setype:
    description:
      - The type part of the SELinux context, for instance V(cert_t).
    type: str
  selevel:
    description:
      - The level part of the SELinux context, which is the MLS or MCS range.
    type: str
"""
