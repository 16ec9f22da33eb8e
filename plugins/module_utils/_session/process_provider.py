# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the ``credential_process`` of an AWS profile as botocore does: split by shlex, no shell."""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import datetime
from typing import NamedTuple

from .errors import SessionError
from .session import Credentials, parse_time

SECONDS = 120.0  # three attempts with their pauses, and a wait for another process's


class ProcessCredentials(NamedTuple):
    """What the program printed."""

    credentials: Credentials
    expiration: datetime | None  # aware, UTC


def run_credential_process(command_line: str, seconds: float = SECONDS) -> ProcessCredentials:
    """Run the program and read its answer (AWS SDKs and Tools reference guide, process credential provider).

    :raises SessionError: it cannot be started, fails, takes longer than ``seconds`` or prints something else. The
        sentence ends with the last line of its stderr, never with anything of its stdout.
    """
    try:
        command = shlex.split(command_line)
        if not command:
            raise ValueError("it is empty")
        # A module's run_command would log the line and has no time limit.
        finished = subprocess.run(  # pylint: disable=ansible-bad-function
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=seconds, check=False
        )
    except (OSError, ValueError) as error:
        raise SessionError(f"The credential_process cannot be started: {error}.") from None
    except subprocess.TimeoutExpired:
        raise SessionError(f"The credential_process gave no answer within {seconds:g} seconds.") from None
    if finished.returncode != 0:
        lines = finished.stderr.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it gave no reason")
        raise SessionError(f"The credential_process failed with exit status {finished.returncode}: {last[:500]}")
    try:
        answer = json.loads(finished.stdout.decode("utf-8"))
        if answer["Version"] != 1:
            raise ValueError("another version")
        texts = [answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken", "")]
        if not (all(isinstance(text, str) and text.isprintable() for text in texts) and texts[0] and texts[1]):
            raise ValueError("empty credentials")
        expiration = answer.get("Expiration")
        return ProcessCredentials(Credentials(*texts), parse_time(expiration) if expiration else None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # From None: the text of the cause may hold a secret.
        raise SessionError("The credential_process printed no credentials in the form that AWS defines.") from None
