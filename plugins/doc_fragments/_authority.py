# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the CA is."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are AUTHORITY of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  directory:
    description:
      - The folder of the CA. It holds C(root/), C(issuing/) with the CRL C(crl.pem), and the ledger
        C(ledger.sqlite), with mode 0700 and files of mode 0600.
      - It must be on a local file system. Back it up, the ledger with M(fleet.rolesanywhere.ca_backup).
    type: path
    required: true
requirements:
  - Python 3.11 or newer
  - cryptography 43.0.0 or newer
"""
