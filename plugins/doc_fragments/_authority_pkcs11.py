# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the issuing CA's private key is, and how a token is opened."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are PKCS11 of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - Where the issuing CA's private key is.
      - With V(file) it lies in O(directory), and the passphrase opens it.
      - With V(pkcs11) it lies in a PKCS#11 token, such as a hardware security module, and never leaves it. That needs
        python-pkcs11 0.10.1 or newer on the CA host. All else stays in O(directory), the root's key included, whose
        passphrase only M(fleet.rolesanywhere.ca) needs then, until you take that key away.
    type: str
    choices: [file, pkcs11]
    default: file
  pkcs11_module:
    description: The path of the token's PKCS#11 library on the CA host. Needed with O(provider=pkcs11).
    type: path
  pkcs11_token:
    description: The label of the token. Needed with O(provider=pkcs11).
    type: str
  pkcs11_key:
    description: The label of the issuing CA's private key. Needed with O(provider=pkcs11).
    type: str
  pkcs11_key_id:
    description:
      - The ID of that key (CKA_ID) in hexadecimal, which tells it from others of its label. A key that is made gets it.
    type: str
  pkcs11_pin:
    description:
      - The user PIN of the token, best from a vaulted variable. At least 8 characters here; a shorter one has to come
        from a file or from the environment, because Ansible blots it out wherever it occurs by chance.
      - Mutually exclusive with O(pkcs11_pin_path) and O(pkcs11_pin_environment), of which one is needed with
        O(provider=pkcs11).
      - When the token says that one more wrong PIN would lock it, the PIN is not tried at all.
    type: str
  pkcs11_pin_path:
    description:
      - A file on the CA host that holds the PIN. A line end behind it does not count.
      - A file that others than its owner may read gives a warning.
    type: path
  pkcs11_pin_environment:
    description: The name of an environment variable on the CA host that holds the PIN.
    type: str
"""
