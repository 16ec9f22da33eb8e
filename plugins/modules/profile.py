#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module profile: which roles a session may take, and what narrows it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: profile
short_description: Profile of IAM Roles Anywhere
version_added: 0.1.0
description:
  - Creates, changes and deletes a profile, which lists the IAM roles that a session may be for, and narrows what the
    session may do.
  - The caller needs C(iam:PassRole) on each of the roles.
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
options:
  role_arns:
    description:
      - The roles that a session may be for, all of the profile's own account. They replace those that are there.
      - Needed to create a profile; may be empty.
    type: list
    elements: str
  session_policy:
    description:
      - An IAM policy that narrows every session of the profile, a session may do only what its role and this policy
        both allow.
      - A policy without any C(Allow) would let sessions do nothing, and is refused.
      - AWS has no call that removes a session policy. An empty value is refused where there is one.
    type: json
  managed_policy_arns:
    description:
      - Managed policies that narrow every session like O(session_policy). They replace those that are there.
      - STS refuses sessions with more than ten of them, or with more than 2,048 characters of O(session_policy) and
        these ARNs together; the module warns, since AWS stores such a profile.
    type: list
    elements: str
  duration:
    description:
      - How long sessions last at most, in seconds, from 900 to 43200.
      - The role's own maximum counts too, and a session is refused where this is longer.
    type: int
  accept_role_session_name:
    description:
      - Whether a workload may choose the name of its session, which is its certificate's serial number otherwise.
    type: bool
  enabled:
    description:
      - Whether sessions are given under this profile.
      - When this is left out, a new profile is enabled and an existing one stays as it is.
    type: bool
"""

EXAMPLES = r"""
- name: Give sessions of one hour that may only read one bucket
  fleet.rolesanywhere.profile:
    name: reports
    role_arns:
      - arn:aws:iam::123456789012:role/reports
    duration: 3600
    session_policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: s3:GetObject
          Resource: arn:aws:s3:::reports/*
    region: eu-central-1

- name: Remove a profile
  fleet.rolesanywhere.profile:
    name: old-reports
    state: absent
    region: eu-central-1
"""

RETURN = r"""
profile:
  description: The profile as it is after the task, or would be after it in check mode.
  returned: when it exists after the task
  type: dict
  contains:
    profile_id:
      description: UUID of the profile.
      returned: except for a new profile in check mode
      type: str
      sample: 7d1a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    profile_arn:
      description: ARN of the profile.
      returned: except for a new profile in check mode
      type: str
      sample: arn:aws:rolesanywhere:eu-central-1:123456789012:profile/7d1a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f
    name:
      description: Name of the profile.
      returned: always
      type: str
      sample: reports
    enabled:
      description: Whether sessions are given under it.
      returned: always
      type: bool
      sample: true
    role_arns:
      description: The roles that a session may be for.
      returned: always
      type: list
      elements: str
      sample: ["arn:aws:iam::123456789012:role/reports"]
    session_policy:
      description: The policy that narrows sessions, with its own upper and lower case.
      returned: when there is one
      type: dict
    managed_policy_arns:
      description: Managed policies that narrow sessions.
      returned: when there were ever some
      type: list
      elements: str
    duration_seconds:
      description: How long sessions last at most.
      returned: except for a new profile in check mode
      type: int
      sample: 3600
    accept_role_session_name:
      description: Whether a workload may choose the name of its session.
      returned: except for a new profile in check mode
      type: bool
      sample: false
    require_instance_properties:
      description: Whether sessions need instance properties.
      returned: when AWS says so
      type: bool
      sample: false
    attribute_mappings:
      description: Which fields of the certificate become tags of the session.
      returned: when AWS says so
      type: list
      elements: dict
    created_by:
      description: ARN of who made the profile.
      returned: except for a new profile in check mode
      type: str
      sample: arn:aws:iam::123456789012:user/administrator
    created_at:
      description: When the profile was made.
      returned: except for a new profile in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    updated_at:
      description: When the profile was last changed.
      returned: except for a new profile in check mode
      type: str
      sample: "2026-11-20T10:00:00Z"
    tags:
      description: The profile's tags.
      returned: when O(tags) is set
      type: dict
      sample: {"team": "platform"}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import profiles, resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Ensure the profile and describe it."""
    return resources.manage(module, profiles.KIND, profiles.ensure)


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **resources.ARGUMENTS,
            "role_arns": {"type": "list", "elements": "str"},
            "session_policy": {"type": "json"},
            "managed_policy_arns": {"type": "list", "elements": "str"},
            "duration": {"type": "int"},
            "accept_role_session_name": {"type": "bool"},
            "enabled": {"type": "bool"},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError)


if __name__ == "__main__":
    main()
