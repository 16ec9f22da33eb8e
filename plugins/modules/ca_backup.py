#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_backup
short_description: Copy the ledger of the CA while it is in use
version_added: 0.1.0
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
description:
  - Copies the ledger into one file of mode 0600 with SQLite's online backup. Other runs need not wait. A plain copy of
    C(ledger.sqlite) would miss what is still in its log.
  - The copy is checked before it takes the place of the one before. A run that fails leaves that one as it is.
  - Everything else in the folder of the CA changes rarely and can be copied as it is. Keep the private keys apart from
    the backup of the ledger, which holds no secret.
  - To restore, put the copy in the place of C(ledger.sqlite), remove C(ledger.sqlite-wal) and C(ledger.sqlite-shm), and
    run M(fleet.rolesanywhere.ca_crl). The CRL in place keeps what was revoked after the backup.
options:
  path:
    description: The file for the copy. Its folder must be there, and is best on another disk.
    type: path
    required: true
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
  - fleet.rolesanywhere._authority
seealso:
  - module: fleet.rolesanywhere.ca_info
"""

EXAMPLES = r"""
- name: Keep a copy of the ledger for each day of the week
  fleet.rolesanywhere.ca_backup:
    directory: /srv/rolesanywhere/ca
    path: "/backup/rolesanywhere/ledger-{{ '%A' | ansible.builtin.strftime }}.sqlite"
"""

RETURN = r"""
path:
  description: Where the copy is.
  returned: success
  type: str
bytes:
  description: Its size.
  returned: success
  type: int
certificates:
  description: How many certificates it knows.
  returned: success
  type: int
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import argument_specs, backup, layout
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer


def run(module: AnsibleModule) -> dict[str, Any]:
    """Copy the ledger and describe the copy."""
    authority = layout.existing(module.params["directory"])
    authority.check_ledger_is_file("ca_backup")
    path = Path(module.params["path"]).absolute()
    was_there = path.exists()
    copied = backup.copy(authority.ledger, path, dry_run=module.check_mode)
    after = {"path": str(path), "certificates": copied.certificates}
    return {
        "changed": copied.changed,
        "path": str(path),
        "bytes": copied.size,
        "certificates": copied.certificates,
        "diff": {
            "before": after if not copied.changed else {"path": str(path) if was_there else None, "certificates": None},
            "after": after,
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**argument_specs.AUTHORITY, "path": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    answer(module, run, AuthorityError)


if __name__ == "__main__":
    main()
