#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca
short_description: Make a two-level CA for IAM Roles Anywhere
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Makes a root, an issuing CA below it, the ledger of what will be issued, and an empty CRL with the number 1.
  - Nothing else ever makes a CA or a ledger. When the CA is there, it stays as it is; when another one is there, the
    module fails.
  - A CA that is asked over a wire is there already. Then the folder is made, with the certificate of that CA, the
    ledger, and the CRL that it publishes if there is one; the options for making a CA do not count, apart from
    O(common_name).
  - With O(ledger=dynamodb) it makes the table, with point-in-time recovery and guarded against deletion, moves the
    ledger of a new or an old CA into it, and leaves the file C(ledger.dynamodb) in its place.
  - With a key in a token, each run logs in and checks that key and certificate belong together.
  - The trust anchor should hold the issuing CA only. Once the CA is made, the root's private key is not needed until
    the next issuing CA; take C(root/private-key.pem) away and keep it offline.
options:
  common_name:
    description:
      - The common name of the issuing CA, at most 61 characters. Needed unless O(take_over) is given.
      - It becomes a tag of every session, so it may only have ASCII letters, digits, spaces and C(_.:/=+-@).
      - Needed with O(provider=file) and O(provider=pkcs11). With another provider the CA is there already; it is
        refused if it has another name than this.
    type: str
  root_common_name:
    description:
      - The common name of the root, under the same rules. Needed with O(common_name) for a CA that is made here.
    type: str
  organization:
    description: The organization in the names of both, under the same rules and with at most 64 characters.
    type: str
  key_type:
    description: The type of both private keys.
    type: str
    choices: [ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096]
    default: ECDSA-P256
  root_validity:
    description: How many days the root is valid. Counts only when the CA is made.
    type: int
    default: 3650
  validity:
    description:
      - How many days the issuing CA is valid. Counts only when the CA is made.
      - It never outlives the root; a longer time is shortened with a warning.
    type: int
    default: 1825
  allow_unencrypted_key:
    description: Whether the private keys may lie on disk without a passphrase.
    type: bool
    default: false
  allow_existing_key:
    description:
      - Whether the new CA may take the key O(pkcs11.key) when it is in the token already, for example because it was
        made there in a ceremony. Its public key must be there too.
      - Without it such a key is refused. It could be that of a CA whose folder is lost, and a second CA with the same
        key would not know what the first one has revoked.
    type: bool
    default: false
  take_over:
    description:
      - A CA that was run by hand with C(openssl ca), to be taken over instead of making a new one. Its names stay, so
        it goes with none of O(common_name), O(root_common_name) and O(organization), and only with O(provider=file).
      - Its certificate, its private key and all that C(index.txt) knows are copied once into O(directory), and a new
        CRL with all its revocations is signed. Its own files are only read. Afterwards take its private key away from
        there, and never use C(openssl ca) with it again.
      - When it was taken over already, certificates and revocations that C(index.txt) has and the ledger has not are
        brought in with a warning. Files that are gone by then do not matter.
      - What it has signed belongs to no host of the inventory. In the ledger the host is the common name, and the
        workload is V(openssl ca). The first host of the inventory that asks for a certificate with this common name
        gets it, and M(fleet.rolesanywhere.ca_revoke) of that host revokes the old certificates, too.
    type: dict
    suboptions:
      certificate_path:
        description: The CA's certificate in PEM, C(certificate) in C(openssl.cnf).
        type: path
        required: true
      private_key_path:
        description:
          - The CA's private key in PEM, C(private_key) in C(openssl.cnf). The passphrase opens an encrypted one.
          - The copy is encrypted with the passphrase whether the original is or not.
        type: path
        required: true
      index_path:
        description:
          - The list of what it has issued, C(database) in C(openssl.cnf), usually C(index.txt). Without it nothing of
            that can be revoked.
        type: path
      new_certificates_directory:
        description: The folder with a copy of each certificate, C(new_certs_dir) in C(openssl.cnf).
        type: path
      serial_path:
        description:
          - The file with the next serial number, C(serial) in C(openssl.cnf). It tells whether the list is whole.
        type: path
      crl_path:
        description: The last CRL in PEM or DER. Its entries are carried on, and its number is passed.
        type: path
      crl_number_path:
        description: The file with the next CRL number, C(crlnumber) in C(openssl.cnf), from which ours go on.
        type: path
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
  - module: fleet.rolesanywhere.ca_issue
  - module: fleet.rolesanywhere.ca_crl
  - module: fleet.rolesanywhere.trust_anchor
