# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of an AWS profile before it is written: its command line is run, and STS says whose session came of it."""

from __future__ import annotations

import shlex

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import (
    CallerIdentity,
    get_caller_identity,
    unmet_expectation,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.process_provider import (
    run_credential_process,
)

from .aws_profile import AwsProfile
from .errors import HostError
from .ownership import as_owner_of_ground, check_parents

# The helper ends before, and STS has three attempts of ten seconds.
_SECONDS = 180


def prove(entry: AwsProfile) -> CallerIdentity:
    """Run the command line of a profile that shall have a section, and return whose session it gave.

    It is run as the owner of the file's ground, and only the identity comes back from there. Raises HostError when
    there is no session, or one of another role or account.
    """
    try:
        identity = CallerIdentity(**as_owner_of_ground(entry.path, lambda: _identity(entry)._asdict(), _SECONDS))
        unmet = unmet_expectation(identity, None, entry.role_arn, None)
        if unmet:
            raise HostError(unmet)
    except HostError as error:
        raise HostError(
            f"profile {entry.profile} in {entry.path} is not written, because it was not proved: {error}"
        ) from error
    return identity


def _identity(entry: AwsProfile) -> CallerIdentity:
    command = entry.command or ""
    check_parents(shlex.split(command)[0])  # whoever can replace the program would be run here
    try:
        return get_caller_identity(run_credential_process(command).credentials, entry.region, entry.endpoint_url)
    except SessionError as error:
        raise HostError(str(error)) from None
