# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS profiles get their sections, or lose them: all of them are proved before the first file changes."""

from __future__ import annotations

import time
from typing import Mapping, NamedTuple, Sequence

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import CallerIdentity

from . import config_file
from .aws_profile import AwsProfile, by_file
from .proof import prove


class ProfileEdit(NamedTuple):
    """What became of the files, by path, and whose sessions proved the profiles that are due."""

    files: Mapping[str, config_file.Edited]
    proofs: Mapping[AwsProfile, CallerIdentity]


def edit_profiles(
    profiles: Sequence[AwsProfile], *, proving: bool, hold: float, check_mode: bool, backup: bool
) -> ProfileEdit:
    """Edit the files of the profiles; with ``proving`` a section is written only when it gives its role.

    Each proof takes at least ``hold`` seconds; check mode makes none. Raises HostError, and then no file changed for
    want of a proof: a profile that works is never replaced by one that does not.
    """
    files = by_file(profiles)
    proofs = _proofs(_due(profiles, files), hold) if proving and not check_mode else {}
    edited = {
        path: config_file.edit(path, wanted, check_mode=check_mode, backup=backup) for path, wanted in files.items()
    }
    return ProfileEdit(edited, proofs)


def _due(profiles: Sequence[AwsProfile], files: Mapping[str, config_file.Wanted]) -> list[AwsProfile]:
    reasons = {path: config_file.reasons(path, wanted) for path, wanted in files.items()}
    return [entry for entry in profiles if reasons[entry.path][entry.profile]]


def _proofs(profiles: Sequence[AwsProfile], hold: float) -> dict[AwsProfile, CallerIdentity]:
    proofs = {}
    for entry in profiles:
        started = time.monotonic()
        try:
            proofs[entry] = prove(entry)
        finally:
            time.sleep(max(0, started + hold - time.monotonic()))
    return proofs
