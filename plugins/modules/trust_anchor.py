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
  - An anchor can point to a CA of AWS Private CA instead. AWS goes by the certificate that this CA had when the anchor
    was last created or updated, so that the anchor is updated, once, when the CA has changed since.
  - An anchor is deleted together with its CRLs.
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
      - Needed to create an anchor, unless O(certificate_paths) or O(acm_pca_arn) is given.
    type: list
    elements: str
  certificate_paths:
    description:
      - Files with the CA certificates, in PEM or DER, instead of O(certificates).
    type: list
    elements: path
  acm_pca_arn:
    description:
      - ARN of a CA of AWS Private CA, instead of O(certificates). It must be active, and of the anchor's account and
        region.
      - Only if this is given, the anchor is updated after the CA was renewed; the reason is C(refresh_due) in the
        diff.
    type: str
  notification_settings:
    description:
      - When AWS tells of certificates that will expire; in place of AWS's own settings, which are 45 days for both
        events (U(https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html)).
      - The list replaces what is there. An event that it leaves out gets AWS's own settings again.
    type: list
    elements: dict
    suboptions:
      event:
        description:
          - What AWS tells of, the expiry of a CA's or of a workload's certificate.
        type: str
        required: true
        choices: [CA_CERTIFICATE_EXPIRY, END_ENTITY_CERTIFICATE_EXPIRY]
      enabled:
        description:
          - Whether AWS tells of it.
        type: bool
        default: true
      threshold:
        description:
          - From how many days before the expiry AWS tells of it, 1 to 360.
          - Needed for a setting that is enabled, and without meaning for another.
        type: int
  enabled:
    description:
      - Whether AWS accepts certificates under this anchor.
      - When this is left out, a new anchor is enabled and an existing one stays as it is.
    type: bool
  include_root:
    description:
      - Accept a self-signed certificate, or a root of AWS Private CA, and warn about it.
    type: bool
    default: false
  seen_within:
    description:
      - How many days ago a workload may have been seen to count as one that still needs the anchor, 1 to 36500.
      - The default is the usual lifetime of a workload's certificate.
    type: int
    default: 30
  force:
    description:
      - Take a CA out of the anchor, or delete the anchor, although a workload was seen with a certificate of that CA
        that is not revoked, and no newer one, within O(seen_within).
      - Delete the anchor although one of its CRLs is enabled.
      - Without it, one request a second is made for each workload that was seen lately, until one is found that
        would be cut off. A workload is known by the CA that signed its certificate; one whose certificate is of an
        intermediate CA that the anchor does not hold is not found.
    type: bool
    default: false
notes:
  - A task that finds nothing to change makes one request more, to AWS Private CA, if O(acm_pca_arn) is set.
  - The caller needs C(rolesanywhere:ListTrustAnchors) or, with O(id), C(rolesanywhere:GetTrustAnchor), and what a
    change takes of C(rolesanywhere:CreateTrustAnchor), C(rolesanywhere:UpdateTrustAnchor),
    C(rolesanywhere:EnableTrustAnchor), C(rolesanywhere:DisableTrustAnchor), C(rolesanywhere:GetTrustAnchor),
    C(rolesanywhere:PutNotificationSettings), C(rolesanywhere:ResetNotificationSettings) and
    C(rolesanywhere:DeleteTrustAnchor) with C(rolesanywhere:ListCrls) and C(rolesanywhere:DeleteCrl).
  - Tags take C(rolesanywhere:ListTagsForResource), C(rolesanywhere:TagResource) and C(rolesanywhere:UntagResource).
  - Without O(force), taking away a CA takes C(rolesanywhere:ListSubjects), C(rolesanywhere:GetSubject) and
    C(rolesanywhere:ListCrls).
  - With O(acm_pca_arn) the caller needs C(acm-pca:DescribeCertificateAuthority) and
    C(acm-pca:GetCertificateAuthorityCertificate).
  - The first trust anchor of an account takes C(iam:CreateServiceLinkedRole).
"""

EXAMPLES = r"""
- name: Trust the issuing CA
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    certificate_paths: /etc/fleet-ca/issuing/certificate.pem
    region: eu-central-1
  register: anchor

- name: Trust a CA of AWS Private CA, and follow it when it is renewed
  fleet.rolesanywhere.trust_anchor:
    name: private
    acm_pca_arn: arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    region: eu-central-1

- name: Hear of the CA's end half a year before, and nothing of workloads, whose certificates live for 30 days
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    notification_settings:
      - event: CA_CERTIFICATE_EXPIRY
        threshold: 180
      - event: END_ENTITY_CERTIFICATE_EXPIRY
        enabled: false
    region: eu-central-1

- name: Let nobody in for the time being
  fleet.rolesanywhere.trust_anchor:
    id: "{{ anchor.trust_anchor.trust_anchor_arn }}"
    enabled: false
    region: eu-central-1

- name: Delete an anchor that nobody has come under for a week, with its CRLs unless they are enabled
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    state: absent
    seen_within: 7
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
      description:
        - The C(source_type) and the C(source_data), which holds the certificates as C(x509_certificate_data), or the
          ARN of the CA as C(acm_pca_arn).
      returned: always
      type: dict
    notification_settings:
      description: When AWS tells of certificates that will expire.
      returned: except for a new anchor in check mode without O(notification_settings)
      type: list
      elements: dict
      contains:
        event:
          description: What AWS tells of.
          returned: always
          type: str
          sample: CA_CERTIFICATE_EXPIRY
        enabled:
          description: Whether AWS tells of it.
          returned: always
          type: bool
          sample: true
        threshold:
          description: From how many days before the expiry; null if it is not enabled.
          returned: always
          type: int
          sample: 45
        channel:
          description: Where AWS tells of it.
          returned: always
          type: str
          sample: ALL
        customized:
          description: Whether somebody set it; otherwise it is AWS's own setting.
          returned: always
          type: bool
          sample: false
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
deleted_crls:
  description: The CRLs that were deleted with the anchor, or would be in check mode.
  returned: when an anchor was deleted
  type: list
  elements: dict
  contains:
    crl_id:
      description: UUID of the CRL.
      returned: always
      type: str
      sample: 1b2a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    crl_arn:
      description: ARN of the CRL.
      returned: always
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:crl/1b2a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    name:
      description: Name of the CRL.
      returned: always
      type: str
      sample: fleet
    enabled:
      description: Whether AWS looked at it.
      returned: always
      type: bool
      sample: false
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import (
    notification_settings,
    resources,
    trust_anchors,
)
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
            "acm_pca_arn": {"type": "str"},
            "notification_settings": notification_settings.ARGUMENT,
            "enabled": {"type": "bool"},
            "include_root": {"type": "bool", "default": False},
            "seen_within": {"type": "int", "default": 30},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("certificates", "certificate_paths", "acm_pca_arn")],
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
