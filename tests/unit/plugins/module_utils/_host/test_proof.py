# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile's command line is run as its user, and only the identity comes back."""

from __future__ import annotations

import os
import pwd

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import proof
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import AwsProfile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import CallerIdentity
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError

ACCOUNT = "123456789012"
ANSWER = """cat <<END
{"Version": 1, "AccessKeyId": "ASIA-$(id -u)-${HOME##*/}", "SecretAccessKey": "hidden", "SessionToken": "hidden"}
END
"""


@pytest.fixture
def profile(somebody):
    """Return a function that makes the user's profile, whose helper is a script."""

    def make(script, role_arn=f"arn:aws:iam::{ACCOUNT}:role/fleet/web"):
        helper = somebody[1].parent / "helper"
        helper.write_text(f"#!/bin/sh\n{script}")
        helper.chmod(0o755)
        path = f"{somebody[1]}/.aws/config"
        return AwsProfile(path, "web", f"{helper} credential-process", "eu-central-1", role_arn, "http://127.0.0.1:1")

    return make


@pytest.fixture(autouse=True)
def sts(monkeypatch):
    """Let STS say that the access key is the session's name, and return what it was asked."""
    asked = []

    def get_caller_identity(credentials, region, endpoint_url):
        asked.append((region, endpoint_url))
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/web/{credentials.access_key_id}"
        return CallerIdentity(ACCOUNT, arn)

    monkeypatch.setattr(proof, "get_caller_identity", get_caller_identity)
    return asked


def test_the_program_is_run_as_the_user_whose_file_it_is_for(somebody, profile):
    user = somebody[0]
    assert proof.prove(profile(ANSWER)).session_name == f"ASIA-{user}-{os.path.basename(pwd.getpwuid(user).pw_dir)}"


def test_sts_is_asked_where_the_profile_says(profile, sts, monkeypatch):
    monkeypatch.setattr(proof, "as_owner_of_ground", lambda _path, act, _seconds: act())
    proof.prove(profile(ANSWER))
    assert sts == [("eu-central-1", "http://127.0.0.1:1")]


def test_nothing_but_the_identity_leaves_the_users_process(profile, monkeypatch):
    answers = []

    def recorded(_path, act, _seconds):
        answers.append(act())
        return answers[-1]

    monkeypatch.setattr(proof, "as_owner_of_ground", recorded)
    proof.prove(profile(ANSWER))
    assert [set(answer) for answer in answers] == [{"account", "arn"}]
    assert "hidden" not in str(answers)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo hidden; echo 'No key.' >&2; exit 3\n", "The credential_process failed with exit status 3: No key."),
        ("echo hidden\n", "The credential_process printed no credentials in the form that AWS defines."),
    ],
)
def test_a_program_that_fails_is_told_in_one_sentence(profile, script, told):
    entry = profile(script)
    with pytest.raises(HostError) as caught:
        proof.prove(entry)
    assert str(caught.value) == f"profile web in {entry.path} is not written, because it was not proved: {told}"


@pytest.mark.parametrize("role_arn", [f"arn:aws:iam::{ACCOUNT}:role/db", "arn:aws:iam::210987654321:role/web"])
def test_another_role_or_account_is_no_proof(profile, role_arn):
    with pytest.raises(HostError, match=f"not of the role {role_arn}") as caught:
        proof.prove(profile(ANSWER, role_arn))
    assert "hidden" not in str(caught.value)


def test_what_sts_refuses_is_no_proof(profile, monkeypatch):
    def refuse(*_arguments):
        raise SessionError("GetCallerIdentity was answered with 403.")

    monkeypatch.setattr(proof, "get_caller_identity", refuse)
    with pytest.raises(HostError, match=r"not proved: GetCallerIdentity was answered with 403\.$"):
        proof.prove(profile(ANSWER))


def test_a_program_that_others_could_replace_is_not_run(profile):
    entry = profile(ANSWER)
    os.chmod(entry.command.split()[0], 0o777)
    with pytest.raises(HostError, match="can be written by everybody"):
        proof.prove(entry)
