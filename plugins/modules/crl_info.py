#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module crl_info: which certificates AWS refuses now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crl_info
short_description: Look at certificate revocation lists of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Returns the certificate revocation lists (CRLs) of an account in a region, with what they revoke.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
extends_documentation_fragment:
  - fleet.rolesanywhere._aws_info
  - fleet.rolesanywhere._aws_info.name
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
requirements:
  - cryptography
options:
  trust_anchor_arn:
    description:
      - ARN of the trust anchor whose CRLs to look at.
    type: str
notes:
  - The caller needs C(rolesanywhere:ListCrls), or C(rolesanywhere:GetCrl) with O(id), and
    C(rolesanywhere:ListTagsForResource) with O(include_tags=true).
seealso:
  - module: fleet.rolesanywhere.crl
  - module: fleet.rolesanywhere.trust_anchor_info
"""

EXAMPLES = r"""
- name: Look at the CRLs of a trust anchor
  fleet.rolesanywhere.crl_info:
    trust_anchor_arn: "{{ anchor.trust_anchor.trust_anchor_arn }}"
    region: eu-central-1
  register: look

- name: Make sure that a certificate is refused
  ansible.builtin.assert:
    that: look.crls | selectattr('enabled') | map(attribute='revoked_serials') | flatten is contains(serial)
  vars:
    serial: 4b1f6a0c2d3e4f5061728394a5b6c7d8
"""

RETURN = r"""
crls:
  description:
    - The CRLs, each described as M(fleet.rolesanywhere.crl) returns it in
      RV(fleet.rolesanywhere.crl#module:crl), with what follows.
  returned: success
  type: list
  elements: dict
  contains:
    issuer:
      description: The name of the CA that signed the CRL, in the notation of RFC 4514.
      returned: when the CRL can be read
      type: str
      sample: CN=Example Issuing CA G1
    crl_number:
      description: The CRL's number, which grows with each new one; null if the CA gives none.
      returned: when the CRL can be read
      type: int
      sample: 7
    this_update:
      description: When the CRL was signed.
      returned: when the CRL can be read
      type: str
      sample: "2026-11-20T10:00:00Z"
    next_update:
      description: When the next CRL is due; null if the CA does not say.
      returned: when the CRL can be read
      type: str
      sample: "2027-01-04T10:00:00Z"
    entries:
      description: How many certificates the CRL lists.
      returned: when the CRL can be read
      type: int
      sample: 1
    bytes:
      description: How many of the 300,000 bytes that AWS takes the CRL has in PEM.
      returned: when the CRL can be read
      type: int
      sample: 812
    revoked_serials:
      description: The serial numbers of the certificates that the CRL lists, in lower-case hexadecimal of even length.
      returned: when the CRL can be read
      type: list
      elements: str
      sample: [4b1f6a0c2d3e4f5061728394a5b6c7d8]
    tags:
      description: The CRL's tags.
      returned: with O(include_tags=true)
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import crls, info
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Look, and describe what is there."""
    library.check()
    found = Resources(Service.of(module), crls.KIND)
    return {"changed": False, "crls": crls.look(found, module.params)}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={**info.ARGUMENTS, **info.NAME, "trust_anchor_arn": {"type": "str"}},
        mutually_exclusive=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
