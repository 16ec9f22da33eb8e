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
      - When these or O(duration) change, the module looks in IAM whether the roles are there. It waits about 20 seconds
        for those that are new to the profile, and warns when O(duration) is longer than a role's sessions may be. A
        caller that may not look goes on without.
    type: list
    elements: str
  session_policy:
    description:
      - An IAM policy that narrows every session of the profile, a session may do only what its role and this policy
        both allow.
      - Each statement needs C(Effect), C(Action) or C(NotAction), and C(Resource) or C(NotResource). A C(Principal)
        is refused.
      - A policy without any C(Allow) would let sessions do nothing, and is refused unless O(allow_deny_only) is set.
      - AWS has no call that removes a session policy. An empty value is refused where there is one, unless
        O(allow_replace) is set.
    type: json
  allow_deny_only:
    description:
      - Accept O(session_policy) where it allows nothing, for a profile whose sessions are to do nothing.
    type: bool
    default: false
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
      - When this is left out, AWS gives a new profile 3600 seconds and an existing one stays as it is.
      - The role's own maximum counts too, and a session is refused where this is longer.
    type: int
  accept_role_session_name:
    description:
      - Whether a workload may choose the name of its session, which is its certificate's serial number otherwise.
    type: bool
  require_instance_properties:
    description:
      - Whether a session is only given to those who tell properties of their machine.
      - Fixed once the profile is made. A change is refused unless O(allow_replace) is set.
    type: bool
  allow_replace:
    description:
      - Replace the profile where a change is wanted that AWS has no call for, of O(require_instance_properties) or to
        an empty O(session_policy).
      - The new profile has all that the old one has and what is wanted of it, tags and attribute mappings too. Once it
        is complete, the old one is deleted.
      - B(The new profile has another ARN.) Hosts carry the old one, and get no sessions until they are given the new
        one, which a warning tells.
    type: bool
    default: false
  attribute_mappings:
    description:
      - The parts of a certificate that become tags of its sessions, for conditions in policies. A new profile maps all.
      - A list replaces the specifiers that are there, in any order. A field that is left out stays as it is.
      - An empty list takes the field away, with a warning, since every condition with C(StringNotEquals) on a tag that
        is missing is true.
    type: dict
    suboptions:
      x509Subject:
        description:
          - Parts of the subject. Attributes such as V(CN) and V(OU), object identifiers such as V(2.5.4.97), or V(*)
            for all. The names of attributes are those that P(fleet.rolesanywhere.trust_policy#filter) takes.
        type: list
        elements: str
      x509Issuer:
        description:
          - Parts of the issuer, likewise.
        type: list
        elements: str
      x509SAN:
        description:
          - Parts of the subject alternative name. V(DNS), V(URI), V(Name/CN) and the like for parts of the directory
            name, or V(Name/*) for all of these, which V(Name) is short for.
        type: list
        elements: str
  enabled:
    description:
      - Whether sessions are given under this profile.
      - When this is left out, a new profile is enabled and an existing one stays as it is.
    type: bool
notes:
  - The caller needs C(rolesanywhere:ListProfiles), or C(rolesanywhere:GetProfile) where O(id) is given. To create a
    profile, C(rolesanywhere:CreateProfile); to change one, C(rolesanywhere:UpdateProfile),
    C(rolesanywhere:EnableProfile) and C(rolesanywhere:DisableProfile); for both, C(iam:PassRole) on each of the roles.
    To delete or replace one, C(rolesanywhere:DeleteProfile).
  - For O(attribute_mappings), and to replace a profile, C(rolesanywhere:PutAttributeMapping),
    C(rolesanywhere:DeleteAttributeMapping), C(rolesanywhere:EnableProfile) and C(rolesanywhere:GetProfile). For
    O(tags), C(rolesanywhere:ListTagsForResource), C(rolesanywhere:TagResource) and C(rolesanywhere:UntagResource).
  - With C(iam:GetRole) on the roles it can tell that a role is missing, or has shorter sessions.
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

- name: Turn the common name and the DNS name into tags of the session, and nothing of the issuer
  fleet.rolesanywhere.profile:
    name: reports
    attribute_mappings:
      x509Subject: [CN]
      x509Issuer: []
      x509SAN: [DNS]
    region: eu-central-1

- name: Have no session policy any more, under another ARN
  fleet.rolesanywhere.profile:
    name: reports
    session_policy: ""
    allow_replace: true
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
      description: Which parts of the certificate become tags of the session.
      returned: when AWS says so; for a new profile in check mode when O(attribute_mappings) is set
      type: list
      elements: dict
      sample: [{"certificate_field": "x509Subject", "mapping_rules": [{"specifier": "CN"}]}]
      contains:
        certificate_field:
          description: V(x509Subject), V(x509Issuer) or V(x509SAN). Those that are missing are not mapped.
          returned: always
          type: str
        mapping_rules:
          description: The parts of that field that are mapped.
          returned: always
          type: list
          elements: dict
          contains:
            specifier:
              description: A part, as in O(attribute_mappings).
              returned: always
              type: str
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
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import attribute_mappings, profiles, resources
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
            "allow_deny_only": {"type": "bool", "default": False},
            "accept_role_session_name": {"type": "bool"},
            "require_instance_properties": {"type": "bool"},
            "allow_replace": {"type": "bool", "default": False},
            "attribute_mappings": {
                "type": "dict",
                "options": {field: {"type": "list", "elements": "str"} for field in attribute_mappings.FIELDS},
            },
            "enabled": {"type": "bool"},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError)


if __name__ == "__main__":
    main()
