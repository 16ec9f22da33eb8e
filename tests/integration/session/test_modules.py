# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules session_check and portable_helper as Ansible runs them."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.aws.controller import Controller

from .account import Account

SERIAL = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8
ARN = f"arn:aws:sts::123456789012:assumed-role/web/{SERIAL:032x}"


@pytest.fixture
def current(account: Account) -> Path:
    """Return the pair of the default workload."""
    return account.pair()


@pytest.fixture
def options(account: Account, current: Path) -> dict[str, Any]:
    """Return the options that prove that pair."""
    return {"directory": str(account.directory), "endpoint_url": account.url, **account.arns}


@pytest.fixture
def profile(account: Account, current: Path, helper: Path, tmp_path: Path) -> dict[str, Any]:
    """Return the options that prove an AWS profile."""
    command = shlex.join([str(helper), *account.helper_flags(current)])
    config = tmp_path / "config"
    config.write_text(
        f"[default]\nregion = us-east-1\n[profile web]\nregion = eu-central-1\ncredential_process = {command}\n"
        "[profile empty]\nregion = eu-central-1\n[profile evil]\nregion = eu-central-1\n"
        f"credential_process = /bin/echo `touch {tmp_path}/victim` ; touch {tmp_path}/victim\n"
    )
    return {"config_path": str(config), "profile": "web", "endpoint_url": account.url}


def test_a_pair_is_proven_in_check_mode_too(controller: Controller, options: dict[str, Any]) -> None:
    expected = {"account": "123456789012", "role": "web", "session_name": f"{SERIAL:032x}"}
    task = {"fleet.rolesanywhere.session_check": {**options, "expected": expected}}
    for result in controller.run([task, {**task, "check_mode": True}]):
        assert result["changed"] is False, result
        assert (result["account"], result["arn"], result["role"]) == ("123456789012", ARN, "web")
        assert result["session_name"] == f"{SERIAL:032x}"
        assert result["subject_arn"].startswith("arn:aws:rolesanywhere:eu-central-1:123456789012:subject/")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["expiration"])


def test_a_profile_is_proven(controller: Controller, profile: dict[str, Any]) -> None:
    [result] = controller.run([{"fleet.rolesanywhere.session_check": {**profile, "expected": {"role_arn": "web"}}}])
    assert (result.get("arn"), result["subject_arn"]) == (ARN, None), result


def test_what_is_not_proven_is_one_sentence(
    controller: Controller, options: dict[str, Any], account: Account, tmp_path: Path
) -> None:
    account.pair("RSA-2048", name="mixed")
    key = (tmp_path / "rolesanywhere/default/current/private-key.pem").read_bytes()
    (tmp_path / "rolesanywhere/mixed/current/private-key.pem").write_bytes(key)
    cases = [
        ({"expected": {"account": "999999999999"}}, "The session is of account 123456789012, not of 999999999999."),
        ({"expected": {"role": "db"}}, f"The session is of {ARN}, not of the role db."),
        ({"expected": {"session_name": "web1"}}, f"The session's name is '{SERIAL:032x}', not 'web1'."),
        ({"name": "absent"}, "absent/current/certificate.pem cannot be read: No such file or directory."),
        ({"name": "mixed"}, "private-key.pem is not that of certificate"),
        ({"profile_arn": "arn:aws:s3:::x"}, "profile_arn is 'arn:aws:s3:::x', but must look like"),
        ({"endpoint_url": "http://192.0.2.1"}, "must use https"),
        ({"profile": "web", "config_path": "/x"}, "mutually exclusive"),
    ]
    tasks = [
        {"fleet.rolesanywhere.session_check": {**options, **change}, "ignore_errors": True} for change, _told in cases
    ]
    results = controller.run(tasks)
    assert len(results) == len(cases)
    for result, (_change, told) in zip(results, cases):
        assert result["failed"]
        assert told in result["msg"]
        assert "\n" not in result["msg"]


