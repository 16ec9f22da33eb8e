#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_confirm
short_description: Tell the CA's ledger which certificates are in use
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Notes in the ledger that workloads use certificates which the CA has issued to them. A certificate that was issued
    may never have been installed, because the host failed or the roll-out was stopped.
  - What is not noted as in use is due in O(fleet.rolesanywhere.ca_info#module:renewal), so that the next nightly run
    visits the host again. The role P(fleet.rolesanywhere.workload#role) and the playbooks confirm what they install and
    what they find installed.
  - A workload uses one certificate, so confirming one takes the note from the one before.
options:
  serials:
    description:
      - The serial numbers, in hexadecimal, of the certificates that are in use, by the host's name in the inventory and
        by the workload's name.
      - What the ledger has not issued to that workload is left out and returned in RV(unknown).
    type: dict
    required: true
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
  - fleet.rolesanywhere._authority_ledger
attributes:
  diff_mode:
    support: full
seealso:
  - module: fleet.rolesanywhere.ca_info
  - module: fleet.rolesanywhere.ca_issue
  - module: fleet.rolesanywhere.certificate_install
"""

EXAMPLES = r"""
- name: Say what web1 uses
  fleet.rolesanywhere.ca_confirm:
    directory: /srv/rolesanywhere/ca
    serials:
      web1:
        default: 4f1b7e0d9a2c4d5e8f60718293a4b5c6
"""

RETURN = r"""
confirmed:
  description: What the ledger did not know before.
  returned: success
  type: list
  elements: dict
  contains: &workload
    host:
      description: The host's name in the inventory.
      type: str
    name:
      description: The workload's name.
      type: str
    serial:
      description: The serial number of its certificate in hexadecimal.
      type: str
      sample: 4f1b7e0d9a2c4d5e8f60718293a4b5c6
unknown:
  description: What the ledger has not issued to that workload, perhaps because another CA did.
  returned: success
  type: list
  elements: dict
  contains: *workload
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    argument_specs,
    confirming,
    layout,
    ledgers,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer


def run(module: AnsibleModule) -> dict[str, Any]:
    """Confirm, and describe what is new and what is not known."""
    authority = layout.existing(module.params["directory"])
    now = datetime.now(timezone.utc).replace(microsecond=0)
    uses = confirming.read(module.params["serials"])
    with ledgers.opened(module.params, authority) as book:
        outcome = confirming.confirm(book, uses, now, dry_run=module.check_mode)
    confirmed = [use._asdict() for use in outcome.confirmed]
    return {
        "changed": bool(confirmed),
        "confirmed": confirmed,
        "unknown": [use._asdict() for use in outcome.unknown],
        "diff": {"before": {"confirmed": []}, "after": {"confirmed": confirmed}},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_specs.AUTHORITY,
            **argument_specs.LEDGER,
            "serials": {"type": "dict", "required": True},
        },
        required_if=argument_specs.LEDGER_NEEDS,
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError)


if __name__ == "__main__":
    main()
