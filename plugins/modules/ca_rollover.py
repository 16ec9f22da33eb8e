#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_rollover
short_description: Replace the issuing CA of a fleet by the next one
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Makes the next issuing CA below the same root, lets it take over, and puts the one before away when no workload
    needs it any more. The ledger stays the same, so that names, keys and blocked hosts go on.
  - Each state is one step, which can be taken again after it was interrupted. What happens at AWS between the steps is
    done by the playbook C(fleet.rolesanywhere.ca_rollover), which uses this module.
  - Works for the providers V(file) and V(pkcs11).
options:
  state:
    description:
      - V(prepared) makes the next issuing CA with an empty CRL. It signs nothing else yet. The root's private key is
        needed for this, and not later.
      - V(switched) lets it sign from now on; put it into the trust anchor before. The CA before signs only its CRL.
      - V(finished) puts the CA before away into C(retired/), with its key and its last CRL. Take it out of the trust
        anchor before.
    type: str
    choices: [prepared, switched, finished]
    required: true
  common_name:
    description:
      - The common name of the next issuing CA, under the rules of O(fleet.rolesanywhere.ca#module:common_name).
      - No CA of this folder may have had it, since certificates and CRLs are matched with their CA by its name.
    type: str
    required: true
  organization:
    description: The organization in its name.
    type: str
  key_type:
    description: The type of its private key. Counts only when it is made.
    type: str
    choices: [ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096]
    default: ECDSA-P256
  validity:
    description:
      - How many days it is valid. Counts only when it is made.
      - It never outlives the root; a longer time is shortened with a warning.
    type: int
    default: 1825
  allow_unencrypted_key:
    description: Whether its private key may lie on disk without a passphrase.
    type: bool
    default: false
  allow_existing_key:
    description:
      - Whether it may take a key that is in the token already, as in
        O(fleet.rolesanywhere.ca#module:allow_existing_key).
    type: bool
    default: false
  force:
    description: Whether V(finished) cuts off the workloads whose newest certificate is of the CA before.
    type: bool
    default: false
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_passphrase
  - fleet.rolesanywhere._authority_provider
  - fleet.rolesanywhere._authority_pkcs11
  - fleet.rolesanywhere._authority_private_ca
  - fleet.rolesanywhere._authority_vault
  - fleet.rolesanywhere._authority_command
seealso:
  - module: fleet.rolesanywhere.ca
  - module: fleet.rolesanywhere.ca_crl
  - module: fleet.rolesanywhere.trust_anchor
"""

EXAMPLES = r"""
- name: Make the next issuing CA
  fleet.rolesanywhere.ca_rollover:
    directory: /srv/rolesanywhere/ca
    common_name: Example Fleet Issuing CA 2
    organization: Example
    passphrase: "{{ vault_ca_passphrase }}"
    state: prepared
  register: rollover

- name: Trust both
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    certificates: "{{ rollover.certificates }}"
    region: eu-central-1
"""

RETURN = r"""
stage:
  description:
    - How far the roll-over has come; in check mode, how far it had come before.
    - V(steady) with one issuing CA, V(prepared) with the next one beside it, V(switched) when the next one signs.
  returned: success
  type: str
  sample: prepared
certificates:
  description: The certificates in PEM of the issuing CAs that a trust anchor needs, the older one first.
  returned: success
  type: list
  elements: str
issuers:
  description: The names of these CAs in the notation of RFC 4514.
  returned: success
  type: list
  elements: str
  sample: ["CN=Example Fleet Issuing CA 1,O=Example", "CN=Example Fleet Issuing CA 2,O=Example"]
newest:
  description: The certificate in PEM of the CA that is to take over. Null when check mode would make it.
  returned: success
  type: str
remaining:
  description: The workloads whose newest certificate is of the CA before; when its time is up, it is left out.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The host's name in the inventory.
      returned: success
      type: str
    name:
      description: The workload.
      returned: success
      type: str
    serial:
      description: The serial number of its newest certificate in hexadecimal.
      returned: success
      type: str
    not_after:
      description: When that certificate ends.
      returned: success
      type: str
blocked_hosts:
  description: The hosts that get no certificate, neither of this CA nor of the next one.
  returned: success
  type: list
  elements: str
  sample: [web3]
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    argument_specs,
    layout,
    passphrase,
    periods,
    provider,
    rollover,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleModule) -> dict[str, Any]:
    """Take the step that is due, if any, and say how far the roll-over has come."""
    library.check()
    parameters = module.params
    wanted = rollover.WantedIssuing(
        parameters["common_name"],
        parameters["organization"],
        parameters["key_type"],
        periods.days("validity", parameters["validity"]),
    )
    if provider.is_remote(parameters):
        raise AuthorityError(
            f"The issuing CA of the provider {parameters['provider']} is replaced where it is: make the next one "
            "there, give it a folder of its own, and put both into the trust anchor until the fleet has moved."
        )
    secret = passphrase.read(parameters, module.warn)
    with provider.token(parameters, module.warn) as token:
        taken = rollover.reach(
            layout.Layout(Path(parameters["directory"]).absolute()),
            parameters["state"],
            wanted,
            secret,
            token,
            datetime.now(timezone.utc).replace(microsecond=0),
            actor.current(),
            allow_unencrypted_key=parameters["allow_unencrypted_key"],
            allow_existing_key=parameters["allow_existing_key"],
            force=parameters["force"],
            dry_run=module.check_mode,
        )
    if taken.warning:
        module.warn(taken.warning)
    is_there = taken.after.newest.subject == wanted.subject
    return {
        "changed": taken.step is not None,
        "stage": taken.after.stage,
        "certificates": [certificates.to_pem(certificate) for certificate in taken.after.certificates],
        "issuers": [certificates.describe(certificate.subject) for certificate in taken.after.certificates],
        "newest": certificates.to_pem(taken.after.newest) if is_there else None,
        "remaining": [
            {"host": row.host, "name": row.name, "serial": row.serial, "not_after": row.not_after}
            for row in taken.remaining
        ],
        "blocked_hosts": list(taken.blocked_hosts),
        "diff": {"before": {"stage": taken.before.stage}, "after": {"stage": taken.reached}},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.PASSPHRASE,
            **argument_specs.PROVIDER,
            "state": {
                "type": "str",
                "choices": [rollover.PREPARED, rollover.SWITCHED, rollover.FINISHED],
                "required": True,
            },
            "common_name": {"type": "str", "required": True},
            "organization": {"type": "str"},
            "key_type": {
                "type": "str",
                "choices": list(keys.KEY_TYPES),
                "default": "ECDSA-P256",
                "no_log": False,
            },
            "validity": {"type": "int", "default": 1825},
            "allow_unencrypted_key": {"type": "bool", "default": False, "no_log": False},
            "allow_existing_key": {"type": "bool", "default": False, "no_log": False},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=argument_specs.ONE_PASSPHRASE,
        required_if=argument_specs.PROVIDER_NEEDS,
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