"""

EXAMPLES = r"""
- name: Make the CA of the fleet
  fleet.rolesanywhere.ca:
    directory: /srv/rolesanywhere/ca
    root_common_name: Example Fleet Root
    common_name: Example Fleet Issuing CA 1
    organization: Example
    passphrase: "{{ vault_ca_passphrase }}"
  register: authority

- name: Make a CA whose key lies in a token
  fleet.rolesanywhere.ca:
    directory: /srv/rolesanywhere/ca
    root_common_name: Example Fleet Root
    common_name: Example Fleet Issuing CA 1
    passphrase: "{{ vault_root_passphrase }}"
    provider: pkcs11
    pkcs11:
      module: /usr/lib/softhsm/libsofthsm2.so
      token: fleet
      key: Example Fleet Issuing CA 1
      pin_path: /run/credentials/token-pin

- name: Take over a CA that was run by hand
  fleet.rolesanywhere.ca:
    directory: /srv/rolesanywhere/ca
    passphrase: "{{ vault_ca_passphrase }}"
    take_over:
      certificate_path: /etc/ssl/fleet/cacert.pem
      private_key_path: /etc/ssl/fleet/private/cakey.pem
      index_path: /etc/ssl/fleet/index.txt
      serial_path: /etc/ssl/fleet/serial
      crl_path: /etc/ssl/fleet/crl.pem
      crl_number_path: /etc/ssl/fleet/crlnumber
      new_certificates_directory: /etc/ssl/fleet/newcerts

- name: Make a CA in AWS Private CA, under a root of one's own
  fleet.rolesanywhere.ca:
    directory: /srv/rolesanywhere/ca
    root_common_name: Example Fleet Root
    common_name: Example Fleet Issuing CA 1
    organization: Example
    passphrase: "{{ vault_root_passphrase }}"
    provider: private_ca
    private_ca:
      name: example-fleet-1
      region: eu-central-1
      crl_bucket: example-crls
      allow_cost: true

- name: Trust it
  fleet.rolesanywhere.trust_anchor:
    name: fleet
    certificates: ["{{ authority.certificate }}"]
    region: eu-central-1
"""

RETURN = r"""
certificate:
  description: The issuing CA's certificate in PEM, for the trust anchor. Null when check mode would make it.
  returned: success
  type: str
root_certificate:
  description:
    - The root's certificate in PEM. Null when check mode would make it, for a CA that was taken over, and for one that
      is asked over a wire.
  returned: success
  type: str
certificate_path:
  description: Where the issuing CA's certificate is.
  returned: success
  type: str
  sample: /srv/rolesanywhere/ca/issuing/certificate.pem
crl:
  description: The CRL in place in PEM, at first empty. Null when there is none.
  returned: success
  type: str
subject:
  description: The issuing CA's name in the notation of RFC 4514.
  returned: success
  type: str
  sample: CN=Example Fleet Issuing CA 1,O=Example
serial:
  description: The serial number of the issuing CA's certificate in hexadecimal. Null when check mode would make it.
  returned: success
  type: str
not_before:
  description: Since when the issuing CA is valid. Null when check mode would make it.
  returned: success
  type: str
  sample: "2026-11-19T10:00:00Z"
