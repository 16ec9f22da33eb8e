# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter trust_policy_faults: from an IAM trust policy to what is wrong with it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_policy_faults
short_description: What is wrong with an IAM trust policy for IAM Roles Anywhere
version_added: 0.1.0
description:
  - Looks at the trust policy of an IAM role as IAM Roles Anywhere would meet it, and returns what is wrong with it, a
    sentence each.
  - Found are missing actions, missing conditions on the trust anchor and on the certificate, other principals in the
    same statement, operators that also hold of a certificate without the field, wildcards where they do not work,
    values and fields with which a condition never holds, and fields that the profile does not map.
  - Statements about other principals are not looked at, and a C(Deny) does not count as a condition.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
positional: _input
options:
  _input:
    description:
      - The trust policy, as a dictionary or as JSON.
    type: raw
    required: true
  attribute_mappings:
    description:
      - The attribute mappings of the profile, as M(fleet.rolesanywhere.profile_info) and
        M(fleet.rolesanywhere.profile) return them, or as that takes them in
        O(fleet.rolesanywhere.profile#module:attribute_mappings).
      - When this, or a field of that option, is left out, the fields count as mapped.
    type: raw
seealso:
  - plugin: fleet.rolesanywhere.trust_policy
    plugin_type: test
  - plugin: fleet.rolesanywhere.trust_policy
    plugin_type: filter
  - module: amazon.aws.iam_role_info
"""

EXAMPLES = r"""
- name: Look at the role
  amazon.aws.iam_role_info:
    name: web
  register: found

- name: Say what is wrong with its trust policy
  ansible.builtin.debug:
    msg: "{{ found.iam_roles[0].assume_role_policy_document | fleet.rolesanywhere.trust_policy_faults }}"
"""

RETURN = r"""
_value:
  description: What is wrong, a sentence each; empty for a policy that is as it should be.
  type: list
  elements: str
  sample:
    - "No statement allows sts:TagSession, which Roles Anywhere needs to make a session."
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policy_faults as room
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError


def trust_policy_faults(policy: Any, **options: Any) -> list[str]:
    """Return what is wrong; see DOCUMENTATION for the options."""
    try:
        return room.find(policy, **options)
    except (RolesAnywhereError, TypeError) as error:
        raise AnsibleFilterError(f"trust_policy_faults: {error}") from error


class FilterModule:
    """Ansible's door to the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"trust_policy_faults": trust_policy_faults}
