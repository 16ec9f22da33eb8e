#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module crl: which certificates AWS refuses although their CA is trusted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crl
short_description: Certificate revocation list of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Imports a certificate revocation list (CRL) for a trust anchor and enables it, updates it in place, and deletes it.
  - A CRL is refused, unless O(force=true), if none of the trust anchor's certificates signed it, if its number is
    lower than that of the CRL in place, and if it no longer lists a certificate that the CRL in place lists and that
    is neither among O(expired_serials) nor among O(left_out_serials).
  - A trust anchor takes two CRLs, one for each issuing CA. Updating in place never needs a third.
  - What was published is read back, for some seconds if need be. The module fails if AWS goes on showing another CRL.
  - A CRL stops new sessions. Sessions that were given before go on until they end.
  - It warns when the next CRL is overdue, and when a CRL has 90 percent of the size that AWS takes.
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
notes:
  - The caller needs C(rolesanywhere:ListCrls), or C(rolesanywhere:GetCrl) with O(id); to create a CRL
    C(rolesanywhere:ImportCrl); to change one C(rolesanywhere:UpdateCrl), C(rolesanywhere:EnableCrl),
    C(rolesanywhere:DisableCrl) and C(rolesanywhere:GetCrl); to delete one C(rolesanywhere:DeleteCrl); and for tags
    C(rolesanywhere:ListTagsForResource), C(rolesanywhere:TagResource) and C(rolesanywhere:UntagResource).
  - Without O(force=true) a new list also needs C(rolesanywhere:GetTrustAnchor), and
    C(acm-pca:GetCertificateAuthorityCertificate) where the trust anchor points to AWS Private CA. O(s3_uri) needs
    C(s3:GetObject).
seealso:
  - module: fleet.rolesanywhere.crl_info
options:
  trust_anchor_arn:
    description:
      - ARN of the trust anchor whose certificates the CRL is about.
      - Needed to create a CRL, and fixed from then on.
    type: str
  crl:
    description:
      - The CRL in PEM.
      - Needed to create a CRL, unless O(crl_path) or O(s3_uri) is given.
    type: str
  crl_path:
    description:
      - File with the CRL in PEM or DER, instead of O(crl). AWS is always given PEM, of 300,000 bytes at most.
    type: path
  s3_uri:
    description:
      - Object of Amazon S3 with the CRL in PEM or DER, instead of O(crl), as AWS Private CA and other CAs write it.
      - It is read with the credentials, the region and the other options of this module, O(endpoint_url) too, and not
        at all with O(state=absent).
    type: str
  expired_serials:
    description:
      - Serial numbers, in hexadecimal, of revoked certificates that have expired, so that the new CRL may leave them
        out. A CRL does not say when the certificates that it lists expire; the CA's ledger does.
    type: list
    elements: str
  left_out_serials:
    description:
      - Serial numbers, in hexadecimal, of revoked certificates that the new CRL leaves out for want of room, as
        M(fleet.rolesanywhere.ca_crl) returns them.
      - AWS accepts these certificates again.
    type: list
    elements: str
  enabled:
    description:
      - Whether AWS looks at the CRL.
    type: bool
    default: true
  force:
    description:
      - Publish a CRL that would be refused otherwise, except one that is too large, which AWS refuses.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Publish the CA's CRL
  fleet.rolesanywhere.crl:
    name: fleet
    trust_anchor_arn: "{{ anchor.trust_anchor.trust_anchor_arn }}"
    crl_path: /etc/fleet-ca/crl.pem
    region: eu-central-1

- name: Publish what the CA has just signed
  fleet.rolesanywhere.crl:
    name: fleet
    crl: "{{ signed.crl }}"
    region: eu-central-1

- name: Publish what AWS Private CA has written to S3
  fleet.rolesanywhere.crl:
    name: fleet
    s3_uri: s3://example-crls/crl/0f1b2c3d-7c5b-4d7a-9a4c-0a1b2c3d4e5f.crl
    region: eu-central-1
"""

RETURN = r"""
crl:
  description: The CRL as it is after the task, or would be after it in check mode, without its bytes.
  returned: when it exists after the task
  type: dict
  contains:
    crl_id:
      description: UUID of the CRL.
      returned: except for a new CRL in check mode
      type: str
      sample: 1b2a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    crl_arn:
      description: ARN of the CRL.
      returned: except for a new CRL in check mode
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:crl/1b2a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    name:
      description: Name of the CRL.
      returned: always
      type: str
      sample: fleet
    enabled:
      description: Whether AWS looks at it.
      returned: always
      type: bool
      sample: true
    trust_anchor_arn:
      description: ARN of the trust anchor that it belongs to.
      returned: always
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    created_at:
      description: When the CRL was imported.
      returned: except for a new CRL in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    updated_at:
      description: When the CRL was last changed.
      returned: except for a new CRL in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    tags:
      description: The CRL's tags.
      returned: when O(tags) is set
      type: dict
      sample: {"team": "platform"}
issuer:
  description: The name of the CA that signed the CRL, in the notation of RFC 4514.
  returned: when the CRL exists after the task and can be read
  type: str
  sample: CN=Example Issuing CA G1
crl_number:
  description: The CRL's number, which grows with each new one; null if the CA gives none.
  returned: when the CRL exists after the task and can be read
  type: int
  sample: 7
this_update:
  description: When the CRL was signed.
  returned: when the CRL exists after the task and can be read
  type: str
  sample: "2026-11-20T10:00:00Z"
next_update:
  description: When the next CRL is due; null if the CA does not say.
  returned: when the CRL exists after the task and can be read
  type: str
  sample: "2027-01-04T10:00:00Z"
entries:
  description: How many certificates the CRL lists.
  returned: when the CRL exists after the task and can be read
  type: int
  sample: 3
bytes:
  description: How many of the 300,000 bytes that AWS takes the CRL has in PEM.
  returned: when the CRL exists after the task and can be read
  type: int
  sample: 812
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import crls, resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Ensure the CRL and describe it."""
    library.check()
    return resources.manage(module, crls.KIND, crls.ensure)


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **resources.ARGUMENTS,
            "trust_anchor_arn": {"type": "str"},
            "crl": {"type": "str"},
            "crl_path": {"type": "path"},
            "s3_uri": {"type": "str"},
            "expired_serials": {"type": "list", "elements": "str"},
            "left_out_serials": {"type": "list", "elements": "str"},
            "enabled": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("crl", "crl_path", "s3_uri")],
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError, CertificateError)


if __name__ == "__main__":
    main()
