#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: credential_process
short_description: Give AWS profiles their credentials through the credential helper
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Writes the section of each profile into its AWS config file, with a C(region) and a C(credential_process) that calls
    the helper with the workload's certificate. Every SDK and the AWS CLI then find credentials there by themselves.
  - Everything outside of these sections stays as it is, byte for byte.
  - With O(prove) a section is written only when it gives its role.
  - A file is replaced as a whole and keeps its owner, group and mode; one that others can write is refused. A new file
    has the mode 0600, a directory that is missing is made with the mode 0700. Root works with the rights of the user on
    whose ground a file stands, who owns what is new.
options:
  profiles:
    required: true
  state:
    description:
      - Whether the profiles have their section. A section without a C(credential_process) is not removed.
    type: str
    choices: [present, absent]
    default: present
  prove:
    description:
      - Whether a section that changes must get its role before it is written. Its C(credential_process) is run as the
        user on whose ground the file stands, and AWS STS is asked whose session that gave.
      - The role and the account must be those of O(profiles[].role_arn). Otherwise the task fails, no file is touched,
        and the next run finds the profiles due again.
      - Nothing is proved in check mode, with O(state=absent), or where nothing changes.
    type: bool
    default: false
  hold:
    description:
      - Each proof takes at least so many seconds. AWS takes ten CreateSession calls a second; this leaves some of them
        to the hosts at work while many hosts are rolled out.
    type: float
    default: 0
  backup:
    description:
      - Whether a copy of each file that changes is kept beside it, with the mode 0600.
    type: bool
    default: false
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._credential_process
requirements:
  - Python 3.8 or newer, nothing but its standard library
attributes:
  diff_mode:
    details:
      - Only the wanted sections are shown, and of other settings in them only the names.
seealso:
  - module: fleet.rolesanywhere.portable_helper
  - module: fleet.rolesanywhere.session_check
"""

EXAMPLES = r"""
- name: Give the user web the role through its default profile
  fleet.rolesanywhere.credential_process:
    profiles:
      - path: /home/web/.aws/config
        name: web
        trust_anchor_arn: arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/01234567-89ab-cdef-0123-456789abcdef
        profile_arn: arn:aws:rolesanywhere:us-east-1:123456789012:profile/01234567-89ab-cdef-0123-456789abcdef
        role_arn: arn:aws:iam::123456789012:role/web
    prove: true

- name: Take the profile away again
  fleet.rolesanywhere.credential_process:
    profiles:
      - path: /home/web/.aws/config
    state: absent
"""

RETURN = r"""
profiles:
  description: The profiles in the given order.
  type: list
  elements: dict
  returned: success
  contains:
    path:
      description: The AWS config file.
      type: str
    profile:
      description: The profile's name.
      type: str
    changed:
      description: Whether its section was written or removed.
      type: bool
    command:
      description: Its C(credential_process), V(null) with O(state=absent).
      type: str
    session:
      description: The session that proved it, V(null) without a proof. Its credentials are not returned.
      type: dict
      contains:
        assumed_role_arn:
          description: The ARN of the session.
          type: str
          sample: arn:aws:sts::123456789012:assumed-role/web/5f0c3a2432f8c5fec93f0fc574f11853
        session_name:
          description: The name of the session.
          type: str
          sample: 5f0c3a2432f8c5fec93f0fc574f11853
backup_files:
  description: The copies that were made.
  type: list
  elements: str
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import PROFILES
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import aws_profile, without_section
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.profile_edit import edit_profiles
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import CallerIdentity
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError


def run(module: AnsibleModule) -> dict[str, Any]:
    """Edit the files of all profiles."""
    options = module.params
    present = options["state"] == "present"
    profiles = [(aws_profile if present else without_section)(profile) for profile in options["profiles"]]
    files, proofs = edit_profiles(
        profiles,
        proving=present and options["prove"],
        hold=options["hold"],
        check_mode=module.check_mode,
        backup=options["backup"],
    )
    return {
        "changed": any(file.changed for file in files.values()),
        "profiles": [
            {
                "path": entry.path,
                "profile": entry.profile,
                "changed": entry.profile in files[entry.path].changed,
                "command": entry.command,
                "session": _described(proofs.get(entry)),
            }
            for entry in profiles
        ],
        "backup_files": [file.backup_file for file in files.values() if file.backup_file],
        "diff": [
            {"before_header": path, "after_header": path, "before": file.before, "after": file.after}
            for path, file in files.items()
        ],
    }


def _described(identity: CallerIdentity | None) -> dict[str, str] | None:
    return identity and {"assumed_role_arn": identity.arn, "session_name": identity.session_name}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "profiles": {**PROFILES, "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "prove": {"type": "bool", "default": False},
            "hold": {"type": "float", "default": 0},
            "backup": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
