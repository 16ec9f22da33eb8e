#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_request
short_description: Make a workload's private key where it stays, and request its certificate
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Makes a new private key in a directory that nobody else can enter, and returns a certificate request (PKCS#10) for
    it. The key never leaves the machine.
  - A key that still waits for its certificate is used again, so that a broken run costs no second certificate.
  - The workload's directories are made, or get the mode 0750 and the O(group) that they should have.
  - The request carries no name of the host, its subject is always C(CN=rolesanywhere). What the certificate says comes
    from the inventory, see M(fleet.rolesanywhere.ca_issue).
options:
  key_type:
    description:
      - The type of the private key. A waiting key of another type is thrown away.
    type: str
    choices: [ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096]
    default: ECDSA-P256
  key_store:
    description:
      - Where the private key is made and stays. A waiting key of another store is thrown away.
      - V(file), in C(private-key.pem) as PKCS#8.
      - V(tss2), in the TPM 2.0 of the machine. C(private-key.pem) then holds a TSS2 PEM, which only that TPM can use;
        the key itself never exists outside. It needs OpenSSL 3 with the provider tpm2 (tpm2-openssl), and whoever uses
        the key must be allowed to use the TPM. AWS's C(aws_signing_helper) reads the same file. Which types of keys
        there are is up to the TPM, V(ECDSA-P256) and V(RSA-2048) as a rule.
    type: str
    choices: [file, tss2]
    default: file
  binding:
    description:
      - What ties the request to this run, host and workload. The SHA-256 in 64 lower-case hex digits of the run's
        nonce, the host's inventory name and the workload's O(name), with a newline between them. It becomes the
        request's challengePassword and M(fleet.rolesanywhere.ca_issue) compares it.
    type: str
    required: true
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._workload
  - fleet.rolesanywhere._workload_group
attributes:
  diff_mode:
    support: none
  idempotent:
    details:
      - Only the request is made anew, with the binding of this run.
seealso:
  - module: fleet.rolesanywhere.certificate_install
  - module: fleet.rolesanywhere.workload_info
"""

EXAMPLES = r"""
- name: Request a certificate for the workload of this host
  fleet.rolesanywhere.certificate_request:
    name: web
    group: web
    binding: "{{ (nonce ~ '\n' ~ inventory_hostname ~ '\n' ~ 'web') | hash('sha256') }}"
  register: request
  vars:
    nonce: "{{ hostvars[groups['rolesanywhere_ca'][0]].nonce }}"
"""

RETURN = r"""
csr:
  description:
    - The certificate request in PEM form.
    - Empty in check mode when no key waits, since none is made then.
  type: str
  returned: success
public_key_fingerprint:
  description: SHA-256 of the public key (SubjectPublicKeyInfo in DER) in hex; empty when RV(csr) is.
  type: str
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import WORKLOAD, WORKLOAD_GROUP
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.ownership import group_number
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.key_types import KEY_STORES, KEY_TYPES


def run(module: AnsibleModule) -> dict[str, Any]:
    """Make the request."""
    options = module.params
    request = make_request(
        workload(options["directory"], options["name"]),
        options["key_type"],
        options["binding"],
        group_number(options["group"]),
        module.check_mode,
        options["key_store"],
    )
    return request._asdict()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **WORKLOAD,
            **WORKLOAD_GROUP,
            "key_type": {"type": "str", "choices": list(KEY_TYPES), "default": "ECDSA-P256", "no_log": False},
            "key_store": {"type": "str", "choices": list(KEY_STORES), "default": "file", "no_log": False},
            "binding": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
