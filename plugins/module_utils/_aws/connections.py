# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to AWS from modules that are not built on AnsibleAWSModule. Private to the collection."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .errors import RolesAnywhereError
from .service import RETRIES, Service


def connect(name: str, options: Mapping[str, Any]) -> Service:
    """Return a service, by boto3's name for it, for the options region, profile, endpoint_url and the keys.

    What is not given comes from where boto3 looks for it: the environment, the AWS config file, the instance.
    Raises RolesAnywhereError if boto3 is missing, or no region or no such profile is known.
    """
    try:  # here, for it takes its time, and most do without
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise RolesAnywhereError(f"Install the Python library boto3 for {sys.executable}: it is missing.") from None
    try:
        session = boto3.session.Session(
            profile_name=options["profile"],
            region_name=options["region"],
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
            aws_session_token=options["session_token"],
        )
        config = Config(retries=dict(RETRIES), max_pool_connections=32)
        return Service(session.client(name, endpoint_url=options["endpoint_url"], config=config), name=name)
    except (BotoCoreError, ValueError) as error:  # the latter for an endpoint_url that is none
        raise RolesAnywhereError(f"AWS cannot be reached: {error}") from None
