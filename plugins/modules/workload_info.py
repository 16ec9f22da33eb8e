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
    the mode 0750 or the O(group), key and certificate do not belong together, it expired, the names or the key's type
    changed, less than the wanted share of its lifetime is left.
options:
  common_name:
    description:
      - The common name that the certificate should have. Without it, any will do.
    type: str
  organization:
    description:
      - The organization that the certificate should have. Without it, any will do; an empty one means none.
    type: str
  organizational_units:
    description:
      - The organizational units that the certificate should have, in this order. Without it, any will do.
    type: list
    elements: str
  dns_names:
    description:
      - The DNS names that the certificate's subject alternative name should have, in this order. Without it, any will
        do.
    type: list
    elements: str
  uris:
    description:
      - The URIs that the certificate's subject alternative name should have, in this order. Without it, any will do.
    type: list
    elements: str
  key_type:
    description:
      - The type that the private key should have. Without it, any will do.
    type: str
    choices: [ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096]
  renew_when_left:
    description:
      - A new certificate is due when less than this share of the lifetime is left, from 0 to 1.
    type: float
    default: 0.333
  force:
    description:
      - Whether a new certificate is due in any case.
    type: bool
    default: false
  now:
    description:
      - The time to decide for, in ISO 8601 with a time zone. By default the time of the machine.
    type: str
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
    issuer:
      description: The issuer as in RFC 4514.
      type: str
    not_before:
      description: The begin of its validity.
      type: str
    not_after:
      description: The end of its validity.
      type: str
    fingerprint:
      description: SHA-256 of the certificate in hex.
      type: str
    path:
      description: The certificate file as readers should name it, through C(current).
      type: str
"""

import sys
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import (
    HELPER,
    PROFILES,
    WORKLOAD,
    WORKLOAD_GROUP,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import aws_profile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.due import Wishes
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.look import (
    look_at_certificate,
    look_at_helper,
    look_at_profiles,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import KEY_TYPES
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.portable_helper import pack
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import parse_time
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION

WISHES = ("common_name", "organization", "organizational_units", "dns_names", "uris", "key_type")


def run(module: AnsibleModule) -> dict[str, Any]:
    """Look at everything and say what is due."""
    options = module.params
    wishes = Wishes(**{name: options[name] for name in WISHES})
    place = workload(options["directory"], options["name"])
    certificate_reason, certificate = look_at_certificate(
        place, wishes, options["group"], _now(options["now"]), options["renew_when_left"], options["force"]
    )
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


def _now(now: str | None) -> datetime:
    try:
        return parse_time(now) if now else datetime.now(timezone.utc)
    except ValueError:
        raise HostError(f"now is {now!r}, but must look like 2026-11-20T10:00:00Z.") from None


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **WORKLOAD,
            **WORKLOAD_GROUP,
            "common_name": {"type": "str"},
            "organization": {"type": "str"},
            "organizational_units": {"type": "list", "elements": "str"},
            "dns_names": {"type": "list", "elements": "str"},
            "uris": {"type": "list", "elements": "str"},
            "key_type": {"type": "str", "choices": list(KEY_TYPES), "no_log": False},
            "renew_when_left": {"type": "float", "default": 0.333},
            "force": {"type": "bool", "default": False},
            "now": {"type": "str"},
            "helper": {"type": "dict", "options": HELPER},
            "profiles": PROFILES,
        },
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
