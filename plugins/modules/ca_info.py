#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_info
short_description: Look at the CA, its ledger and its CRL
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Says what the CA is, counts what it issued and revoked, compares the ledger with the CRL in place, and finds
    certificates in the ledger.
  - No private key is opened and no passphrase is needed. Nothing is written, neither in the ledger nor beside it, and
    no other run has to wait.
  - It warns when the CA or its CRL nears its end, when a revocation is not on the CRL yet, when the CRL and the ledger
    do not belong together, and when the files are open to others or belong to several users.
  - Certificates are listed when O(host), O(name), O(serial), O(expiring_within), O(revoked) or O(newest) asks for some,
    those that meet all that is asked for, or when O(certificates=true). The list is empty when there is none.
  - Which workloads are to be renewed is said when O(renewal) asks for it.
options:
  host:
    description: List certificates of the host with this name in the inventory.
    type: str
  name:
    description: List certificates of workloads with this name.
    type: str
  serial:
    description: List the certificate with this serial number, in hexadecimal.
    type: str
  expiring_within:
    description:
      - List certificates that end within so many days from now. Those that have ended are not among them.
    type: int
  revoked:
    description:
      - List only certificates that are revoked, or with V(false) only those that are not. Without it, both.
    type: bool
  newest:
    description:
      - List of each workload of a host only the certificate that ends last; those that are revoked do not count.
      - With O(expiring_within) this finds the workloads that nobody has renewed.
    type: bool
    default: false
  certificates:
    description: List all certificates when nothing else asks for some.
    type: bool
    default: false
  limit:
    description:
      - How many certificates to list at most, those that end first, and how many shared keys. When there are more, the
        module warns.
      - With V(0) they are only counted, without a warning.
    type: int
    default: 1000
  seen_serials:
    description:
      - Serial numbers that certificates were seen with, in hexadecimal, such as those that
        M(fleet.rolesanywhere.subject_info) finds at AWS. Those that the ledger does not know are returned in
        RV(unknown_serials). Somebody else who has the CA's key may have signed them.
    type: list
    elements: str
    default: []
  include_pem:
    description: Whether to return the listed certificates in PEM, too.
    type: bool
    default: false
  renewal:
    description:
      - Say which workloads are to be renewed, in RV(renewal). The certificate that was issued last and is not revoked
        decides; one that is not known to be in use, see M(fleet.rolesanywhere.ca_confirm), is due at once.
      - What changed in the inventory or on a host is not in the ledger; M(fleet.rolesanywhere.workload_info) finds it.
      - A host that has other certificates is not due for a workload whose last one ended more than 30 days ago.
    type: dict
    suboptions:
      hosts:
        description:
          - The hosts to ask for, by their names in the inventory. One that the ledger does not know is due.
          - Without it, all hosts that the ledger knows.
        type: list
        elements: str
      renew_when_left:
        description: As O(fleet.rolesanywhere.workload_info#module:renew_when_left).
        type: float
        default: 0.333
      renew_when_days_left:
        description: As O(fleet.rolesanywhere.workload_info#module:renew_when_days_left).
        type: float
        default: 0
      renew_jitter:
        description: As O(fleet.rolesanywhere.workload_info#module:renew_jitter).
        type: float
        default: 0.1
  validity:
    description:
      - How many days workload certificates are valid, as in O(fleet.rolesanywhere.ca_issue#module:validity).
      - When the issuing CA has less than twice of it left, the module warns.
    type: int
    default: 30
  refresh_before:
    description:
      - The module warns when the CRL has fewer days than this left, as in
        O(fleet.rolesanywhere.ca_crl#module:refresh_before). If M(fleet.rolesanywhere.ca_crl) runs daily, this shows for
        a day at most.
    type: int
    default: 30
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_ledger
attributes:
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
notes:
  - Run it as the owner of the CA's folder.
  - A copy of the ledger's file alone lacks what stands in the log beside it while another run writes. SQLite's own
    backup, as in the examples, is whole at any time. After a restore from an older one RV(crl.unknown) tells what the
    ledger has forgotten; M(fleet.rolesanywhere.ca_crl) carries it on.
seealso:
  - module: fleet.rolesanywhere.ca
  - module: fleet.rolesanywhere.ca_issue
  - module: fleet.rolesanywhere.ca_revoke
  - module: fleet.rolesanywhere.ca_crl
  - module: fleet.rolesanywhere.crl_info
"""

EXAMPLES = r"""
- name: Look at the CA
  fleet.rolesanywhere.ca_info:
    directory: /srv/rolesanywhere/ca
  register: look

- name: Let the job fail when something is wrong with it
  ansible.builtin.assert:
    that: look.faults == []
    fail_msg: "{{ look.faults | join(' ') }}"

- name: Find the workloads that nobody has renewed
  fleet.rolesanywhere.ca_info:
    directory: /srv/rolesanywhere/ca
    expiring_within: 7
    newest: true
  register: late

- name: Name them
  ansible.builtin.debug:
    msg: "{{ item.host }}, {{ item.name }}: {{ item.not_after }}"
  loop: "{{ late.certificates }}"
  loop_control:
    label: "{{ item.serial }}"

- name: List what was taken away from a host
  fleet.rolesanywhere.ca_info:
    directory: /srv/rolesanywhere/ca
    host: web1
    revoked: true

- name: Ask which hosts a nightly run is to visit
  fleet.rolesanywhere.ca_info:
    directory: /srv/rolesanywhere/ca
    renewal:
      hosts: "{{ groups['rolesanywhere_fleet'] | default([]) }}"
  register: nightly

- name: Say which
  ansible.builtin.debug:
    var: nightly.renewal.hosts

- name: Back the ledger up, whatever else runs
  ansible.builtin.command:
    argv:
      - sqlite3
      - /srv/rolesanywhere/ca/ledger.sqlite
      - .backup /srv/backup/rolesanywhere-ledger.sqlite
  changed_when: true
"""

RETURN = r"""
faults:
  description: What a person should see to, a sentence each, which are warnings, too. Empty when all is well.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      The CRL ends on 2026-12-05T10:00:00Z, in 15 days: make the next one with ca_crl and publish it, once a day.
authority:
  description: The CA's two certificates.
  returned: success
  type: dict
  contains:
    issuing:
      description: The certificate of the issuing CA.
      type: dict
      contains: &certificate
        certificate:
          description: The certificate in PEM.
          type: str
        subject:
          description: Its name in the notation of RFC 4514.
          type: str
          sample: CN=Example Fleet Issuing CA 1,O=Example
        issuer:
          description: The name of the CA that signed it, in the same notation.
          type: str
          sample: CN=Example Fleet Root,O=Example
        serial:
          description: Its serial number in hexadecimal.
          type: str
        not_before:
          description: Since when it is valid.
          type: str
          sample: "2026-11-19T10:00:00Z"
        not_after:
          description: When it ends.
          type: str
        fingerprint:
          description: The SHA-256 of the certificate in hexadecimal.
          type: str
        key_type:
          description: The type of its key.
          type: str
          sample: ECDSA-P256
    root:
      description: The certificate of the root. Null when it is not in the folder.
      type: dict
      contains: *certificate
counts:
  description: How much there is in the ledger.
  returned: success
  type: dict
  contains:
    issued:
      description: How many certificates were ever issued.
      type: int
    unexpired:
      description: How many of them have not expired, revoked or not.
      type: int
    valid:
      description: How many of them have neither expired nor been revoked.
      type: int
    revoked:
      description: How many of them were revoked, expired or not.
      type: int
    blocked_hosts:
      description: How many hosts are blocked.
      type: int
    shared_keys:
      description: How many public keys were certified for more than one host or more than one workload.
      type: int
certificates:
  description: The certificates asked for, those that end first before others. Empty when none was asked for.
  returned: success
  type: list
  elements: dict
  contains: &row
    host:
      description: The host's name in the inventory. The common name of what a CA has issued before it was taken over.
      type: str
    name:
      description: The workload's name. V(openssl ca) for what a CA has issued before it was taken over.
      type: str
    serial:
      description: The serial number in hexadecimal.
      type: str
      sample: 4f1b7e0d9a2c4d5e8f60718293a4b5c6
    common_name:
      description: The common name.
      type: str
    subject:
      description: The subject in the notation of RFC 4514.
      type: str
    not_before:
      description: Since when it is valid. Null when a CA that was taken over has kept no copy of it.
      type: str
    not_after:
      description: When it ends.
      type: str
    fingerprint:
      description: The SHA-256 of the certificate in hexadecimal. Null when there is no copy.
      type: str
    public_key_fingerprint:
      description: The SHA-256 of its public key, as SubjectPublicKeyInfo in DER, in hexadecimal. Null when there is no
        copy.
      type: str
    issued_at:
      description: When it was issued. Null when there is no copy.
      type: str
    issued_by:
      description: By whom, and in which run.
      type: str
    revoked_at:
      description: When it was revoked. Null when it was not.
      type: str
    reason:
      description: Why it was revoked, in the words of O(fleet.rolesanywhere.ca_revoke#module:reason).
      type: str
    revoked_by:
      description: Who revoked it.
      type: str
    in_use_since:
      description:
        - When the ledger was told that the workload uses it, see M(fleet.rolesanywhere.ca_confirm). Null when it was
          not, and for a certificate that another one has taken the place of.
      type: str
    certificate:
      description: The certificate in PEM. Null when there is no copy.
      returned: with O(include_pem=true)
      type: str
matching:
  description: How many certificates there are of those asked for, listed or not. Null when none was asked for.
  returned: success
  type: int
unknown_serials:
  description: Those of O(seen_serials) that the ledger does not know, in its notation.
  returned: success
  type: list
  elements: str
blocked_hosts:
  description: All hosts that get no certificate until M(fleet.rolesanywhere.ca_revoke) unblocks them, by name.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The host's name in the inventory.
      type: str
    since:
      description: Since when it is blocked.
      type: str
    blocked_by:
      description: Who has blocked it.
      type: str
    reason:
      description: Why, in the words of O(fleet.rolesanywhere.ca_revoke#module:reason).
      type: str
renewal:
  description: What is to be renewed.
  returned: with O(renewal)
  type: dict
  contains:
    hosts:
      description: The hosts that have something due, each once, in the order of O(renewal.hosts).
      type: list
      elements: str
    due:
      description: What is due.
      type: list
      elements: dict
      contains: &finding
        host:
          description: The host's name in the inventory.
          type: str
        name:
          description: The workload's name. Null when it is the whole host.
          type: str
        serial:
          description: The serial number of its last certificate. Null without one.
          type: str
        not_after:
          description: When that ends.
          type: str
        reason:
          description: Why.
          type: str
          sample: 21 % of its lifetime is left
    held:
      description:
        - The hosts that are blocked, and the workloads whose certificate was revoked. They are never due, for being
          revoked is no reason to get a new one.
      type: list
      elements: dict
      contains: *finding
crl:
  description: The CRL in place beside the ledger. Null when there is none that can be read, with a warning.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /srv/rolesanywhere/ca/issuing/crl.pem
    number:
      description: The CRL number.
      type: int
    this_update:
      description: When it was made.
      type: str
    next_update:
      description: When it ends. Null when it does not say so.
      type: str
    entries:
      description: How many certificates it revokes.
      type: int
    bytes:
      description: How many of the 300,000 bytes that Roles Anywhere takes it has in PEM.
      type: int
    missing:
      description:
        - The serial numbers of certificates that are revoked in the ledger and have not expired, but are not on the
          CRL. They are good until the next one is made and published.
      type: list
      elements: str
    unknown:
      description:
        - The serial numbers on the CRL that the ledger does not have as revoked, perhaps because it was restored from
          an older backup.
      type: list
      elements: str
shared_keys:
  description:
    - The public keys that were certified for more than one host or more than one workload, ever. The hosts may be
      clones of one machine; M(fleet.rolesanywhere.ca_issue) gives a key to one host at a time.
  returned: success
  type: list
  elements: dict
  contains:
    public_key_fingerprint:
      description: The SHA-256 of the public key, as SubjectPublicKeyInfo in DER, in hexadecimal.
      type: str
    certificates:
      description: Its certificates, the newest first.
      type: list
      elements: dict
      contains: *row
"""

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    argument_specs,
    info,
    layout,
    ledger_reading,
    ledgers,
    periods,
    renewing,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import IssuedCertificate
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import Thresholds
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    keys,
    library,
    revocation_lists,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

if TYPE_CHECKING:
    from cryptography import x509


def describe_authority(certificate: x509.Certificate) -> dict[str, Any]:
    """Write a CA's certificate as a result."""
    return {
        "certificate": certificates.to_pem(certificate),
        **certificates.facts(certificate),
        "key_type": keys.key_type(keys.accepted(certificate.public_key())),
    }


def describe_row(row: IssuedCertificate, *, include_pem: bool) -> dict[str, Any]:
    """Write a row of the ledger as a result; what a CA that was taken over has not kept is None."""
    described = {column: value or None for column, value in row._asdict().items()}
    pem = described.pop("pem")
    return {**described, "certificate": pem} if include_pem else described


def describe_crl(path: str, comparison: info.Comparison) -> dict[str, Any]:
    """Write the CRL, beside the ledger, as a result."""
    crl = comparison.crl
    return {
        "path": path,
        "number": revocation_lists.number(crl),
        "this_update": iso(crl.last_update_utc),
        "next_update": iso(crl.next_update_utc) if crl.next_update_utc else None,
        "entries": len(crl),
        "bytes": len(revocation_lists.to_pem(crl)),
        "missing": comparison.missing,
        "unknown": comparison.unknown,
    }


def describe_renewal(renewal: renewing.Renewal) -> dict[str, Any]:
    """Write what is due, and what is held back, as a result."""
    return {
        "hosts": renewal.hosts,
        "due": [finding._asdict() for finding in renewal.due],
        "held": [finding._asdict() for finding in renewal.held],
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Look, and describe what is there."""
    library.check()
    authority = layout.existing(module.params["directory"])
    now = datetime.now(timezone.utc).replace(microsecond=0)
    include_pem = module.params["include_pem"]
    report = info.look(authority, question(module.params, now), now, ledgers.reading(module.params, authority))
    entries = report.entries
    for warning in (*report.faults, *report.left_out):
        module.warn(warning)
    result = {
        "changed": False,
        "faults": report.faults,
        "authority": {
            "issuing": describe_authority(report.issuing),
            "root": describe_authority(report.root) if report.root else None,
        },
        "counts": {**entries.counts._asdict(), "shared_keys": entries.shared_key_count},
        "certificates": [describe_row(row, include_pem=include_pem) for row in entries.found],
        "matching": entries.matching,
        "unknown_serials": list(entries.unknown_serials),
        "blocked_hosts": [block._asdict() for block in entries.blocked_hosts],
        "crl": describe_crl(str(authority.crl), entries.crl) if entries.crl else None,
        "shared_keys": [
            {
                "public_key_fingerprint": shared.public_key_fingerprint,
                "certificates": [describe_row(row, include_pem=include_pem) for row in shared.certificates],
            }
            for shared in entries.shared_keys
        ],
    }
    return {**result, "renewal": describe_renewal(entries.renewal)} if entries.renewal else result


def question(parameters: dict[str, Any], now: datetime) -> info.Question:
    """Read the options.

    :raises AuthorityError: a number is out of its range.
    """
    if parameters["limit"] < 0:
        raise AuthorityError(f"limit is {parameters['limit']}: give 0 or more.")
    expiring_within = parameters["expiring_within"]
    search = ledger_reading.Search(
        parameters["host"],
        parameters["name"],
        certificates.normal_serial(parameters["serial"]) if parameters["serial"] is not None else None,
        None if expiring_within is None else iso(now),
        None if expiring_within is None else iso(now + periods.days("expiring_within", expiring_within)),
        parameters["revoked"],
        parameters["newest"],
    )
    wanted = parameters["certificates"] or search != ledger_reading.Search()
    return info.Question(
        search if wanted else None,
        parameters["limit"],
        periods.days("validity", parameters["validity"]),
        periods.days("refresh_before", parameters["refresh_before"]),
        renewal_question(parameters["renewal"]) if parameters["renewal"] else None,
        [certificates.normal_serial(serial) for serial in parameters["seen_serials"]],
    )


def renewal_question(options: dict[str, Any]) -> renewing.RenewalQuestion:
    """Read the option renewal.

    :raises AuthorityError: a number is out of its range.
    """
    thresholds = Thresholds(options["renew_when_left"], options["renew_when_days_left"], options["renew_jitter"])
    return renewing.check(renewing.RenewalQuestion(options["hosts"], thresholds))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            "host": {"type": "str"},
            "name": {"type": "str"},
            "serial": {"type": "str"},
            "expiring_within": {"type": "int"},
            "revoked": {"type": "bool"},
            "newest": {"type": "bool", "default": False},
            "certificates": {"type": "bool", "default": False},
            "limit": {"type": "int", "default": 1000},
            "seen_serials": {"type": "list", "elements": "str", "default": []},
            "include_pem": {"type": "bool", "default": False},
            "renewal": {
                "type": "dict",
                "options": {
                    "hosts": {"type": "list", "elements": "str"},
                    "renew_when_left": {"type": "float", "default": 0.333},
                    "renew_when_days_left": {"type": "float", "default": 0},
                    "renew_jitter": {"type": "float", "default": 0.1},
                },
            },
            "validity": {"type": "int", "default": 30},
            "refresh_before": {"type": "int", "default": 30},
        },
        required_if=argument_specs.LEDGER_NEEDS,
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
