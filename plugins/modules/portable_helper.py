#!/usr/bin/python
# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module portable_helper: the credential helper as one file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: portable_helper
short_description: Credential helper of IAM Roles Anywhere as one Python file
version_added: 0.1.0
description:
  - Installs an executable file that serves as C(credential_process) for the AWS SDKs and the AWS CLI. It takes the
    flags of C(aws_signing_helper credential-process) from AWS and needs nothing but Python 3.8 and the C(openssl)
    program, so that it also runs where AWS's own binary does not.
  - It keeps each session in a private directory of the calling user until five minutes before it expires.
  - The file is packed on the host from the code that this module carries. Nothing is downloaded.
author:
  - Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
options:
  path:
    description:
      - Where the file is put. Nobody but root and the user who runs this may be able to replace it or a directory
        above it, since every user of the profile runs it. Directories that are missing are made with mode 0755; a
        file of another user, a link or a pipe in its place is replaced.
    type: path
    default: /usr/local/bin/rolesanywhere-helper
  interpreter:
    description:
      - Absolute path of a Python 3.8 or newer for the first line of the file, at most 120 characters and no spaces.
      - By default the Python that runs this module.
    type: path
extends_documentation_fragment:
  - fleet.rolesanywhere._attributes
  - fleet.rolesanywhere._attributes.posix
seealso:
  - module: fleet.rolesanywhere.credential_process
"""

EXAMPLES = r"""
- name: Install the portable helper
  fleet.rolesanywhere.portable_helper:
    interpreter: /usr/bin/python3
"""

RETURN = r"""
path:
  description: Where the file is.
  returned: success
  type: str
  sample: /usr/local/bin/rolesanywhere-helper
digest:
  description: SHA-256 of the file.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
version:
  description: What C(rolesanywhere-helper version) says.
  returned: success
  type: str
  sample: 0.1.0
"""

import sys
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._door import answer
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.argument_specs import HELPER
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.helper_file import HelperFile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.helper_install import install_helper
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION


def run(module: AnsibleModule) -> dict[str, Any]:
    """Install the helper."""
    path = module.params["path"]
    installation = install_helper(path, module.params["interpreter"] or sys.executable, module.check_mode)
    return {
        "changed": installation.changed,
        "path": path,
        "digest": installation.wanted.digest,
        "version": VERSION,
        "diff": {
            "before": _shown(installation.found),
            "after": _shown(installation.wanted),
            "before_header": path,
            "after_header": path,
        },
    }


def _shown(file: HelperFile | None) -> dict[str, Any]:
    return {**file._asdict(), "mode": f"{file.mode:04o}"} if file else {}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=HELPER,
        supports_check_mode=True,
    )
    answer(module, run, HostError, SessionError)


if __name__ == "__main__":
    main()
