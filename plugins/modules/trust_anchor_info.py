#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module trust_anchor_info: which CAs AWS believes now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_anchor_info
short_description: Look at trust anchors of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Returns the trust anchors of an account in a region, with the certificates that they hold.
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
notes:
  - The caller needs C(rolesanywhere:ListTrustAnchors), or C(rolesanywhere:GetTrustAnchor) with O(id), and
    C(rolesanywhere:ListTagsForResource) with O(include_tags=true).
seealso:
  - module: fleet.rolesanywhere.trust_anchor
"""

EXAMPLES = r"""
- name: Look at all trust anchors of a region
  fleet.rolesanywhere.trust_anchor_info:
    region: eu-central-1
  register: look

- name: Say when their certificates end
  ansible.builtin.debug:
    msg: "{{ item.0.name }}: {{ item.1.subject }} ends at {{ item.1.not_after }}"
  loop: "{{ look.trust_anchors | subelements('certificates', skip_missing=True) }}"
  loop_control:
    label: "{{ item.0.name }}"
"""

RETURN = r"""
trust_anchors:
  description:
    - The trust anchors, each described as M(fleet.rolesanywhere.trust_anchor) returns it in
      RV(fleet.rolesanywhere.trust_anchor#module:trust_anchor), with what follows.
  returned: success
  type: list
  elements: dict
  contains:
    certificates:
      description: The certificates that the anchor holds, in its order. None for one that points to AWS Private CA.
      returned: when they can be read
      type: list
      elements: dict
      contains:
        subject:
          description: The CA's name in the notation of RFC 4514.
          returned: always
          type: str
          sample: CN=Example Issuing CA G1
        issuer:
          description: The name of the CA above it.
          returned: always
          type: str
          sample: CN=Example Root CA
        serial:
          description: The serial number in lower-case hexadecimal of even length.
          returned: always
          type: str
          sample: 4b1f6a0c2d3e4f5061728394a5b6c7d8
        not_before:
          description: Since when it is valid.
          returned: always
          type: str
          sample: "2026-11-19T10:00:00Z"
        not_after:
          description: When it ends.
          returned: always
          type: str
          sample: "2031-11-19T10:00:00Z"
        fingerprint:
          description: The SHA-256 of the certificate in hexadecimal.
          returned: always
          type: str
          sample: 5e6e5c3a1f0b4d2c8a7e9b6d1c0f3a2b4d5c6e7f8091a2b3c4d5e6f708192a3b
    tags:
      description: The anchor's tags.
      returned: with O(include_tags=true)
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import info, trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Look, and describe what is there."""
    library.check()
    found = Resources(Service.of(module), trust_anchors.KIND)
    seen = info.look(found, module.params, details=trust_anchors.facts_of)
    return {"changed": False, "trust_anchors": seen}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={**info.ARGUMENTS, **info.NAME},
        mutually_exclusive=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
