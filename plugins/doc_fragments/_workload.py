# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a workload keeps its certificate."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are WORKLOAD of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  directory:
    description:
      - The directory that holds the workloads of this machine.
      - An absolute path of letters, digits and C(_ . / = + @ , - :). No directory on the way to it may be writable
        for others than root and the user who runs this.
    type: path
    default: /etc/rolesanywhere
  name:
    description:
      - The workload's name. It keeps its certificate in O(directory)C(/<name>/current/).
    type: str
    default: default
requirements:
  - Python 3.8 or newer, nothing but its standard library
  - the C(openssl) program, 1.1.1 or 3
"""
