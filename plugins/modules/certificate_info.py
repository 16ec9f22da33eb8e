#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
short_description: Tell all that a host keeps of a workload's certificates
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Says whether the certificate in use is to be replaced, with the same reason as M(fleet.rolesanywhere.workload_info),
    and describes every version that is kept, as well as the key that waits for its certificate.
  - It changes nothing, asks nobody and tells no secret. What cannot be read is told in RV(trouble) and
    RV(versions[].trouble).
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._workload
  - fleet.rolesanywhere._workload_group
  - fleet.rolesanywhere._certificate_wishes
attributes:
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
seealso:
  - module: fleet.rolesanywhere.workload_info
  - module: fleet.rolesanywhere.certificate_install
  - module: fleet.rolesanywhere.ca_info
"""

EXAMPLES = r"""
- name: Look at what the host keeps
  fleet.rolesanywhere.certificate_info:
    name: web
  register: kept

- name: Name the version to go back to
  ansible.builtin.debug:
    msg: "{{ (kept.versions | selectattr('state', 'eq', 'previous') | first).serial | default('none') }}"

- name: Ask what will be due at Christmas
  fleet.rolesanywhere.certificate_info:
    name: web
    renew_when_days_left: 7
    now: "2026-12-24T00:00:00Z"
"""

RETURN = r"""
due:
  description: Why a new certificate is due, V(null) when none is.
  type: str
  returned: success
  sample: 21 % of its lifetime is left
versions:
  description: The versions that are kept, the one in use first, then the others from the latest on.
  type: list
  elements: dict
  returned: success
  contains:
    serial:
      description: The serial number in hex, which is the directory's name.
      type: str
    state:
      description:
        - V(current), it is in use.
        - V(staged), it waits for its proof; see M(fleet.rolesanywhere.certificate_install).
        - V(previous), neither of them.
      type: str
    has_private_key:
      description: Whether its private key is there. One that expired loses it.
      type: bool
    expired:
      description: Whether its validity has ended, V(null) where the certificate cannot be read.
      type: bool
    trouble:
      description: Why it cannot be read, V(null) where it can.
      type: str
    subject:
      description: The subject as in RFC 4514; this and what follows is returned when it can be read.
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
      description: The certificate file.
      type: str
trouble:
  description: Why the versions cannot be listed, V(null) where they can.
  type: str
  returned: success
pending:
  description: The key that waits for its certificate, V(null) when none does.
  type: dict
  returned: success
  contains:
    key_type:
      description: The type of the key, or V(another type).
      type: str
    public_key_fingerprint:
      description: SHA-256 of the public key (SubjectPublicKeyInfo in DER) in hex.
      type: str
    trouble:
      description: Why it cannot be read, V(null) where it can.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import (
    CERTIFICATE_WISHES,
    WORKLOAD,
    WORKLOAD_GROUP,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.kept import (
    described_version,
    read_pending,
    read_versions,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.look import look_at_certificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.question import read_question
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError


def run(module: AnsibleModule) -> dict[str, Any]:
    """Describe what is kept, and say why a new certificate is due."""
    options = module.params
    place, question = workload(options["directory"], options["name"]), read_question(options)
    due, _certificate = look_at_certificate(place, question)
    result: dict[str, Any] = {"changed": False, "due": due, "versions": [], "pending": None, "trouble": None}
    try:
        result["versions"] = [described_version(place, version, question.now) for version in read_versions(place)]
        result["pending"] = read_pending(place)
    except HostError as error:
        result["trouble"] = str(error)
    return result


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**WORKLOAD, **WORKLOAD_GROUP, **CERTIFICATE_WISHES},
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
