# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a token that has the issuing CA's private key is opened."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is pkcs11 in PROVIDER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  pkcs11:
    description:
      - The token and the issuing CA's private key in it, needed with O(provider=pkcs11).
      - That needs python-pkcs11 0.10.1 or newer on the CA host. All else stays in O(directory), the root's key
        included, whose passphrase only M(fleet.rolesanywhere.ca) needs then, until you take that key away.
    type: dict
    suboptions:
      module:
        description: The path of the token's PKCS#11 library on the CA host.
        type: path
        required: true
      token:
        description: The label of the token.
        type: str
        required: true
      key:
        description: The label of the issuing CA's private key.
        type: str
        required: true
      key_id:
        description:
          - The ID of that key (CKA_ID) in hexadecimal, which tells it from others of its label. A key that is made gets
            it.
        type: str
      previous_key:
        description:
          - The label of the private key of the issuing CA before, as long as M(fleet.rolesanywhere.ca_rollover) goes on
            and O(pkcs11.key) is that of the next one. Of the two, the one that belongs to the certificate is used.
        type: str
      pin:
        description:
          - The user PIN of the token, best from a vaulted variable. At least 8 characters here; a shorter one has to
            come from a file or from the environment, because Ansible blots it out wherever it occurs by chance.
          - Exactly one of O(pkcs11.pin), O(pkcs11.pin_path) and O(pkcs11.pin_environment) is needed.
          - When the token says that one more wrong PIN would lock it, the PIN is not tried at all.
        type: str
      pin_path:
        description:
          - A file on the CA host that holds the PIN. A line end behind it does not count.
          - A file that others than its owner may read gives a warning.
        type: path
      pin_environment:
        description: The name of an environment variable on the CA host that holds the PIN.
        type: str
"""
