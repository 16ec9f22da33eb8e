# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS profile is in the home of the user whose programs use it, and is that user's."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .fleet import Fleet

MakeFleet = Callable[[int], Fleet]
UID = 4711  # has no entry in any passwd file but the test's own


@pytest.fixture
def homes() -> Iterator[Path]:
    """Return a folder for homes that every user can pass; pytest's own is closed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.fixture
def machine_with_user(homes: Path, tmp_path: Path) -> Path:
    """Return an interpreter for modules that sees a user ``shop``; only root gets one.

    A home that ``~shop`` finds needs a passwd entry. The modules get it in a mount namespace of their own, so this
    machine's users stay as they are, even when the test is killed.
    """
    if os.geteuid() or subprocess.run(["sh", "-c", "unshare --mount true"], check=False).returncode:
        pytest.skip(
            "only root in a mount namespace of its own can have one more user without a change to this machine's;"
            " which path a user's profile has is tested without one"
        )
    home = homes / "shop"
    home.mkdir(mode=0o755)
    os.chown(home, UID, UID)
    passwd = tmp_path / "passwd"
    passwd.write_text(Path("/etc/passwd").read_text() + f"shop:x:{UID}:{UID}::{home}:/bin/sh\n")
    interpreter = tmp_path / "python-with-shop"
    interpreter.write_text(
        "#!/bin/sh\n"
        'exec unshare --mount sh -c \'mount --bind "$0" /etc/passwd && exec "$@"\' '
        f'"{passwd}" "{sys.executable}" "$@"\n'
    )
    interpreter.chmod(0o755)
    return interpreter


def test_each_user_has_the_profile_at_home(make_fleet: MakeFleet) -> None:
    """Check mode names the path and touches no home; these users are on every machine."""
    fleet = make_fleet(4)
    del fleet.group_variables["workload_aws_config_path"]
    own = pwd.getpwuid(os.geteuid())
    users = {"web01": "", "web02": own.pw_name, "web03": "nobody", "web04": "no-such-user"}
    for host, user in users.items():
        fleet.host_variables[host] = {"workload_user": user}
    run = fleet.play("rollout", "--check")
    paths = {
        host: result["profiles"][0]["path"]
        for task in run.tasks
        for host, result in task["hosts"].items()
        if result.get("action") == "fleet.rolesanywhere.credential_process"
    }
    assert paths == {
        "web01": f"{fleet.directory}/.aws/config",  # HOME of who runs the role
        "web02": f"{own.pw_dir}/.aws/config",
        "web03": f"{pwd.getpwnam('nobody').pw_dir.rstrip('/')}/.aws/config",
    }
    assert set(run.failures()) == {"web04"}
    assert "~no-such-user/.aws/config" in run.failures()["web04"]


def test_the_profile_is_the_users_own_and_private(make_fleet: MakeFleet, machine_with_user: Path, homes: Path) -> None:
    fleet = make_fleet(1)
    del fleet.group_variables["workload_aws_config_path"]
    fleet.host_variables["web01"] = {
        "ansible_python_interpreter": str(machine_with_user),
        "workload_user": "shop",
        # The proof runs the helper as the user, whom an interpreter or a test's folder below /root shuts out.
        "workload_prove": False,
    }
    check = fleet.play("rollout", "--check")
    assert check.status == 0, check.text
    assert list((homes / "shop").iterdir()) == []
    run = fleet.play("rollout")
    assert run.status == 0, run.text
    config = homes / "shop" / ".aws" / "config"
    assert "[profile application]" in config.read_text()
    for path, mode in ((config.parent, 0o700), (config, 0o600)):
        status = path.stat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (UID, UID, mode), path
    assert fleet.play("rollout").stats["web01"]["changed"] == 0
