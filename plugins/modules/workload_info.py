#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_info
short_description: Look at a workload once and say what is due, and why
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Reads the certificate and its key, the credential helper and the AWS profiles of a workload in one execution and
    says for each whether something is to be done, with the reason.
  - It changes nothing. What is missing or cannot be read is a reason, not an error.
  - The reasons for a new certificate in the order in which they are told, forced, a staged pair waits for its proof,
    something cannot be read, there is none yet, the key is readable by others, a directory of the workload has not
    the mode 0750 or the O(group), key and certificate do not belong together, it expired, the names changed, its
    issuer is none of O(issuers), the key's type changed, too little of its lifetime is left.
options:
  helper:
    description:
      - The portable helper that should be installed, see M(fleet.rolesanywhere.portable_helper). Without it, none is
        looked for.
    type: dict
    suboptions:
      path:
        description:
          - The helper's file.
        type: path
        default: /usr/local/bin/rolesanywhere-helper
      interpreter:
        description:
          - The Python that runs it, an absolute path. By default the one that runs this module.
        type: path
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._workload
  - fleet.rolesanywhere._workload_group
  - fleet.rolesanywhere._certificate_wishes
  - fleet.rolesanywhere._credential_process
attributes:
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
seealso:
  - module: fleet.rolesanywhere.certificate_request
  - module: fleet.rolesanywhere.certificate_install
  - module: fleet.rolesanywhere.credential_process
  - module: fleet.rolesanywhere.portable_helper
"""

EXAMPLES = r"""
- name: Look what is due
  fleet.rolesanywhere.workload_info:
    name: web
    group: web
    common_name: web1.example.com
    key_type: ECDSA-P256
    helper: {}
    profiles:
      - path: /home/web/.aws/config
        name: web
        trust_anchor_arn: arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/01234567-89ab-cdef-0123-456789abcdef
        profile_arn: arn:aws:rolesanywhere:us-east-1:123456789012:profile/01234567-89ab-cdef-0123-456789abcdef
        role_arn: arn:aws:iam::123456789012:role/web
  register: look

- name: Say why
  ansible.builtin.debug:
    var: look.reasons
  when: look.any_due
"""

RETURN = r"""
due:
  description: What is due, each with its reason, V(null) where nothing is.
  type: dict
  returned: success
  contains:
    certificate:
      description: Why a new certificate is due.
      type: str
      sample: 21 % of its lifetime is left
    helper:
      description: Why the helper is due.
      type: str
      sample: no helper yet
    credential_process:
      description: Which AWS profiles are due, and why.
      type: str
      sample: 'profile default in /home/web/.aws/config: no section yet'
any_due:
  description: Whether anything is due.
  type: bool
  returned: success
reasons:
  description: All the reasons, for people.
  type: list
  elements: str
  returned: success
  sample: ['certificate: 21 % of its lifetime is left']
certificate:
  description: The certificate in use, V(null) without one that can be read.
  type: dict
  returned: success
  contains:
    serial:
      description: The serial number in hex.
      type: str
    subject:
      description: The subject as in RFC 4514.
      type: str
    common_name:
      description: The first common name of the subject, V(null) without one.
      type: str
    dns_names:
      description: The DNS names of the subject alternative name.
      type: list
      elements: str
    uris:
      description: The URIs of the subject alternative name.
      type: list
      elements: str
    issuer:
      description: The issuer as in RFC 4514.
      type: str
    not_before:
      description: The begin of its validity.
      type: str
    not_after:
      description: The end of its validity.
      type: str
    key_type:
      description: The type of its key, or V(another type).
      type: str
    fingerprint:
      description: SHA-256 of the certificate in hex.
      type: str
    path:
      description: The certificate file as readers should name it, through C(current).
      type: str
"""

import sys
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import (
    CERTIFICATE_WISHES,
    HELPER,
    PROFILES,
    WORKLOAD,
    WORKLOAD_GROUP,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import aws_profile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.look import (
    look_at_certificate,
    look_at_helper,
    look_at_profiles,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.question import read_question
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.portable_helper import pack
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION


def run(module: AnsibleModule) -> dict[str, Any]:
    """Look at everything and say what is due."""
    options = module.params
    place = workload(options["directory"], options["name"])
    certificate_reason, certificate = look_at_certificate(place, read_question(options))
    due = {
        "certificate": certificate_reason,
        "helper": _helper_reason(options["helper"]),
        "credential_process": look_at_profiles([aws_profile(profile) for profile in options["profiles"] or []]),
    }
    reasons = [f"{what}: {reason}" for what, reason in due.items() if reason]
    return {"changed": False, "due": due, "any_due": bool(reasons), "reasons": reasons, "certificate": certificate}


def _helper_reason(helper: dict[str, Any] | None) -> str | None:
    if helper is None:
        return None
    return look_at_helper(helper["path"], pack(helper["interpreter"] or sys.executable), VERSION)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **WORKLOAD,
            **WORKLOAD_GROUP,
            **CERTIFICATE_WISHES,
            "helper": {"type": "dict", "options": HELPER},
            "profiles": PROFILES,
        },
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
