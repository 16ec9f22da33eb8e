# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a workload's certificate should be, and when it is to be replaced."""

from __future__ import annotations


class ModuleDocFragment:
    """The options are CERTIFICATE_WISHES of module_utils/_host/argument_specs.py."""

    DOCUMENTATION = r"""
options:
  common_name:
    description:
      - The common name that the certificate should have. Without it, any will do.
    type: str
  organization:
    description:
      - The organization that the certificate should have. Without it, any will do; an empty one means none.
    type: str
  organizational_units:
    description:
      - The organizational units that the certificate should have, in this order. Without it, any will do.
    type: list
    elements: str
  dns_names:
    description:
      - The DNS names that the certificate's subject alternative name should have, in this order. Without it, any will
        do.
    type: list
    elements: str
  uris:
    description:
      - The URIs that the certificate's subject alternative name should have, in this order. Without it, any will do.
    type: list
    elements: str
  issuers:
    description:
      - The issuing CAs that are accepted now. A certificate of another one is to be replaced, which is how a fleet
        moves to a new CA. Without any, each will do.
      - Each is the CA's certificate in PEM form, the key identifier of its certificate in hex (a certificate's
        authority key identifier names it), or its subject as in RFC 4514.
      - A CA's certificate is compared by the bytes of its subject and, where both have one, by its key identifier.
    type: list
    elements: str
    default: []
  key_type:
    description:
      - The type that the private key should have. Without it, any will do.
    type: str
    choices: [ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096]
  key_store:
    description:
      - Where the private key should be, see O(fleet.rolesanywhere.certificate_request#module:key_store). Without it,
        anywhere.
    type: str
    choices: [file, tss2]
  renew_when_left:
    description:
      - A new certificate is due when less than this share of the lifetime is left, from 0 to 1.
    type: float
    default: 0.333
  renew_when_days_left:
    description:
      - A new certificate is due, too, when less than this number of days is left.
    type: float
    default: 0
  renew_jitter:
    description:
      - How much earlier, at most, new certificates are due so that a fleet does not renew all at once, as a share of
        the lifetime from 0 to 1. Of certificates of 30 days, V(0.1) spreads the renewals over three.
      - How much earlier this one is due follows from its fingerprint, so that every look agrees.
    type: float
    default: 0.1
  force:
    description:
      - Whether a new certificate is due in any case.
    type: bool
    default: false
  now:
    description:
      - The time to decide for, in ISO 8601 with a time zone, to see what will be due then and for tests. By default
        the time of the machine.
    type: str
"""
