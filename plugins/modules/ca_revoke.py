#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_revoke
short_description: Revoke the certificates of a host and block it
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Marks certificates as revoked in the ledger of the CA. No private key is needed for it.
  - By host, every unexpired certificate is revoked, installed or not, and the host is blocked.
    M(fleet.rolesanywhere.ca_issue) then refuses it until it is unblocked, so that no nightly run gives back what was
    taken away.
  - A provider that is asked over a wire is told after the ledger has it. When that fails, the module fails; the ledger
    keeps what it has, and every later run tells the provider first.
  - It takes effect with the next CRL, see M(fleet.rolesanywhere.ca_crl) and M(fleet.rolesanywhere.crl). Sessions that
    were handed out before go on until they expire.
options:
  host:
    description: The host's name in the inventory. Exactly one of O(host) and O(serial) is needed.
    type: str
  name:
    description:
      - Revoke only the certificates of this workload. The host is blocked as a whole all the same.
    type: str
  serial:
    description:
      - Revoke only the certificate with this serial number, in hexadecimal. Its host is not blocked.
    type: str
  reason:
    description: Why. A public key that was revoked as V(key_compromise) never gets a certificate again.
    type: str
    choices:
      - unspecified
      - key_compromise
      - affiliation_changed
      - superseded
      - cessation_of_operation
      - privilege_withdrawn
    default: unspecified
  unknown:
    description:
      - Block a host in advance of which the ledger knows no certificate, or accept that it is not blocked.
      - Without it such a host is refused and nothing is changed, since its name may be mistyped.
    type: bool
    default: false
  state:
    description:
      - V(revoked) revokes and blocks.
      - V(unblocked) lets the host have new certificates. Those revoked stay revoked.
    type: str
    choices: [revoked, unblocked]
    default: revoked
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_ledger
  - fleet.rolesanywhere._authority_provider
  - fleet.rolesanywhere._authority_pkcs11
  - fleet.rolesanywhere._authority_private_ca
  - fleet.rolesanywhere._authority_vault
  - fleet.rolesanywhere._authority_command
seealso:
  - module: fleet.rolesanywhere.ca_crl
  - module: fleet.rolesanywhere.crl
"""

EXAMPLES = r"""
- name: Take a stolen machine's access away
  fleet.rolesanywhere.ca_revoke:
    directory: /srv/rolesanywhere/ca
    host: web1
    reason: key_compromise

- name: Let the reinstalled machine have a new certificate
  fleet.rolesanywhere.ca_revoke:
    directory: /srv/rolesanywhere/ca
    host: web1
    state: unblocked
"""

RETURN = r"""
revoked:
  description: The serial numbers that were revoked now.
  returned: success
  type: list
  elements: str
serials:
  description: The serial numbers of all revoked certificates of the host.
  returned: success
  type: list
  elements: str
source_identities:
  description:
    - By which names AWS knows who is behind the sessions of these certificates. Sessions handed out before go on until
      they end, or until M(fleet.rolesanywhere.session_deny) denies them by these names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The source identity.
      type: str
      sample: CN=web1.example.org
    shared_with:
      description: The other hosts that have an unexpired certificate with it.
      type: list
      elements: str
told:
  description:
    - The serial numbers that a CA asked over a wire was told of now, those of earlier runs that could not tell it, too.
  returned: success
  type: list
  elements: str
blocked:
  description: Whether the host is blocked.
  returned: success
  type: bool
blocked_since:
  description: Since when the host is blocked. Null when it is not.
  returned: success
  type: str
blocked_by:
  description: Who has blocked the host. Null when it is not.
  returned: success
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    argument_specs,
    layout,
    ledger,
    ledgers,
    provider,
    remote_creation,
    remote_revoking,
    revoking,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    library,
    revocation_lists,
    times,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def revoke(module: AnsibleModule, book: ledger.Ledger) -> revoking.Outcome:
    """Do what the options ask for."""
    parameters, dry_run = module.params, module.check_mode
    if parameters["state"] == "unblocked":
        return revoking.unblock(book, parameters["host"], unknown=parameters["unknown"], dry_run=dry_run)
    now = times.now()
    if parameters["serial"]:
        serial = certificates.normal_serial(parameters["serial"])
        return revoking.revoke_serial(book, serial, parameters["reason"], now, actor.current(), dry_run=dry_run)
    return revoking.revoke_host(
        book,
        parameters["host"],
        parameters["name"],
        parameters["reason"],
        now,
        actor.current(),
        unknown=parameters["unknown"],
        dry_run=dry_run,
    )


def run(module: AnsibleModule) -> dict[str, Any]:
    """Revoke or unblock, and describe what stands then."""
    library.check()
    is_remote = provider.is_remote(module.params)
    authority = layout.existing(module.params["directory"])
    with ledgers.opened(module.params, authority) as book:
        # The ledger first: the host is blocked, whatever becomes of the way to the CA.
        outcome = revoke(module, book)
        if outcome.warning:
            module.warn(outcome.warning)
        told = tell(module, authority, book) if is_remote else []
        identities = revoking.source_identities(book, outcome.serials, times.now())
    return {
        "changed": outcome.changed or bool(told),
        "revoked": outcome.revoked,
        "serials": outcome.serials,
        "told": told,
        "source_identities": [{"name": name, "shared_with": hosts} for name, hosts in identities.items()],
        "blocked": outcome.blocked is not None,
        "blocked_since": outcome.blocked.since if outcome.blocked else None,
        "blocked_by": outcome.blocked.blocked_by if outcome.blocked else None,
        "diff": {
            "before": {
                "blocked": outcome.blocked_before is not None,
                "revoked": [serial for serial in outcome.serials if serial not in outcome.revoked],
            },
            "after": {"blocked": outcome.blocked is not None, "revoked": outcome.serials},
        },
    }


def tell(module: AnsibleModule, authority: layout.Layout, book: ledger.Ledger) -> list[str]:
    """Tell the CA of all that it does not know to be revoked, and list that."""
    waiting = [row.serial for row in book.untold_revocations(times.now())]
    if module.check_mode or not waiting:
        return waiting
    try:
        with provider.remote(module.params, module.warn) as remote:
            remote_creation.check_same(authority, remote)
            told = remote_revoking.tell(remote, book, times.now())
    except AuthorityError as error:
        told = remote_revoking.Told(failed=dict.fromkeys(waiting, str(error)))
    if told.failure:
        raise AuthorityError(told.failure)
    return list(told.serials)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            **argument_specs.PROVIDER,
            "host": {"type": "str"},
            "name": {"type": "str"},
            "serial": {"type": "str"},
            "reason": {"type": "str", "choices": list(revocation_lists.REASONS), "default": "unspecified"},
            "unknown": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["revoked", "unblocked"], "default": "revoked"},
        },
        mutually_exclusive=[("host", "serial"), ("name", "serial")],
        required_one_of=[("host", "serial")],
        required_if=[*argument_specs.LEDGER_NEEDS, *argument_specs.PROVIDER_NEEDS, ("state", "unblocked", ("host",))],
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
