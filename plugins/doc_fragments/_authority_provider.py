# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is the provider in PROVIDER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - Who signs. Each provider but V(file) has options of its own, all of them in the option that is named like it.
      - With V(file) the issuing CA's private key lies in O(directory), and the passphrase opens it.
      - With V(pkcs11) it lies in a PKCS#11 token, such as a hardware security module, and never leaves it.
      - With V(private_ca) AWS Private CA signs, revokes, and writes the CRL.
      - With V(vault) the PKI engine of HashiCorp Vault or OpenBao signs, and with V(command) a program of yours.
    type: str
    choices: [file, pkcs11, private_ca, vault, command]
    default: file
"""