not_after:
  description: When the issuing CA ends. Null when check mode would make it.
  returned: success
  type: str
fingerprint:
  description: The SHA-256 of the issuing CA's certificate in hexadecimal. Null when check mode would make it.
  returned: success
  type: str
private_ca_arn:
  description: The ARN of the CA in AWS Private CA. Null when check mode would make it.
  returned: with O(provider=private_ca)
  type: str
taken_over:
  description: How much came into the ledger now, or would in check mode.
  returned: with O(take_over)
  type: dict
  contains:
    certificates:
      description: The number of certificates.
      type: int
    revoked:
      description: The number of revocations.
      type: int
    without_pem:
      description: The number of those certificates of which the old CA has kept no copy.
      type: int
"""

from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    argument_specs,
    creation,
    ledgers,
    openssl_ca,
    passphrase,
    periods,
    private_ca_creation,
    private_ca_making,
    private_files,
    provider,
    remote_creation,
    taking_over,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.layout import Layout
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    keys,
    library,
    names,
    times,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def make(module: AnsibleModule, layout: Layout, now: datetime) -> creation.Ensured:
    """Make the CA that the options describe, unless it is there."""
    if not module.params["root_common_name"]:
        raise AuthorityError("root_common_name is missing: give the root a name, too.")
    wanted = creation.WantedAuthority(
        module.params["common_name"],
        module.params["root_common_name"],
        module.params["organization"],
        module.params["key_type"],
        periods.days("root_validity", module.params["root_validity"]),
        periods.days("validity", module.params["validity"]),
    )
    root_passphrase = passphrase.read(module.params, module.warn)
    with provider.token(module.params, module.warn) as token:
        return creation.ensure(
            layout,
            wanted,
            root_passphrase,
            now,
            actor.current(),
            allow_unencrypted_key=module.params["allow_unencrypted_key"],
            dry_run=module.check_mode,
            token=token,
            allow_existing_key=module.params["allow_existing_key"],
        )


def take_over(module: AnsibleModule, layout: Layout, now: datetime) -> taking_over.TakenOver:
    """Take over the CA that the options point to, unless that is done."""
    if module.params["provider"] != "file":
        raise AuthorityError("take_over copies a private key from one file to another: leave provider at file.")
    given = {option: Path(path) if path else None for option, path in module.params["take_over"].items()}
    return taking_over.ensure(
        layout,
        openssl_ca.Source(
            certificate=Path(module.params["take_over"]["certificate_path"]),
            private_key=Path(module.params["take_over"]["private_key_path"]),
            index_file=given["index_path"],
            serial=given["serial_path"],
            crl=given["crl_path"],
            crl_number=given["crl_number_path"],
            new_certificates=given["new_certificates_directory"],
        ),
        passphrase.read(module.params, module.warn),
        now,
        actor.current(),
        allow_unencrypted_key=module.params["allow_unencrypted_key"],
        dry_run=module.check_mode,
    )


def join(module: AnsibleModule, layout: Layout, now: datetime) -> creation.Ensured:
    """Make the folder of a CA that is asked over a wire, unless it is there."""
    common_name = module.params["common_name"]
    with provider.remote(module.params, module.warn) as remote:
        return remote_creation.ensure(layout, remote, common_name, now, actor.current(), dry_run=module.check_mode)


def make_in_private_ca(
    module: AnsibleModule, layout: Layout, now: datetime
) -> tuple[creation.Ensured, private_ca_creation.Ensured]:
    """Make a CA in AWS Private CA unless it is there, and then its folder."""
    provider.check(module.params)
    private = private_ca_making.ensure(module.params, layout, now, module.warn, dry_run=module.check_mode)
    if module.check_mode and "installed" in private.done:
        return creation.Ensured(True), private  # without a certificate there is nothing to join yet
    return join(module, layout, now), private


def run(module: AnsibleModule) -> dict[str, Any]:
    """Ensure the CA and describe it."""
    library.check()
    layout = Layout(Path(module.params["directory"]).absolute())
    now = times.now()
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    entered = None
    private = None
    ensured: creation.Ensured | taking_over.TakenOver
    if module.params["take_over"]:
        ensured = taken_over = take_over(module, layout, now)
        entered = taken_over.entered
        before, after = {"taken_over": None}, {"taken_over": entered._asdict() if any(entered) else None}
    elif module.params["provider"] == "private_ca":
        ensured, private = make_in_private_ca(module, layout, now)
        before, after = {"private_ca": []}, {"private_ca": private.done}
    elif provider.is_remote(module.params):
        ensured = join(module, layout, now)
    else:
        ensured = make(module, layout, now)
    for warning in ensured.warnings:
        module.warn(warning)
    moved = ledgers.share(module.params, layout, dry_run=module.check_mode)
    if module.params["ledger"] == "dynamodb":
        before["ledger"], after["ledger"] = "sqlite" if moved else "dynamodb", "dynamodb"
    issuing, root = ensured.issuing, ensured.root
    name = issuing.subject if issuing else names.subject(module.params["common_name"], module.params["organization"])
    subject = certificates.describe(name)
    facts = certificates.facts(issuing) if issuing else {}
    return {
        "changed": bool(ensured.made or ensured.tightened or any(entered or ()) or (private and private.done) or moved),
        "certificate": certificates.to_pem(issuing) if issuing else None,
        "root_certificate": certificates.to_pem(root) if root else None,
        "certificate_path": str(layout.issuing.certificate),
        "crl": read_crl(layout),
        "subject": subject,
        **{name: facts.get(name) for name in ("serial", "not_before", "not_after", "fingerprint")},
        **({"taken_over": entered._asdict()} if entered else {}),
        **({"private_ca_arn": private.arn} if private else {}),
        "diff": {
            "before": {
                "subject": None if ensured.made else subject,
                "open_to_others": [str(path) for path in ensured.tightened],
                **before,
            },
            "after": {"subject": subject, "open_to_others": [], **after},
        },
    }


def read_crl(layout: Layout) -> str | None:
    """Read the newest CRL; in check mode there may be none yet."""
    with private_files.explained("read", layout.crl):
        return layout.crl.read_text(encoding="ascii") if private_files.is_there(layout.crl) else None


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            **argument_specs.PASSPHRASE,
            **argument_specs.PROVIDER,
            "common_name": {"type": "str"},
            "root_common_name": {"type": "str"},
            "organization": {"type": "str"},
            "key_type": {
                "type": "str",
                "choices": list(keys.KEY_TYPES),
                "default": "ECDSA-P256",
                "no_log": False,
            },
            "root_validity": {"type": "int", "default": 3650},
            "validity": {"type": "int", "default": 1825},
            "allow_unencrypted_key": {"type": "bool", "default": False, "no_log": False},
            "allow_existing_key": {"type": "bool", "default": False, "no_log": False},
            "take_over": {
                "type": "dict",
                "options": {
                    "certificate_path": {"type": "path", "required": True},
                    "private_key_path": {"type": "path", "required": True, "no_log": False},
                    "index_path": {"type": "path"},
                    "new_certificates_directory": {"type": "path"},
                    "serial_path": {"type": "path"},
                    "crl_path": {"type": "path"},
                    "crl_number_path": {"type": "path"},
                },
            },
        },
        mutually_exclusive=[
            *argument_specs.ONE_PASSPHRASE,
            ("common_name", "take_over"),
            ("root_common_name", "take_over"),
            ("organization", "take_over"),
        ],
        required_if=[
            *argument_specs.LEDGER_NEEDS,
            *argument_specs.PROVIDER_NEEDS,
            ("provider", "file", ("common_name", "take_over"), True),
            ("provider", "pkcs11", ("common_name", "take_over"), True),
        ],
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
