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
  - With a key in a token, each run logs in and checks that key and certificate belong together.
  - The trust anchor should hold the issuing CA only. Once the CA is made, the root's private key is not needed until
    the next issuing CA; take C(root/private-key.pem) away and keep it offline.
options:
  common_name:
    description:
      - The common name of the issuing CA, at most 61 characters.
      - It becomes a tag of every session, so it may only have ASCII letters, digits, spaces and C(_.:/=+-@).
    type: str
    required: true
  root_common_name:
    description: The common name of the root, under the same rules.
    type: str
    required: true
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
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_passphrase
  - fleet.rolesanywhere._authority_provider
  - fleet.rolesanywhere._authority_pkcs11
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
  description: The root's certificate in PEM. Null when check mode would make it.
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
"""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    actor,
    argument_specs,
    creation,
    passphrase,
    periods,
    private_files,
    provider,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.layout import Layout
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, keys, library
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError


def run(module: AnsibleModule) -> dict[str, Any]:
    """Ensure the CA and describe it."""
    library.check()
    layout = Layout(Path(module.params["directory"]).absolute())
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
        ensured = creation.ensure(
            layout,
            wanted,
            root_passphrase,
            datetime.now(timezone.utc).replace(microsecond=0),
            actor.current(),
            allow_unencrypted_key=module.params["allow_unencrypted_key"],
            dry_run=module.check_mode,
            token=token,
            allow_existing_key=module.params["allow_existing_key"],
        )
    if ensured.warning:
        module.warn(ensured.warning)
    issuing, root = ensured.issuing, ensured.root
    subject = certificates.describe(wanted.subject)
    facts = certificates.facts(issuing) if issuing else {}
    return {
        "changed": ensured.made or bool(ensured.tightened),
        "certificate": certificates.to_pem(issuing) if issuing else None,
        "root_certificate": certificates.to_pem(root) if root else None,
        "certificate_path": str(layout.issuing.certificate),
        "crl": read_crl(layout),
        "subject": subject,
        **{name: facts.get(name) for name in ("serial", "not_before", "not_after", "fingerprint")},
        "diff": {
            "before": {
                "subject": None if ensured.made else subject,
                "open_to_others": [str(path) for path in ensured.tightened],
            },
            "after": {"subject": subject, "open_to_others": []},
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
            **argument_specs.PASSPHRASE,
            **argument_specs.PROVIDER,
            "common_name": {"type": "str", "required": True},
            "root_common_name": {"type": "str", "required": True},
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
        },
        mutually_exclusive=argument_specs.ONE_PASSPHRASE,
        required_if=argument_specs.PROVIDER_NEEDS,
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError, CertificateError)


if __name__ == "__main__":
    main()
