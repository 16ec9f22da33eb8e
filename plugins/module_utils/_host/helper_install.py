# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable helper is put where it should be, unless it is there."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.portable_helper import pack
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION

from .due import helper_due
from .helper_file import MODE, HelperFile, look_at
from .ownership import check_parents
from .private_files import make_parents, open_directory


class HelperInstallation(NamedTuple):
    """What became of it: what was found, None without a file, and what is there now."""

    changed: bool
    found: HelperFile | None
    wanted: HelperFile


def install_helper(path: str, interpreter: str, check_mode: bool) -> HelperInstallation:
    """Pack the helper for this interpreter and put it at ``path``, with the directories that are missing on the way.

    Raises HostError when others could replace it, SessionError when it cannot be packed.
    """
    helper = pack(interpreter)
    wanted = HelperFile(is_ours=True, mode=MODE, digest=hashlib.sha256(helper).hexdigest())
    directory, name = os.path.split(path)
    check_parents(directory)
    if check_mode and not os.path.lexists(directory):
        return HelperInstallation(True, None, wanted)
    make_parents(path)
    with open_directory(directory) as folder:
        found = look_at(folder, name)
        changed = helper_due(found, str(wanted.digest), VERSION) is not None
        if changed and not check_mode:
            folder.write(name, helper, MODE)
    return HelperInstallation(changed, found, wanted)
