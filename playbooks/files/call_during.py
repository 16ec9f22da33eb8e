# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call STS through the AWS profile again and again while a command runs, and count what fails.

Each call is made by a new session, as by a program that has just been started. Prints JSON with the number of calls,
every failure, and the session names (certificate serials) in the order in which they appeared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main() -> int:
    """Run the command under load; return its exit status, or 1 if a call failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="path of the AWS config file")
    parser.add_argument("--profile", required=True, help="name of the AWS profile")
    parser.add_argument("command", nargs="+", help="the command, after --")
    arguments = parser.parse_args()
    environment = dict(os.environ)
    os.environ |= {"AWS_CONFIG_FILE": arguments.config, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    calls, failures, names = 0, [], []
    done = threading.Event()

    def call() -> None:
        nonlocal calls
        try:
            arn = boto3.Session(profile_name=arguments.profile).client("sts").get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            failures.append(str(error))
        else:
            name = arn.rsplit("/", 1)[1]
            if name not in names:
                names.append(name)
        calls += 1

    def call_again_and_again() -> None:
        while not done.is_set():
            call()

    caller = threading.Thread(target=call_again_and_again)
    call()
    caller.start()
    try:
        command = subprocess.run(arguments.command, env=environment, capture_output=True, text=True, check=False)
    finally:
        done.set()
        caller.join()
    call()
    print(json.dumps({"calls": calls, "failures": failures, "session_names": names}))
    if command.returncode:
        sys.stderr.write(command.stdout + command.stderr)
    return command.returncode or int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
