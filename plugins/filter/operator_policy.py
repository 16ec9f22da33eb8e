# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter operator_policy: from a persona to the IAM policy that is enough for its tasks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: operator_policy
short_description: IAM policy of those who run IAM Roles Anywhere
version_added: 0.1.0
description:
  - Builds the IAM policy that a persona needs for its tasks with this collection's modules, in one account and region,
    and nothing more.
  - C(administrator) does everything with trust anchors, profiles and CRLs, and what the role
    P(fleet.rolesanywhere.trust#role) does with the IAM roles in O(role_arns).
  - C(crl_publisher) replaces the contents of CRLs that are there. It cannot import, enable, disable or delete one.
  - C(revoker) does what a publisher does, and writes the inline policies of the roles in O(role_arns), to end sessions.
  - C(auditor) reads all of Roles Anywhere, the IAM roles, and all managed policies of the account and of AWS.
  - C(fleet_operator) finds trust anchors and profiles, and sees which hosts came with which certificate.
  - Each is narrowed by the ARNs that are given. Where an option is left out, all of its kind in the account and region
    are meant. Options that a persona has no use for are ignored.
  - Actions that take no resource in IAM, such as those that list and create, are allowed in the region only.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
positional: _input
options:
  _input:
    description:
      - The persona.
    type: str
    choices: [administrator, crl_publisher, revoker, auditor, fleet_operator]
    required: true
  account_id:
    description:
      - The account. Write it in quotes.
    type: str
    required: true
  region:
    description:
      - The region of the trust anchors, profiles and CRLs. For several regions make several policies.
    type: str
    required: true
  partition:
    description:
      - The partition, such as V(aws-cn). When this is left out, it is that of O(region), for which botocore is needed.
    type: str
  trust_anchor_arns:
    description:
      - One trust anchor, or a list of them. An administrator then works on these and creates no other.
    type: raw
  profile_arns:
    description:
      - One profile, or a list of them. An administrator then works on these and creates no other.
    type: raw
  crl_arns:
    description:
      - One CRL, or a list of them. An administrator then works on these and imports no other.
    type: raw
  role_arns:
    description:
      - One IAM role, or a list of them. Needed for the administrator and the revoker.
      - Only these roles can be passed to Roles Anywhere, and to no other service.
    type: raw
  acm_pca_arns:
    description:
      - One CA of AWS Private CA, or a list of them, whose certificates are read.
    type: raw
  s3_object_arns:
    description:
      - One S3 object, or a list of them, from which CRLs are read. When this is left out, nothing is read from S3.
      - An object that is encrypted with a key of your own needs C(kms:Decrypt) besides.
    type: raw
  permissions_boundary_arn:
    description:
      - A managed policy. Administrator and revoker then give rights only to IAM roles that have it as their permissions
        boundary, and the administrator creates none without it.
      - It says what a workload may do at most, however the administrator writes its policies. Give the same
        ARN in O(fleet.rolesanywhere.trust#role:main:trust_role_permissions_boundary).
      - An administrator can put this boundary on a named role that has none or another one, and cannot take it off.
    type: str
notes:
  - B(An administrator can give the named roles any right) and let anybody take them, with C(iam:PutRolePolicy),
    C(iam:AttachRolePolicy) and C(iam:UpdateAssumeRolePolicy); a revoker can do the former, with C(iam:PutRolePolicy).
    IAM cannot say what may stand in a policy, so name only roles of workloads in O(role_arns).
  - O(permissions_boundary_arn) limits that. Without it no persona changes or removes the boundary of a role, but an
    administrator can delete the role and create it anew without one.
  - A managed policy takes 6,144 characters, the inline policies of a user 2,048. The filter warns of a longer policy
    than a managed one can be.
seealso:
  - module: amazon.aws.iam_managed_policy
  - name: Actions, resources, and condition keys for AWS Identity and Access Management Roles Anywhere
    description: What the actions mean.
    link: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
"""

EXAMPLES = r"""
- name: Make a policy for the machine that publishes the CRL
  amazon.aws.iam_managed_policy:
    name: crl-publisher
    policy: >-
      {{ 'crl_publisher' | fleet.rolesanywhere.operator_policy(account_id='123456789012', region='eu-central-1',
         crl_arns=crl_arn, trust_anchor_arns=trust_anchor_arn) }}

- name: Make a policy for those who set up the workload web
  amazon.aws.iam_managed_policy:
    name: rolesanywhere-administrator
    policy: >-
      {{ 'administrator' | fleet.rolesanywhere.operator_policy(account_id='123456789012', region='eu-central-1',
         role_arns=['arn:aws:iam::123456789012:role/web'],
         permissions_boundary_arn='arn:aws:iam::123456789012:policy/workloads') }}
"""

RETURN = r"""
_value:
  description: The policy document.
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - Sid: FindCrl
        Effect: Allow
        Action:
          - rolesanywhere:ListCrls
        Resource: "*"
        Condition:
          StringEquals:
            aws:RequestedRegion: eu-central-1
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import operator_policies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError


def operator_policy(persona: str, **options: Any) -> dict[str, Any]:
    """Return the policy document; see DOCUMENTATION for the options."""
    try:
        policy = operator_policies.build(persona, **options)
    except (RolesAnywhereError, TypeError) as error:
        raise AnsibleFilterError(f"operator_policy: {error}") from error
    for warning in policy.warnings:
        Display().warning(warning)
    return policy.document


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"operator_policy": operator_policy}
