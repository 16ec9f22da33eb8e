# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter trust_policy: from trust anchors and certificate fields to an IAM trust policy."""

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_policy
short_description: Trust policy of an IAM role for IAM Roles Anywhere
version_added: 0.1.0
description:
  - Builds the trust policy of an IAM role that workloads with a certificate may assume through IAM Roles Anywhere.
  - The policy allows the three actions that Roles Anywhere needs, and only for certificates of the given trust
    anchors that have the given fields.
  - Values are compared as they are. Wildcards are refused unless O(like=true) says that they are meant.
  - Lists are sorted, so that the same input always gives the same document.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
positional: _input
options:
  _input:
    description:
      - ARN of the trust anchor, or a list of them. All must be of one account.
    type: raw
    required: true
  subject:
    description:
      - What the certificate's subject must hold, from attribute to a value or a list of values.
      - The attributes are V(CN), V(OU), V(O), V(C), V(ST), V(L), V(UID), V(DC), V(STREET), V(SERIALNUMBER), V(T), V(GN)
        and V(SN), and object identifiers such as V(2.5.4.97). Any other is refused, since no session would match it.
      - All attributes must match; of a list, any value may.
      - Several attributes of one type in a certificate are one value here, joined with V(/).
    type: dict
  issuer:
    description:
      - What the certificate's issuer must hold, written as O(subject).
    type: dict
  san:
    description:
      - What the certificate's subject alternative name must hold, with the keys V(DNS), V(URI) or V(Name/CN) and so on.
      - AWS looks at the first entry of each kind only.
    type: dict
  like:
    description:
      - Compare with C(StringLike) instead of C(StringEquals), so that V(*), V(?) and policy variables work in values.
    type: bool
    default: false
  account_id:
    description:
      - The account that the trust anchors must belong to, also required by the policy as C(aws:SourceAccount).
      - Write it in quotes.
    type: str
  allow_any_certificate:
    description:
      - Accept a policy without a condition on O(subject) or O(san), and warn about it.
      - Any certificate that the trust anchors trust may then take the role.
    type: bool
    default: false
  allow_any_anchor:
    description:
      - Accept an empty list of trust anchors, and warn about it.
      - Any trust anchor of the account may then vouch for a certificate.
    type: bool
    default: false
seealso:
  - module: amazon.aws.iam_role
  - name: Trust model of IAM Roles Anywhere
    description: What the conditions mean.
    link: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
"""

EXAMPLES = r"""
- name: Let the web servers take the role, one OU for all of them
  amazon.aws.iam_role:
    name: web
    assume_role_policy_document: >-
      {{ trust_anchor_arn | fleet.rolesanywhere.trust_policy(subject={'OU': 'web'}) }}

- name: Let two named hosts take the role
  amazon.aws.iam_role:
    name: backup
    assume_role_policy_document: >-
      {{ trust_anchor_arn
         | fleet.rolesanywhere.trust_policy(subject={'CN': ['backup1.example.com', 'backup2.example.com']}) }}

- name: Let the hosts of an inventory group take the role, whose common names are their inventory names
  amazon.aws.iam_role:
    name: database
    assume_role_policy_document: >-
      {{ trust_anchor_arn | fleet.rolesanywhere.trust_policy(subject={'CN': groups['database']}) }}
"""

RETURN = r"""
_value:
  description: The policy document.
  type: dict
  sample:
    Version: "2012-10-17"
    Statement:
      - Effect: Allow
        Principal:
          Service: rolesanywhere.amazonaws.com
        Action:
          - sts:AssumeRole
          - sts:SetSourceIdentity
          - sts:TagSession
        Condition:
          ArnEquals:
            aws:SourceArn: >-
              arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
          StringEquals:
            aws:PrincipalTag/x509Subject/OU: web
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError


def trust_policy(trust_anchor_arns: str | list[str], **options: Any) -> dict[str, Any]:
    """Return the policy document; see DOCUMENTATION for the options."""
    arns = [trust_anchor_arns] if isinstance(trust_anchor_arns, str) else trust_anchor_arns
    try:
        policy = trust_policies.build(arns, **options)
    except (RolesAnywhereError, TypeError) as error:
        raise AnsibleFilterError(f"trust_policy: {error}") from error
    for warning in policy.warnings:
        Display().warning(warning)
    return policy.document


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"trust_policy": trust_policy}
