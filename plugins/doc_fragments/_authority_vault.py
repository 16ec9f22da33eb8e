# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How HashiCorp Vault or OpenBao is asked."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is vault in PROVIDER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  vault:
    description:
      - The PKI secrets engine of HashiCorp Vault or OpenBao, needed with O(provider=vault). That needs hvac 2.3.0 or
        newer on the CA host.
      - The CA is the default issuer of the mount. The role decides what is signed. It has to allow the names, take keys
        of any type, give the wanted organization and organizational unit itself, at most one of the latter, and
        backdate by less than five minutes.
      - Exactly one of O(vault.token), O(vault.token_path), O(vault.token_environment) and O(vault.approle) is needed.
        The policy needs C(update) on C(sign/ROLE) and C(revoke), C(list) on C(certs), C(read) on C(cert/*), and, so
        that other names are seen before anything is signed, C(read) on C(roles/ROLE).
    type: dict
    suboptions:
      url:
        description: Its address, such as C(https://vault.example.com:8200). Without TLS only on this machine.
        type: str
        required: true
      mount:
        description: The path at which the engine is mounted.
        type: str
        default: pki
      role:
        description: The role that signs.
        type: str
        required: true
      namespace:
        description: The namespace, where there are any.
        type: str
      ca_path:
        description: A file on the CA host with the certificates in PEM that its TLS certificate is checked against.
        type: path
      token:
        description: The token, best from a vaulted variable.
        type: str
      token_path:
        description:
          - A file on the CA host that holds the token. A line end behind it does not count.
          - A file that others than its owner may read gives a warning.
        type: path
      token_environment:
        description: The name of an environment variable on the CA host that holds the token.
        type: str
      approle:
        description: An AppRole to log in with.
        type: dict
        suboptions:
          mount:
            description: The path at which the AppRole method is mounted.
            type: str
            default: approle
          role_id:
            description: The role ID.
            type: str
            required: true
          secret_id:
            description:
              - The secret ID, best from a vaulted variable.
              - Exactly one of O(vault.approle.secret_id), O(vault.approle.secret_id_path) and
                O(vault.approle.secret_id_environment) is needed.
            type: str
          secret_id_path:
            description: A file on the CA host that holds the secret ID.
            type: path
          secret_id_environment:
            description: The name of an environment variable on the CA host that holds the secret ID.
            type: str
"""
