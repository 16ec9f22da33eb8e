#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module trust_anchor: which CAs AWS believes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: trust_anchor
short_description: Trust anchor of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Creates, changes and deletes a trust anchor, which tells AWS whose certificates workloads may come with.
  - The anchor should hold the issuing CA only, not the root above it. Every CA under a root that is in an anchor can
    vouch for workloads, and the second of the two places is needed to go over to the next issuing CA.
  - Certificates are checked before AWS is asked.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.aws
  - fleet.rolesanywhere._aws_resource
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
requirements:
  - cryptography
options:
  certificates:
    description:
      - The one or two CA certificates of the anchor, in PEM. They replace those that are there.
      - Needed to create an anchor, unless O(certificate_paths) is given.
    type: list
    elements: str
  certificate_paths:
    description:
      - Files with the CA certificates, instead of O(certificates).
    type: list
    elements: path
  enabled:
    description:
      - Whether AWS accepts certificates under this anchor.
      - When this is left out, a new anchor is enabled and an existing one stays as it is.
    type: bool
  include_root:
    description:
      - Accept a self-signed certificate, and warn about it.
    type: bool
    default: false
  force:
    description:
      - Take a certificate out of the anchor although a workload was seen with a certificate under it, and no newer
        one, in the last 30 days.
      - Without it, one request a second is made for each workload that was seen lately, until one is found that
        would be cut off.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Trust the issuing CA
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    certificate_paths: /etc/fleet-ca/issuing/certificate.pem
    region: eu-central-1
  register: anchor

- name: Let nobody in for the time being
  fleet.rolesanywhere.trust_anchor:
    id: "{{ anchor.trust_anchor.trust_anchor_arn }}"
    enabled: false
    region: eu-central-1
"""

RETURN = r"""
trust_anchor:
  description: The trust anchor as it is after the task, or would be after it in check mode.
  returned: when it exists after the task
  type: dict
  contains:
    trust_anchor_id:
      description: UUID of the anchor.
      returned: except for a new anchor in check mode
      type: str
      sample: 4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    trust_anchor_arn:
      description: ARN of the anchor.
      returned: except for a new anchor in check mode
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    name:
      description: Name of the anchor.
      returned: always
      type: str
      sample: fleet
    enabled:
      description: Whether AWS accepts certificates under it.
      returned: always
      type: bool
      sample: true
    source:
      description: The C(source_type) and the C(source_data), which holds the certificates as C(x509_certificate_data).
      returned: always
      type: dict
    notification_settings:
      description: When AWS tells of certificates that will expire.
      returned: except for a new anchor in check mode
      type: list
      elements: dict
    created_at:
      description: When the anchor was made.
      returned: except for a new anchor in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    updated_at:
      description: When the anchor was last changed.
      returned: except for a new anchor in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    tags:
      description: The anchor's tags.
      returned: when O(tags) is set
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import resources, trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Ensure the trust anchor and describe it."""
    library.check()
    return resources.manage(module, trust_anchors.KIND, trust_anchors.ensure)


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **resources.ARGUMENTS,
            "certificates": {"type": "list", "elements": "str"},
            "certificate_paths": {"type": "list", "elements": "path"},
            "enabled": {"type": "bool"},
            "include_root": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("certificates", "certificate_paths")],
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
