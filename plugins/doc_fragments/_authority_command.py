# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a program signs that stands for a CA."""

from __future__ import annotations


class ModuleDocFragment:
    """The option is command in PROVIDER of module_utils/_ca/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  command:
    description:
      - The programs that stand for the CA, needed with O(provider=command). Each is a list that begins with the
        absolute path of a program on the CA host; no shell is involved.
      - They get what is wanted in environment variables, for a request carries no names. C(ROLESANYWHERE_COMMON_NAME),
        C(ROLESANYWHERE_ORGANIZATION), C(ROLESANYWHERE_ORGANIZATIONAL_UNITS), C(ROLESANYWHERE_DNS_NAMES) and
        C(ROLESANYWHERE_URIS) are names, one a line where there can be several. C(ROLESANYWHERE_NOT_BEFORE) and
        C(ROLESANYWHERE_NOT_AFTER) are times such as C(2026-11-20T10:00:00Z), beyond which the certificate must not go.
        C(ROLESANYWHERE_SERIAL) is a serial number in hexadecimal that may be used. C(ROLESANYWHERE_TOKEN) names what is
        asked for.
      - The certificate needs keyUsage digitalSignature and extendedKeyUsage clientAuth.
      - What they hand back is checked. A certificate that is not what was wanted is revoked, and its host gets none.
    type: dict
    suboptions:
      issue:
        description:
          - Reads the request in PEM and prints the certificate in PEM, at most 64 KiB. More certificates may follow it.
          - When it fails, or prints anything else, it may be run again for the same host with another token.
        type: list
        elements: str
        required: true
      find:
        description:
          - Prints the certificate that was issued for C(ROLESANYWHERE_TOKEN) before, or nothing. It gets all that
            O(command.issue) got. Without it an answer that was lost stays lost.
        type: list
        elements: str
      revoke:
        description:
          - Revokes the certificate C(ROLESANYWHERE_SERIAL) for C(ROLESANYWHERE_REASON), one of RFC 5280's words such as
            C(keyCompromise). It must not fail when that was done before.
        type: list
        elements: str
      crl:
        description: Prints the newest CRL in PEM or DER.
        type: list
        elements: str
      certificate:
        description:
          - Prints the issuing CA's certificate in PEM.
          - Exactly one of O(command.certificate) and O(command.certificate_path) is needed.
        type: list
        elements: str
      certificate_path:
        description: The file on the CA host that holds the issuing CA's certificate in PEM.
        type: path
      timeout:
        description: After how many seconds a program is ended, with all that it has started. At most 300.
        type: int
        default: 60
      parallel:
        description: How many of O(command.issue) may run at once. At most 32.
        type: int
        default: 1
      environment:
        description:
          - More environment variables for the programs, which otherwise have nearly none. Not for secrets, since
            Ansible shows them.
        type: dict
      inherit:
        description:
          - The names of environment variables of this module that the programs get too, for example one with a secret.
        type: list
        elements: str
        default: []
"""
