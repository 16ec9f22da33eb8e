#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_crl
short_description: Make the CRL of the CA
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Makes a new CRL when revocations have changed or the one in place nears its end. Run it daily and after each
    M(fleet.rolesanywhere.ca_revoke), and publish the CRL with M(fleet.rolesanywhere.crl).
  - A private key of the CA that is at hand is opened each time, so that a missing passphrase shows before a revocation
    waits for it.
  - The CRL never goes backwards. Its number is above the ledger's and above that of the CRL in place, and entries
    that the ledger does not know as revoked, because it was restored from a backup, are carried on with a warning.
  - A provider that is asked over a wire publishes its CRL itself. That one is fetched and put into C(issuing/), unless
    it is older than the one in place or lacks what the ledger has revoked; then the module fails. Before that the
    provider is told of revocations that it does not know yet. O(next_update) and O(refresh_before) do not count then.
  - An entry leaves the CRL one period of O(next_update) after its certificate has expired.
  - Roles Anywhere takes at most 300,000 bytes, which is room for about 4,500 entries with their reasons. Beyond that
    the reasons are left out, which is room for about 6,300.
  - Beyond that, too, the newest revocations and the certificates whose keys are in foreign hands go first, and what is
    left out is returned in RV(left_out), with a warning. Publish that CRL all the same, and then fail.
options:
  publisher:
    description:
      - The name of the run that makes and publishes the CRL, such as a random number. Only one run at a time does that,
        since AWS takes whatever CRL comes last. The others wait here until it is done.
      - Say O(state=published) with the same name when the CRL has been read back from AWS. A run that never does, since
        it was killed, keeps the others waiting for five minutes.
      - Check mode waits for nobody.
    type: str
  state:
    description:
      - Whether there is to be a CRL that is good, or whether the O(publisher) is done with it.
    type: str
    choices: [present, published]
    default: present
  authority:
    description:
      - Which of the issuing CAs that a roll-over has put side by side, see M(fleet.rolesanywhere.ca_rollover). Each
        revokes its own certificates.
    type: str
    choices: [issuing, previous, next]
    default: issuing
  next_update:
    description: How many days after its making the CRL says that the next one comes.
    type: int
    default: 45
  refresh_before:
    description: Make a new CRL when the one in place has fewer days than this left. Must be less than O(next_update).
    type: int
    default: 30
  wait_timeout:
    description:
      - How many seconds to wait for a CRL that has everything, at most 3600. Counts only with a provider that publishes
        its CRL itself.
    type: int
    default: 0
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
seealso:
  - module: fleet.rolesanywhere.ca_revoke
  - module: fleet.rolesanywhere.crl
"""

EXAMPLES = r"""
- name: Make the CRL
  fleet.rolesanywhere.ca_crl:
    directory: /srv/rolesanywhere/ca
    passphrase_path: /run/credentials/ca-passphrase
    publisher: "{{ run_name }}"
  register: revocation_list

- name: Publish it
  fleet.rolesanywhere.crl:
    name: fleet
    trust_anchor_arn: "{{ anchor.trust_anchor.trust_anchor_arn }}"
    crl: "{{ revocation_list.crl }}"
    expired_serials: "{{ revocation_list.expired_serials }}"
    left_out_serials: "{{ revocation_list.left_out }}"
    region: eu-central-1

- name: Let the next run publish
  fleet.rolesanywhere.ca_crl:
    directory: /srv/rolesanywhere/ca
    publisher: "{{ run_name }}"
    state: published
"""

RETURN = r"""
crl:
  description: The CRL in PEM. Null when check mode would make a new one.
  returned: O(state=present)
  type: str
path:
  description: Where it is.
  returned: O(state=present)
  type: str
  sample: /srv/rolesanywhere/ca/issuing/crl.pem
issuer:
  description: The name of the CA whose CRL it is, in the notation of RFC 4514.
  returned: O(state=present)
  type: str
  sample: CN=Example Fleet Issuing CA 1,O=Example
issuer_fingerprint:
  description: The SHA-256 of the issuing CA's certificate in hexadecimal, by which anchors that hold it are known.
  returned: O(state=present)
  type: str
beside:
  description: The other issuing CAs that have a CRL, for O(authority), while a roll-over goes on.
  returned: O(state=present)
  type: list
  elements: str
  sample: [previous]
number:
  description: The CRL number. Null when check mode would make a new one.
  returned: O(state=present)
  type: int
this_update:
  description: When it was made. Null when check mode would make a new one.
  returned: O(state=present)
  type: str
  sample: "2026-11-20T10:00:00Z"
next_update:
  description: When it ends. Null when check mode would make a new one.
  returned: O(state=present)
  type: str
entries:
  description: How many certificates it revokes, or would revoke in check mode.
  returned: O(state=present)
  type: int
bytes:
  description: Its size in PEM. Null when check mode would make a new one.
  returned: O(state=present)
  type: int
carried_on:
  description: The serial numbers that the CRL revokes although the ledger does not know them as revoked.
  returned: O(state=present)
  type: list
  elements: str
