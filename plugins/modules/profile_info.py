#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module profile_info: which roles a session may take now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: profile_info
short_description: Look at profiles of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Returns the profiles of an account in a region.
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
notes:
  - The caller needs C(rolesanywhere:ListProfiles), or C(rolesanywhere:GetProfile) with O(id), and
    C(rolesanywhere:ListTagsForResource) with O(include_tags=true).
seealso:
  - module: fleet.rolesanywhere.profile
"""

EXAMPLES = r"""
- name: Look at the profiles of this name
  fleet.rolesanywhere.profile_info:
    name: web
    include_tags: true
    region: eu-central-1
  register: look

- name: Say which roles they give
  ansible.builtin.debug:
    msg: "{{ look.profiles | map(attribute='role_arns') | flatten | unique }}"
"""

RETURN = r"""
profiles:
  description:
    - The profiles, each described as M(fleet.rolesanywhere.profile) returns it in
      RV(fleet.rolesanywhere.profile#module:profile).
  returned: success
  type: list
  elements: dict
  contains:
    tags:
      description: The profile's tags.
      returned: with O(include_tags=true)
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import info, profiles
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Look, and describe what is there."""
    found = Resources(Service.of(module), profiles.KIND)
    return {"changed": False, "profiles": info.look(found, module.params)}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={**info.ARGUMENTS, **info.NAME},
        mutually_exclusive=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError)


if __name__ == "__main__":
    main()
