# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the CA's private keys are unlocked."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are PASSPHRASE of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  passphrase:
    description:
      - The passphrase of the CA's private keys, best from a vaulted variable. At least 8 characters.
      - Mutually exclusive with O(passphrase_path) and O(passphrase_environment).
    type: str
  passphrase_path:
    description:
      - A file on the CA host that holds the passphrase. A line end behind it does not count.
      - A file that others than its owner may read gives a warning.
    type: path
  passphrase_environment:
    description: The name of an environment variable on the CA host that holds the passphrase.
    type: str
"""