expired_serials:
  description:
    - The serial numbers of revoked certificates that expired so long ago that the CRL leaves them out.
    - For O(fleet.rolesanywhere.crl#module:expired_serials), which cannot know them.
  returned: O(state=present)
  type: list
  elements: str
left_out:
  description:
    - The serial numbers of certificates that are revoked and still accepted, because the CRL has no room for them.
    - While there are any, disable the trust anchor, or deny the hosts on their IAM roles, and move the fleet to a new
      issuing CA.
  returned: O(state=present)
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    argument_specs,
    file,
    generations,
    layout,
    ledgers,
    periods,
    private_files,
    provider,
    publishing,
    remote_creation,
    remote_revocation_list,
    remote_revoking,
    revocation_list,
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

OTHERS = ("previous", "next")


def describe(refreshed: revocation_list.Refreshed) -> dict[str, Any]:
    """Write the CRL as a result; it is None when check mode would make a new one."""
    crl = refreshed.crl
    if crl is None:
        return dict.fromkeys(("crl", "number", "this_update", "next_update", "bytes"))
    pem = revocation_lists.to_pem(crl)
    return {
        "crl": pem,
        "number": revocation_lists.number(crl),
        "this_update": times.iso(crl.last_update_utc),
        "next_update": times.iso(crl.next_update_utc) if crl.next_update_utc else None,
        "bytes": len(pem),
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Refresh the CRL and describe it, or let the next run publish."""
    library.check()
    authority = layout.existing(module.params["directory"])
    if module.params["state"] == "published":
        if not module.check_mode:
            with ledgers.opened(module.params, authority) as book:
                publishing.give_lease_back(book, module.params["publisher"])
        return {"changed": False}
    if module.params["publisher"] and not module.check_mode:
        with ledgers.opened(module.params, authority) as book:
            publishing.take_lease(book, module.params["publisher"], times.now)
    return present(module, authority)


def present(module: AnsibleModule, authority: layout.Layout) -> dict[str, Any]:
    """Refresh the CRL and describe it."""
    refresh = fetch_over_the_wire if provider.is_remote(module.params) else make_with_the_key
    refreshed = refresh(module, authority)
    files: layout.AuthorityFiles = getattr(authority, module.params["authority"])
    if refreshed.carried_on:
        module.warn(
            f"The ledger does not know {len(refreshed.carried_on)} of the CRL's certificates as revoked (carried_on): "
            "was it restored from an old backup?"
        )
    if refreshed.left_out:
        module.warn(
            f"The CRL has no room for {len(refreshed.left_out)} revoked certificates (left_out), which stay accepted: "
            "disable the trust anchor or deny the hosts on their IAM roles, and move the fleet to a new issuing CA."
        )
    issuer = file.load_certificate(files)
    return {
        "changed": refreshed.changed,
        "path": str(files.crl),
        "issuer": certificates.describe(issuer.subject),
        "issuer_fingerprint": certificates.fingerprint(issuer),
        "beside": [name for name in OTHERS if private_files.is_there(getattr(authority, name).certificate)],
        "entries": len(refreshed.revoked),
        "carried_on": refreshed.carried_on,
        "expired_serials": refreshed.expired,
        "left_out": refreshed.left_out,
        "diff": {
            "before": {"revoked": sorted(certificates.serial_hex(serial) for serial in refreshed.published)},
            "after": {"revoked": sorted(certificates.serial_hex(serial) for serial in refreshed.revoked)},
        },
        **describe(refreshed),
    }


def make_with_the_key(module: AnsibleModule, authority: layout.Layout) -> revocation_list.Refreshed:
    """Make the CRL with a key that is at hand."""
    files: layout.AuthorityFiles = getattr(authority, module.params["authority"])
    schedule = revocation_list.Schedule(
        periods.days("next_update", module.params["next_update"]),
        periods.days("refresh_before", module.params["refresh_before"]),
    )
    opening = provider.signer(module.params, files, module.warn)
    with opening as signer, ledgers.opened(module.params, authority) as book:
        return revocation_list.refresh(
            files,
            generations.read(authority),
            signer,
            book,
            schedule,
            times.now(),
            actor.current(),
            dry_run=module.check_mode,
        )


def fetch_over_the_wire(module: AnsibleModule, authority: layout.Layout) -> revocation_list.Refreshed:
    """Take the CRL that the CA publishes, once it knows of all revocations."""
    if module.params["authority"] != "issuing":
        raise AuthorityError(
            "A CA that is asked over a wire is the only one of its folder: leave authority at issuing."
        )
    opening = provider.remote(module.params, module.warn)
    with opening as remote, ledgers.opened(module.params, authority) as book:
        remote_creation.check_same(authority, remote)
        if not module.check_mode:
            told = remote_revoking.tell(remote, book, times.now())
            if told.failure:
                raise AuthorityError(told.failure)
        wait = periods.wait("wait_timeout", module.params["wait_timeout"])
        return remote_revocation_list.refresh(
            authority, remote, book, times.now, actor.current(), wait=wait, dry_run=module.check_mode
        )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            **argument_specs.PASSPHRASE,
            **argument_specs.PROVIDER,
            "publisher": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "published"], "default": "present"},
            "authority": {"type": "str", "choices": ["issuing", *OTHERS], "default": "issuing"},
            "next_update": {"type": "int", "default": 45},
            "refresh_before": {"type": "int", "default": 30},
            "wait_timeout": {"type": "int", "default": 0},
        },
        mutually_exclusive=argument_specs.ONE_PASSPHRASE,
        required_if=[
            *argument_specs.LEDGER_NEEDS,
            *argument_specs.PROVIDER_NEEDS,
            ("state", "published", ("publisher",)),
        ],
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
