# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper's flags, output and exit status."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import command_line, portable_helper
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.version import VERSION

# All flags of aws_signing_helper 1.8.0's credential-process.
FLAGS_WITH_VALUE = [
    "role-arn",
    "profile-arn",
    "trust-anchor-arn",
    "session-duration",
    "region",
    "endpoint",
    "certificate",
    "private-key",
    "intermediates",
    "cert-selector",
    "system-store-name",
    "pkcs11-lib",
    "tpm-key-password",
    "role-session-name",
    "pkcs8-password",
]
FLAGS_WITHOUT_VALUE = [
    "no-verify-ssl",
    "with-proxy",
    "debug",
    "use-latest-expiring-certificate",
    "reuse-pin",
]


@pytest.fixture
def flags(service, make_pair, arns, tmp_path):
    """The flags of a session that the service would give."""
    directory = make_pair()
    given = {
        "--certificate": f"{directory}/certificate.pem",
        "--private-key": f"{directory}/private-key.pem",
        "--intermediates": f"{directory}/chain.pem",
        "--endpoint": service.url,
        "--cache-directory": str(tmp_path / "cache"),
    }
    given.update({f"--{name.replace('_', '-')}": arn for name, arn in arns.items()})
    return given


def run(flags, *more):
    return command_line.main(["credential-process", *(word for pair in flags.items() for word in pair), *more])


def test_it_prints_what_a_credential_process_prints(flags, capsys, service):
    assert run(flags) == 0
    output, errors = capsys.readouterr()
    printed = json.loads(output)
    assert (list(printed), errors) == (["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"], "")
    assert printed["Version"] == 1
    assert printed["SessionToken"] == "secret-token-1"
    assert printed["Expiration"].endswith("Z")
    ((_path, _headers, body),) = service.requests
    assert body == b'{"durationSeconds":3600}'


def test_the_second_time_it_is_kept_and_with_no_cache_it_is_new(flags, capsys, service):
    for more, number in (([], 1), ([], 1), (["--no-cache"], 2), ([], 1)):
        assert run(flags, *more) == 0
        assert json.loads(capsys.readouterr().out)["AccessKeyId"] == f"ASIA{number}"


@pytest.mark.parametrize(
    "changes",
    [
        {"--session-duration": "900"},
        {"--role-session-name": "web1"},
        {"--role-session-name": "not UTF-8: \udcff"},
        {"--region": "eu-central-1"},
        {"--role-arn": "arn:aws:iam::123456789012:role/other"},
        {"--profile-arn": "arn:aws:rolesanywhere:eu-central-1:123456789012:profile/other"},
    ],
)
def test_another_wish_is_another_session(flags, capsys, service, changes):
    assert run(flags) == run({**flags, **changes}) == 0
    assert len(service.requests) == 2


def test_a_renewed_certificate_is_another_session(flags, capsys, service, make_pair):
    assert run(flags) == 0
    make_pair("RSA-2048")
    assert run(flags) == 0
    assert len(service.requests) == 2


def test_a_user_without_a_home_gets_sessions_that_are_not_kept(flags, capsys, service, monkeypatch):
    del flags["--cache-directory"]
    monkeypatch.setattr(command_line.session_cache, "default_directory", lambda: None)
    assert run(flags) == run(flags) == 0
    assert len(service.requests) == 2


def test_wishes_arrive(flags, capsys, service):
    assert run(flags, "--session-duration=900", "--role-session-name", "web1", "--with-proxy") == 0
    ((_path, _headers, body),) = service.requests
    assert body == b'{"durationSeconds":900,"roleSessionName":"web1"}'


def test_a_refusal_is_one_line_on_stderr_and_status_1(flags, capsys, service):
    service.script.append((403, {"x-amzn-ErrorType": "AccessDeniedException"}, {"message": "Certificate revoked"}))
    assert run(flags) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert "AccessDeniedException: Certificate revoked" in errors


@pytest.mark.parametrize("flag", FLAGS_WITH_VALUE + FLAGS_WITHOUT_VALUE)
def test_each_flag_of_the_aws_helper_is_known(flags, capsys, service, flag):
    value = [flags.get(f"--{flag}", "900" if flag == "session-duration" else "eu-central-1")]
    status = run(flags, f"--{flag}", *(value if flag in FLAGS_WITH_VALUE else []))
    output, errors = capsys.readouterr()
    assert "unrecognized" not in errors
    if f"--{flag}" in command_line.REFUSED_FLAGS:
        assert (status, output) == (1, "")
        assert errors.startswith(f"rolesanywhere-helper: --{flag} is refused: ")
        assert errors.count("\n") == 1
    else:
        assert (status, errors) == (0, "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"--certificate": "pkcs11:object=x"}, "pkcs11: names no file"),
        ({"--private-key": "handle:0x81000001"}, "handle: names no file"),
        ({"--private-key": "/nowhere/key.pem"}, "/nowhere/key.pem cannot be read: No such file"),
        ({"--private-key": "file:/etc/key.pem"}, "cannot be read: No such file"),
        ({"--session-duration": "long"}, "invalid int value: 'long'"),
        ({"--trust-anchor-arn": "arn:aws:s3:::x"}, "is not the ARN of a trust anchor"),
        ({"--region": "us-east-1"}, "the trust anchor is of eu-central-1"),
        ({"--endpoint": "http://192.0.2.1"}, "must use https"),
        ({"--unknown": "x"}, "unrecognized arguments: --unknown"),
        ({"--cert": "x"}, "unrecognized arguments: --cert"),
        ({"--cache-directory": "/proc/nowhere"}, "The cache directory /proc/nowhere cannot be used"),
    ],
)
def test_a_mistake_is_one_line_and_status_1(flags, capsys, service, changes, reason):
    assert run({**flags, **changes}) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert reason in errors
    assert service.requests == []


@pytest.mark.parametrize("arguments", [[], ["credential-process"], ["update"], ["serve"]])
def test_an_incomplete_command_is_one_line_and_status_1(capsys, arguments):
    assert command_line.main(arguments) == 1
    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)


def test_the_version_is_told(capsys):
    assert command_line.main(["version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_a_kept_session_needs_no_network_and_no_program(flags, service, tmp_path):
    helper = tmp_path / "helper"
    helper.write_bytes(portable_helper.pack(sys.executable))
    command = [sys.executable, "-I", "-X", "importtime", str(helper), "credential-process"]
    command += [word for pair in flags.items() for word in pair]

    def imported():
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        return {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}

    needed_for_a_new_one = {"ssl", "urllib.request", "subprocess", "rolesanywhere_session.create_session"}
    assert imported() >= needed_for_a_new_one
    assert not imported() & needed_for_a_new_one
    assert len(service.requests) == 1