def test_a_profile_s_program_is_not_run_by_a_shell_and_only_from_a_file_of_ours(
    controller: Controller, profile: dict[str, Any], tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(Path(profile["config_path"]).read_bytes())
    foreign.chmod(0o666)
    cases = [
        ({"profile": "evil"}, "printed no credentials"),
        ({"profile": "empty"}, "The profile 'empty' in "),
        ({"profile": "absent"}, "There is no profile 'absent' in "),
        ({"config_path": str(tmp_path / "absent")}, "There is no profile 'web' in "),
        ({"config_path": str(foreign)}, "can be written by everybody"),
    ]
    tasks = [
        {"fleet.rolesanywhere.session_check": {**profile, **change}, "ignore_errors": True} for change, _told in cases
    ]
    for result, (_change, told) in zip(controller.run(tasks), cases):
        assert result["failed"]
        assert told in result["msg"]
    assert not (tmp_path / "victim").exists()


def test_nothing_secret_shows_at_any_verbosity(
    controller: Controller, options: dict[str, Any], profile: dict[str, Any], tmp_path: Path
) -> None:
    log = tmp_path / "ansible.log"
    kept = tmp_path / "kept"
    environment = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TEMP": str(kept)}
    tasks = [{"fleet.rolesanywhere.session_check": given} for given in (options, profile)]
    results = controller.run(tasks, "-vvvv", environment=environment)
    assert [result.get("arn") for result in results] == [ARN, ARN]
    traces = [log.read_text(), str(results)]
    traces += [path.read_text("utf-8", "replace") for path in kept.rglob("*") if path.is_file()]
    key = (Path(options["directory"]) / "default/current/private-key.pem").read_text().splitlines()[1]
    cached = [path.read_text() for path in (tmp_path / "rolesanywhere/cache").glob("*.json")]
    secrets = {key, *re.findall(r'"(?:secret_access_key|session_token)": "([^"]+)"', "".join(cached))}
    assert len(secrets) == 3
    for trace in traces:
        assert not [secret for secret in secrets if secret in trace]
        assert not re.search(r"Signature=|FQoGZXIvYXdzE", trace)  # a signed request; the beginning of moto's tokens


def test_the_helper_is_installed_once(controller: Controller, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "helper"
    path.parent.mkdir(mode=0o755)
    task = {
        "fleet.rolesanywhere.portable_helper": {"path": str(path), "interpreter": sys.executable},
        "diff": True,
    }
    foretold, done, unchanged, again = controller.run([{**task, "check_mode": mode} for mode in (True, False) * 2])
    assert [step["changed"] for step in (foretold, done, unchanged, again)] == [True, True, False, False]
    assert foretold["diff"] == done["diff"]
    assert done["digest"] == hashlib.sha256(path.read_bytes()).hexdigest() == foretold["digest"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert path.read_bytes().startswith(f"#!{sys.executable} -I\n".encode())
    told = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    assert told == f"{done['version']}\n"
    assert os.listdir(path.parent) == ["helper"]


def test_a_helper_that_was_changed_is_replaced_and_a_link_is_not_followed(
    controller: Controller, tmp_path: Path
) -> None:
    directory = tmp_path / "bin"
    directory.mkdir(mode=0o755)
    (tmp_path / "victim").write_text("victim")
    (directory / "link").symlink_to(tmp_path / "victim")
    (directory / "changed").write_text("#!/bin/sh\n")
    os.mkfifo(directory / "pipe")
    names = ("link", "changed", "pipe")
    results = controller.run(
        [{"fleet.rolesanywhere.portable_helper": {"path": f"{directory}/{name}"}} for name in names]
    )
    assert [result["changed"] for result in results] == [True] * 3
    assert (tmp_path / "victim").read_text() == "victim"
    digests = {hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names}
    assert digests == {results[0]["digest"]}
    assert not (directory / "link").is_symlink()


def test_the_directories_of_the_helper_are_made(controller: Controller, tmp_path: Path) -> None:
    path = tmp_path / "opt" / "bin" / "helper"
    task = {"fleet.rolesanywhere.portable_helper": {"path": str(path)}}
    steps = controller.run([{**task, "check_mode": check_mode} for check_mode in (True, False, True, False)])
    assert [step["changed"] for step in steps] == [True, True, False, False]
    assert path.exists()
    assert path.parent.stat().st_mode & 0o7777 == 0o755


def test_a_helper_that_others_could_replace_is_not_installed(controller: Controller, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    cases = [
        ({"path": f"{tmp_path}/open/helper"}, "can be written by everybody"),
        ({"path": f"{tmp_path}/helper", "interpreter": "python3"}, "must be an absolute path without spaces"),
    ]
    tasks = [{"fleet.rolesanywhere.portable_helper": given, "ignore_errors": True} for given, _told in cases]
    for result, (given, told) in zip(controller.run(tasks), cases):
        assert result["failed"]
        assert told in result["msg"]
        assert not Path(given["path"]).exists()
