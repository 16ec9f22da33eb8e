# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module session_deny: nobody's session ends by mistake, and what ends them goes when it has."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .controller import Controller

NAME = "RolesAnywhereEndSessions-web1"


@pytest.fixture
def iam(emulator: EmulatorServer, rolesanywhere: Any) -> Any:
    """Make a role and a profile that lists it, and one that is gone; return a client of IAM."""
    iam = client(emulator, "iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    arn = iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    rolesanywhere.create_profile(name="web", enabled=True, roleArns=[arn, arn.replace("web", "gone")])
    return iam


def test_denying_and_allowing_again(controller: Controller, iam: Any) -> None:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    moment = f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    host = {"name": "web1", "source_identities": ["CN=web1"]}
    done = controller.four_steps("session_deny", **host, issued_before=moment)
    (denied,) = done["denied"]
    assert (denied["policy_name"], denied["issued_before"]) == (NAME, moment)
    assert denied["done_at"] == f"{now + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    assert done["roles"] == [denied["role_arn"]]

    deny = {"fleet.rolesanywhere.session_deny": host}
    sweep, force = ({"fleet.rolesanywhere.session_deny": {"state": "absent", "force": each}} for each in (False, True))
    again, kept, gone = controller.run([deny, sweep, force])
    assert again["changed"]
    assert now < datetime.fromisoformat(again["denied"][0]["issued_before"]) < now + timedelta(minutes=5)
    assert (kept["changed"], gone["changed"]) == (False, True)
    assert iam.list_role_policies(RoleName="web")["PolicyNames"] == []


def test_mistakes_are_one_sentence_and_deny_nobody(controller: Controller, iam: Any) -> None:
    everybody = {"all_sessions": True}
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"name": "web1"}, "Say whose sessions end: give source_identities, or else all_sessions."),
        ({"name": "web1", "source_identities": ["CN=web1"], **everybody}, "Say whose sessions end:"),
        ({"name": "web 1", **everybody}, "name: 'web 1' must have 1 to 100 letters"),
        ({"name": "web1", "issued_before": "yesterday", **everybody}, "issued_before: 'yesterday' must look like"),
        ({"name": "web1", "profile_arns": ["web"], **everybody}, "profile_arns: there is no profile web."),
        (everybody, "state is present but all of the following are missing: name"),
    ]
    tasks = [{"fleet.rolesanywhere.session_deny": given, "ignore_errors": True} for given, _sentence in mistakes]
    for result, (_given, sentence) in zip(controller.run(tasks), mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
    assert iam.list_role_policies(RoleName="web")["PolicyNames"] == []
