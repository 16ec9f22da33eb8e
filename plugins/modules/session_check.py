#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module session_check: the proof that a machine gets its role."""

from __future__ import annotations

DOCUMENTATION = r"""
module: session_check
short_description: Prove that a certificate or an AWS profile gets its role
version_added: 0.1.0
description:
  - Gets a session and asks AWS STS whose it is, with GetCallerIdentity.
  - With O(trust_anchor_arn) the session comes from the certificate and key in O(directory), with O(profile) from the
    C(credential_process) of an AWS profile, run as the AWS SDKs run it.
  - Fails with one sentence when there is no session, or when it is not the expected one.
  - Credentials are neither returned nor logged.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
options:
  role_arn:
    description:
      - The ARN of the IAM role, C(arn:aws:iam::ACCOUNT:role/NAME). It is then the expected role, too.
    type: str
  config_path:
    description:
      - The AWS config file with the profile O(profile).
      - It must belong to root or to the user who runs this, because a program that it names is run.
    type: path
  profile:
    description: The name of the AWS profile.
    type: str
  region:
    description:
      - The AWS region.
      - By default that of the trust anchor or of the AWS profile.
    type: str
  endpoint_url:
    description:
      - Where Roles Anywhere and STS answer, when that is not AWS itself.
      - Only C(https), or C(http) to this machine. A profile's program has an endpoint of its own.
    type: str
  expected:
    description: What must be true of the session.
    type: dict
    suboptions:
      account:
        description: The account's number.
        type: str
      role:
        description: The role's ARN or its name.
        type: str
        aliases: [role_arn]
      session_name:
        description:
          - The name of the session.
          - Without a name of its own, that is the certificate's serial number in lower-case hexadecimal.
        type: str
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._workload
  - fleet.rolesanywhere._session_target
attributes:
  diff_mode:
    support: none
seealso:
  - module: fleet.rolesanywhere.certificate_install
  - module: fleet.rolesanywhere.credential_process
"""

EXAMPLES = r"""
- name: Prove the certificate
  fleet.rolesanywhere.session_check:
    trust_anchor_arn: arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/6a1c0a3c-5f7a-4d1c-9d4e-2f0d9a3b7c11
    profile_arn: arn:aws:rolesanywhere:eu-central-1:123456789012:profile/0b7d5e0e-8c55-4a53-9a0f-51c6b86a5d22
    role_arn: arn:aws:iam::123456789012:role/web

- name: Prove what the applications get
  fleet.rolesanywhere.session_check:
    config_path: /home/app/.aws/config
    profile: default
    expected:
      account: "123456789012"
      role: web
  become: true
  become_user: app
"""

RETURN = r"""
account:
  description: The account's number.
  returned: success
  type: str
  sample: "123456789012"
arn:
  description: Who the session is, as STS tells it.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/web/4b1f6a0c2d3e4f5061728394a5b6c7d8
role:
  description: The name of the role.
  returned: success
  type: str
  sample: web
session_name:
  description: The name of the session.
  returned: success
  type: str
  sample: 4b1f6a0c2d3e4f5061728394a5b6c7d8
expiration:
  description: When the session ends; null when a profile's program does not tell.
  returned: success
  type: str
  sample: "2026-11-20T11:00:00Z"
subject_arn:
  description: The subject that Roles Anywhere recorded; null for a profile.
  returned: success
  type: str
  sample: arn:aws:rolesanywhere:eu-central-1:123456789012:subject/5e3c4a0e-2b2a-4d7e-8a64-9a3d1f1f2c33
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import SESSION_TARGET, WORKLOAD
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.found_session import (
    FoundSession,
    session_of_certificate,
    session_of_profile,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.session_target import session_target
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import (
    get_caller_identity,
    unmet_expectation,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import iso_time


def run(module: AnsibleModule) -> dict[str, Any]:
    """Get the session, ask STS whose it is, and compare that with what is expected."""
    options = module.params
    found = _session(options)
    identity = get_caller_identity(found.credentials, found.region, options["endpoint_url"])
    expected = options["expected"] or {}
    role = expected.get("role") or options["role_arn"]
    unmet = unmet_expectation(identity, expected.get("account"), role, expected.get("session_name"))
    if unmet:
        raise HostError(unmet)
    return {
        "changed": False,
        "account": identity.account,
        "arn": identity.arn,
        "role": identity.role,
        "session_name": identity.session_name,
        "expiration": iso_time(found.expiration) if found.expiration else None,
        "subject_arn": found.subject_arn,
    }


def _session(options: dict[str, Any]) -> FoundSession:
    if options["profile"]:
        return session_of_profile(options["config_path"], options["profile"], options["region"])
    target = session_target(**{name: options[name] for name in SESSION_TARGET})
    return session_of_certificate(workload(options["directory"], options["name"]), target)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **WORKLOAD,
            **SESSION_TARGET,
            "config_path": {"type": "path"},
            "profile": {"type": "str"},
            "expected": {
                "type": "dict",
                "options": {
                    "account": {"type": "str"},
                    "role": {"type": "str", "aliases": ["role_arn"]},
                    "session_name": {"type": "str"},
                },
            },
        },
        required_one_of=[("trust_anchor_arn", "profile")],
        mutually_exclusive=[("trust_anchor_arn", "profile")],
        required_together=[("trust_anchor_arn", "profile_arn", "role_arn"), ("config_path", "profile")],
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
