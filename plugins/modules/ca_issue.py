#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_issue
short_description: Issue certificates for all pending requests in one call
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Signs a batch of certificate requests with the CA that M(fleet.rolesanywhere.ca) has made, and enters every
    certificate in the ledger before it is returned. Several calls may run side by side against one CA.
  - A provider that is asked over a wire may take its time. What it is asked for stands in the ledger before, and an
    answer that was lost is looked for by the next run. When it goes away meanwhile, those requests are refused that
    have no answer yet.
  - From a request only the public key and the proof of its possession are taken. All names come from the options, which
    should come from the inventory.
  - A request that is refused gets a sentence in the result and does not fail the module.
  - A common name and a public key belong to one host as long as a certificate of theirs has not expired.
  - A large batch is shared among the processors that the module may use, when the CA's key lies in a file.
options:
  nonce:
    description: The random text of this run that the bindings of the requests were made with.
    type: str
    required: true
  requests:
    description: What to issue.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The host's name in the inventory.
        type: str
        required: true
      name:
        description: The workload's name.
        type: str
        default: default
      csr:
        description:
          - The certificate request in PEM, at most 16 KiB, from M(fleet.rolesanywhere.certificate_request).
          - Its challengePassword must be the SHA-256, in hexadecimal, of nonce, host and name, joined by line ends.
          - The key must be ECDSA P-256, P-384 or P-521, or RSA with 2048 to 4096 bits.
        type: str
        required: true
      common_name:
        description: The common name, under the rules of O(fleet.rolesanywhere.ca#module:common_name).
        type: str
        required: true
      organization:
        description: The organization.
        type: str
      organizational_units:
        description: The organizational units, in their order. With more than one, none may have a C(/).
        type: list
        elements: str
        default: []
      dns_names:
        description: DNS names for the subject alternative name. Roles Anywhere maps only the first.
        type: list
        elements: str
        default: []
      uris:
        description: URIs for the subject alternative name. Roles Anywhere maps only the first.
        type: list
        elements: str
        default: []
      force:
        description:
          - Issue although the workload has three certificates already that are neither expired nor revoked, one of them
            with more than half of O(validity) left.
          - Without it such a request is refused, since the host does not install what it gets. A certificate that is
            returned again does not count as a new one.
        type: bool
        default: false
  validity:
    description:
      - How many days the certificates are valid.
      - They never outlive the CA; a longer time is shortened with a warning. When the CA ends in less than a day, the
        module fails.
    type: int
    default: 30
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_ledger
  - fleet.rolesanywhere._authority_passphrase
  - fleet.rolesanywhere._authority_provider
  - fleet.rolesanywhere._authority_pkcs11
  - fleet.rolesanywhere._authority_private_ca
  - fleet.rolesanywhere._authority_vault
  - fleet.rolesanywhere._authority_command
attributes:
  diff_mode:
    support: none
    details:
      - The results say what was issued.
  idempotent:
    details:
      - A certificate that was issued for the same host, workload, key and names is returned again until it is revoked
        or no more than half of O(validity) is left.
seealso:
  - module: fleet.rolesanywhere.certificate_request
  - module: fleet.rolesanywhere.ca_revoke
"""

EXAMPLES = r"""
- name: Issue what the fleet asks for
  fleet.rolesanywhere.ca_issue:
    directory: /srv/rolesanywhere/ca
    passphrase_path: /run/credentials/ca-passphrase
    nonce: "{{ run_nonce }}"
    requests:
      - host: web1
        name: default
        csr: "{{ lookup('ansible.builtin.file', 'web1.csr') }}"
        common_name: web1
        organizational_units: [web]
  register: issued

- name: Tell what was refused
  ansible.builtin.debug:
    msg: "{{ issued.certificates['web1']['default'].refused | default('issued') }}"
"""

RETURN = r"""
certificates:
  description: What became of each request, by host and by workload.
  returned: success
  type: dict
  contains:
    host:
      description: One entry for each host, under its name.
      type: dict
      contains:
        name:
          description: One entry for each workload, under its name.
          type: dict
          contains:
            certificate:
              description: The certificate in PEM.
              returned: when issued, not when check mode would issue it
              type: str
            serial:
              description: The serial number in hexadecimal.
              returned: when issued, not when check mode would issue it
              type: str
              sample: 4f1b7e0d9a2c4d5e8f60718293a4b5c6
            not_before:
              description: Since when it is valid.
              returned: when issued, not when check mode would issue it
              type: str
            not_after:
              description: When it ends.
              returned: when issued, not when check mode would issue it
              type: str
            fingerprint:
              description: The SHA-256 of the certificate in hexadecimal.
              returned: when issued, not when check mode would issue it
              type: str
            reused:
              description: Whether it had been issued before.
              returned: when issued or when check mode would issue it
              type: bool
            refused:
              description: Why there is no certificate, in one sentence.
              returned: when refused
              type: str
chain:
  description:
    - The certificates in PEM between those issued and the trust anchor, the same for all. Empty, since the anchor holds
      the issuing CA.
  returned: success
  type: str
issued:
  description: How many certificates were issued, or would be in check mode.
  returned: success
  type: int
reused:
  description: How many had been issued before.
  returned: success
  type: int
refused:
  description: How many requests were refused.
  returned: success
  type: int
"""

import gc
from datetime import datetime
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    answers,
    argument_specs,
    issuing,
    layout,
    ledgers,
    periods,
    provider,
    remote_creation,
    remote_issuing,
    remote_revoking,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.orders import Order
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance, library, times
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def describe(outcome: answers.Outcome) -> dict[str, Any]:
    """Write an outcome as a result."""
    if outcome.refused:
        return {"refused": outcome.refused}
    certificate = outcome.certificate
    if certificate is None:
        return {"reused": False}
    return {
        "certificate": certificate.pem,
        "serial": certificate.serial,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "fingerprint": certificate.fingerprint,
        "reused": outcome.reused,
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Issue what can be issued and describe it."""
    library.check()
    authority = layout.existing(module.params["directory"])
    serve = ask_over_the_wire if provider.is_remote(module.params) else sign_with_the_key
    served = serve(module, authority)
    certificates_by_host: dict[str, dict[str, Any]] = {}
    for outcome in served.outcomes:
        certificates_by_host.setdefault(outcome.order.host, {})[outcome.order.name] = describe(outcome)
    refused = sum(1 for outcome in served.outcomes if outcome.refused)
    reused = sum(1 for outcome in served.outcomes if outcome.reused)
    issued = len(served.outcomes) - refused - reused
    return {
        "changed": issued > 0 or served.more or any(outcome.mistake for outcome in served.outcomes),
        "certificates": certificates_by_host,
        "chain": served.chain,
        "issued": issued,
        "reused": reused,
        "refused": refused,
    }


class Served(NamedTuple):
    """What became of all requests, the chain of what was issued, and whether the ledger learned more than that."""

    outcomes: list[answers.Outcome]
    chain: str
    more: bool = False


def sign_with_the_key(module: AnsibleModule, authority: layout.Layout) -> Served:
    """Serve all requests with a key that is at hand."""
    opening = provider.signer(module.params, authority.issuing, module.warn)
    with opening as signer, ledgers.opened(module.params, authority) as book:
        now = times.now()
        outcomes = issuing.issue(
            orders(module),
            module.params["nonce"],
            decide_validity(module, signer.certificate.not_valid_after_utc, now),
            signer,
            book,
            now,
            actor.current(module.params["nonce"]),
            dry_run=module.check_mode,
        )
        return Served(outcomes, signer.chain)


def ask_over_the_wire(module: AnsibleModule, authority: layout.Layout) -> Served:
    """Serve all requests through a CA that has to be asked, once what earlier runs have left open is settled."""
    opening = provider.remote(module.params, module.warn)
    with opening as remote, ledgers.opened(module.params, authority) as book:
        remote_creation.check_same(authority, remote)
        nonce = module.params["nonce"]
        asking = remote_issuing.Run(book, times.now, actor.current(nonce))
        recovered = [] if module.check_mode else remote_issuing.recover(remote, asking)
        validity = decide_validity(module, remote.certificate.not_valid_after_utc, times.now())
        outcomes = remote_issuing.issue(orders(module), nonce, validity, remote, asking, dry_run=module.check_mode)
        told = remote_revoking.Told() if module.check_mode else remote_revoking.tell(remote, book, times.now())
        if told.failure:
            module.warn(told.failure)
        return Served(outcomes, remote.chain, bool(recovered or told.serials))


def orders(module: AnsibleModule) -> list[Order]:
    """Read the requests."""
    # Ansible sends the parameters back with the result, and goes through each of their strings on both sides.
    return [Order(**request) for request in module.params.pop("requests")]


def decide_validity(module: AnsibleModule, issuer_end: datetime, now: datetime) -> issuance.Validity:
    """Decide the dates of the certificates, and warn when the CA ends before them."""
    length = periods.days("validity", module.params["validity"])
    validity, warning = issuing.decide_validity(length, issuer_end, now)
    if warning:
        module.warn(warning)
    return validity


def main() -> None:
    """Run the module."""
    # What a batch is made of lives until its end: to look for garbage in it time and again takes a tenth of the time.
    gc.disable()
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            **argument_specs.PASSPHRASE,
            **argument_specs.PROVIDER,
            "nonce": {"type": "str", "required": True},
            "requests": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "host": {"type": "str", "required": True},
                    "name": {"type": "str", "default": "default"},
                    "csr": {"type": "str", "required": True},
                    "common_name": {"type": "str", "required": True},
                    "organization": {"type": "str"},
                    "organizational_units": {"type": "list", "elements": "str", "default": []},
                    "dns_names": {"type": "list", "elements": "str", "default": []},
                    "uris": {"type": "list", "elements": "str", "default": []},
                    "force": {"type": "bool", "default": False},
                },
            },
            "validity": {"type": "int", "default": 30},
        },
        mutually_exclusive=argument_specs.ONE_PASSPHRASE,
        required_if=argument_specs.PROVIDER_NEEDS + argument_specs.LEDGER_NEEDS,
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
