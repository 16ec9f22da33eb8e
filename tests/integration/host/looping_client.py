# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of Roles Anywhere that asks for one session after another through ``current``, in a process of its own.

For each one it writes a line: the serial number of the pair that got it, or what went wrong.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

from tests.emulator.fixtures import REGION

ARNS = ("trust_anchor_arn", "profile_arn", "role_arn")


def portable_helper(current: Path, settings: dict[str, str]) -> str:
    """Let our helper print credentials; it reads through the symbolic link."""
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import command_line

    arguments = ["credential-process", "--no-cache", "--endpoint", settings["endpoint_url"]]
    arguments += ["--certificate", f"{current}/certificate.pem", "--private-key", f"{current}/private-key.pem"]
    arguments += ["--intermediates", f"{current}/chain.pem"]
    for name in ARNS:
        arguments += [f"--{name.replace('_', '-')}", settings[name]]
    output, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaint):
        status = command_line.main(arguments)
    if status:
        raise RuntimeError(complaint.getvalue())
    credentials = json.loads(output.getvalue())
    keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return whose(*(credentials[key] for key in keys), settings)


def aws_labs(current: Path, settings: dict[str, str]) -> str:
    """Let AWS Labs' library get credentials; it is given the directory that the link leads to."""
    from iam_rolesanywhere_session import IAMRolesAnywhereSession

    version = current.resolve(strict=True)
    session = IAMRolesAnywhereSession(
        certificate=str(version / "certificate.pem"),
        private_key=str(version / "private-key.pem"),
        region=REGION,
        endpoint=settings["endpoint_url"].removeprefix("https://"),
        verify=settings["ca_bundle"],
        **{name: settings[name] for name in ARNS},
    ).get_session()
    credentials = session.get_credentials().get_frozen_credentials()
    return whose(credentials.access_key, credentials.secret_key, credentials.token, settings)


def whose(access_key: str, secret_key: str, token: str, settings: dict[str, str]) -> str:
    """Use the credentials; return the session's name, which is the serial number."""
    sts: Any = boto3.client(
        "sts",
        endpoint_url=settings["endpoint_url"],
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        verify=settings["ca_bundle"],
    )
    return str(sts.get_caller_identity()["Arn"]).rpartition("/")[2]


CLIENTS: dict[str, Callable[[Path, dict[str, str]], str]] = {
    "portable_helper": portable_helper,
    "aws_labs": aws_labs,
}


def main() -> None:
    """Ask until the parent process is gone or closes the pipe."""
    _AnsibleCollectionFinder(paths=[str(Path(sys.prefix) / "collections")])._install()
    ask, current, settings = CLIENTS[sys.argv[1]], Path(sys.argv[2]), json.loads(sys.argv[3])
    with contextlib.suppress(BrokenPipeError):
        while True:
            try:
                line = ask(current, settings)
            except Exception as error:  # noqa: BLE001 - the test tells it
                line = f"{type(error).__name__}: {error}".replace("\n", " ")
            print(line, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
