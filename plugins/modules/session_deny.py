#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module session_deny: an end for sessions that were handed out already."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_deny
short_description: End sessions of IAM Roles Anywhere that were handed out already
version_added: 0.1.0
description:
  - A revocation stops new sessions. This module ends those that were handed out before it. It puts an inline policy on
    each IAM role of the profiles, which denies everything to sessions that were issued before a moment.
  - Run it after AWS refuses the certificate, so that no session slips in between. The moment is AWS's own, from the
    header C(Date) of its answer, since AWS dates the sessions too.
  - With O(state=absent) it takes away the policies whose work is done. That is when the longest session that the role
    allows has ended by itself. The others stay.
  - A session of another role that was reached from such a session (role chaining) is not covered. It ends by itself
    after an hour at most.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
options:
  name:
    description:
      - What the policy is about, such as the name of a host. Its name is C(RolesAnywhereEndSessions-) with this.
      - Letters, digits and C(+ = , . @ _ -), at most 100. Needed unless O(state=absent), where all names are meant
        without it.
    type: str
  source_identities:
    description:
      - Whose sessions end, such as C(CN=web1), as M(fleet.rolesanywhere.ca_revoke) returns them.
      - Two certificates with the same common name have the same source identity.
    type: list
    elements: str
    default: []
  all_sessions:
    description:
      - End all sessions of the roles, those of any host and those that have nothing to do with Roles Anywhere.
    type: bool
    default: false
  profile_arns:
    description:
      - The profiles whose roles are meant. By default all profiles of the account and region, since a certificate is
        good for any of them.
    type: list
    elements: str
    default: []
  issued_before:
    description:
      - Sessions issued before this moment are denied. By default a second after AWS was asked for its time.
    type: str
  force:
    description:
      - With O(state=absent), take policies away whose work is not done. Their sessions live again.
    type: bool
    default: false
  state:
    description:
      - Whether the sessions are denied.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.aws
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: partial
    details:
      - Without O(issued_before) each run moves the moment.
notes:
  - The caller needs C(rolesanywhere:ListProfiles), C(iam:GetRole), C(iam:ListRolePolicies), C(iam:GetRolePolicy),
    C(iam:PutRolePolicy) and C(iam:DeleteRolePolicy). It may take IAM some seconds to make a policy known everywhere.
seealso:
  - module: fleet.rolesanywhere.ca_revoke
"""

EXAMPLES = r"""
- name: End the sessions of a host whose certificate AWS refuses by now
  fleet.rolesanywhere.session_deny:
    name: web1
    source_identities:
      - CN=web1.example.org
    region: eu-central-1

- name: Take away the policies whose work is done
  fleet.rolesanywhere.session_deny:
    state: absent
    region: eu-central-1
"""

RETURN = r"""
roles:
  description: The ARNs of the roles that were looked at.
  returned: success
  type: list
  elements: str
  sample: [arn:aws:iam::123456789012:role/web]
denied:
  description: The policies of ours that there are after the task, or would be after it in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    role_arn:
      description: The ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/web
    policy_name:
      description: The name of the inline policy.
      type: str
      sample: RolesAnywhereEndSessions-web1
    issued_before:
      description: Sessions issued before this moment are denied.
      type: str
      sample: "2026-11-20T10:00:01Z"
    done_at:
      description: When the last of these sessions has ended by itself, so that the policy can go.
      type: str
      sample: "2026-11-20T11:00:01Z"
"""

import json
import re
from datetime import datetime, timedelta
from typing import Any, Dict

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import session_denies
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.session_denies import PREFIX, Role
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import from_iso, iso

_NAME = re.compile(r"[\w+=,.@-]{1,100}", re.ASCII)

# The policies of each role, by the names of both.
Denies = Dict[str, Dict[str, Any]]


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Deny the sessions, or take away what has done its work."""
    options = module.params
    name = policy_name(options["name"])
    moment = given_moment(options["issued_before"])
    service = Service.of(module)
    found = session_denies.look(service, options["profile_arns"])
    roles = {role.name: role for role in found.roles}
    before: Denies = {role.name: dict(role.denies) for role in found.roles}
    if options["state"] == "present":
        # A session of this very second may have come before the refusal.
        check_whose(options["source_identities"], options["all_sessions"])
        policy = session_denies.document(moment or found.moment + timedelta(seconds=1), options["source_identities"])
        after = {role: {**denies, str(name): policy} for role, denies in before.items()}
    else:
        after = {
            role.name: {
                each: deny for each, deny in role.denies.items() if stays(role, each, name, found.moment, options)
            }
            for role in found.roles
        }
    if not module.check_mode:
        change(service, before, after)
    return {
        "changed": before != after,
        "roles": [role.arn for role in found.roles],
        "denied": [
            described(roles[role], each, deny) for role, denies in after.items() for each, deny in denies.items()
        ],
        "diff": {"before": before, "after": after},
    }


def policy_name(name: str | None) -> str | None:
    """Return the name of the policy, None for all of them. Raises RolesAnywhereError."""
    if name is None:
        return None
    if not _NAME.fullmatch(name):
        raise RolesAnywhereError(f"name: {name!r} must have 1 to 100 letters, digits and + = , . @ _ - only.")
    return PREFIX + name


def check_whose(source_identities: list[str], all_sessions: bool) -> None:
    """Check that it is said whose sessions end, so that an empty list ends nobody's. Raises RolesAnywhereError."""
    if bool(source_identities) == all_sessions:
        raise RolesAnywhereError("Say whose sessions end: give source_identities, or else all_sessions.")


def given_moment(text: str | None) -> datetime | None:
    """Read a moment. Raises RolesAnywhereError."""
    try:
        return from_iso(text) if text else None
    except ValueError:
        raise RolesAnywhereError(f"issued_before: {text!r} must look like 2026-11-20T10:00:00Z.") from None


def stays(role: Role, policy: str, name: str | None, now: datetime, options: dict[str, Any]) -> bool:
    """Say whether a policy is not to be taken away."""
    if name not in (None, policy):
        return True
    done = session_denies.has_done_its_work(role.denies[policy], role.longest_session, now)
    return not (done or options["force"])


def change(service: Service, before: Denies, after: Denies) -> None:
    """Put the policies on the roles, and take them off."""
    put = [
        {"RoleName": role, "PolicyName": each, "PolicyDocument": json.dumps(deny)}
        for role, denies in after.items()
        for each, deny in denies.items()
        if before[role].get(each) != deny
    ]
    session_denies.change(service, "PutRolePolicy", put)
    gone = [
        {"RoleName": role, "PolicyName": each}
        for role, denies in before.items()
        for each in denies
        if each not in after[role]
    ]
    session_denies.change(service, "DeleteRolePolicy", gone)


def described(role: Role, name: str, deny: Any) -> dict[str, Any]:
    """Write a policy as a result."""
    moment = session_denies.issued_before(deny)
    return {
        "role_arn": role.arn,
        "policy_name": name,
        "issued_before": iso(moment) if moment else None,
        "done_at": iso(moment + role.longest_session) if moment else None,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "source_identities": {"type": "list", "elements": "str", "default": []},
            "all_sessions": {"type": "bool", "default": False},
            "profile_arns": {"type": "list", "elements": "str", "default": []},
            "issued_before": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ("name",))],
        supports_check_mode=True,
    )
    answer(module, run, RolesAnywhereError)


if __name__ == "__main__":
    main()
