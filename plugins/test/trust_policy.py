# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test trust_policy: whether an IAM trust policy is as it should be."""

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_policy
short_description: Whether a trust policy for IAM Roles Anywhere is as it should be
version_added: 0.1.0
description:
  - True of the trust policy of an IAM role in which the filter P(fleet.rolesanywhere.trust_policy_faults#filter) finds
    nothing wrong.
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
  - plugin: fleet.rolesanywhere.trust_policy_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at the role
  amazon.aws.iam_role_info:
    name: web
  register: found

- name: Check its trust policy
  ansible.builtin.assert:
    that: found.iam_roles[0].assume_role_policy_document is fleet.rolesanywhere.trust_policy
"""

RETURN = r"""
_value:
  description: Whether nothing is wrong with the policy.
  type: bool
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policy_faults
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError


def trust_policy(policy: Any, **options: Any) -> bool:
    """Say whether nothing is wrong; see DOCUMENTATION for the options."""
    try:
        return not trust_policy_faults.find(policy, **options)
    except (RolesAnywhereError, TypeError) as error:
        raise AnsibleFilterError(f"trust_policy: {error}") from error


class TestModule:
    """Ansible's door to the test."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return the tests of this file by name."""
        return {"trust_policy": trust_policy}
