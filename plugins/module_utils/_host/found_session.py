# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session as this machine gets it, with the certificate in use or through an AWS profile, and whose it is."""

from __future__ import annotations

import os
from datetime import datetime
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import pair
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.create_session import (
    SessionRequest,
    create_session,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.process_provider import (
    run_credential_process,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Credentials

from . import aws_config
from .errors import HostError
from .ownership import check_parents
from .private_files import open_directory
from .session_target import SessionTarget
from .workload import Workload

_SHORTEST_SESSION = 900  # seconds; a check needs no more


class FoundSession(NamedTuple):
    """A session, wherever it came from; its credentials are secret."""

    credentials: Credentials
    region: str
    expiration: datetime | None  # aware, UTC; None when a profile's program does not tell
    subject_arn: str | None  # None when it came from a profile


def session_of_certificate(place: Workload, target: SessionTarget) -> FoundSession:
    """Get a session with the certificate and key in use; raises SessionError."""
    with pair.open_directory(place.current) as opened:
        session = create_session(opened, SessionRequest(**target._asdict(), duration=_SHORTEST_SESSION))
    return FoundSession(session.credentials, target.region, session.expiration, session.subject_arn or None)


def session_of_profile(path: str, profile: str, region: str | None) -> FoundSession:
    """Get a session with the program that a profile of the AWS config file ``path`` names.

    ``region`` counts before the profile's own. Raises HostError when others could write the file or the profile is not
    there or not whole, SessionError when its program gives no session.
    """
    check_parents(path)  # whoever can write the file chooses the program
    directory, name = os.path.split(path)
    with open_directory(directory) as folder:
        settings = aws_config.read_section(folder.read(name) or b"", profile)
    if settings is None:
        raise HostError(f"There is no profile {profile!r} in {path}; correct profile or config_path.")
    values = dict(settings)
    command_line = values.get("credential_process")
    region = region or values.get("region")
    if not command_line or not region:
        missing = "region" if command_line else "credential_process"
        raise HostError(f"The profile {profile!r} in {path} has no {missing}; write it with credential_process.")
    credentials, expiration = run_credential_process(command_line)
    return FoundSession(credentials, region, expiration, None)
