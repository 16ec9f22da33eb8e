# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed at any system call that writes, a host has a working pair, and the next run leaves nothing lying about."""

from __future__ import annotations

import shutil
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import Care, install, read_issued
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload

from tests.integration.host.conftest import Authority
from tests.integration.host.machine import Machine
from tests.integration.host.test_credential_process import TARGET

from .traced import Point, Traced

POINTS = 200  # at least, in all scenes
WHOLE = ["certificate.pem", "chain.pem", "private-key.pem"]
KEEP = 2


class Scene:
    """A machine, what is to be killed on it, and what may be in use afterwards."""

    def __init__(self, root: Path, authority: Authority, refusing: str) -> None:
        self.root = root
        self.authority = authority
        self.refusing = refusing  # an endpoint
        self.machine = Machine(root / "machine")
        self.machine.root.mkdir(parents=True)
        self.place = workload(str(self.machine.directory), "default")
        self.allowed: set[str | None] = {None}
        self.traced: Traced

    def rotate(self, keep: int = 3) -> str:
        """Let the machine come to a new pair and return its serial number."""
        return install(self.place, read_issued(self.issue(), ""), None, Care(keep=keep)).serial

    def issue(self) -> str:
        """Return a new certificate for the key that waits on the machine, which is made first where none does."""
        return self.authority.sign(make_request(self.place, "ECDSA-P256", "0" * 64, None, False).csr)

    def trace(self, module: str, status: int = 0, **options: object) -> None:
        """Say what is to be killed."""
        self.traced = Traced(module, {"directory": str(self.machine.directory), **options}, status)
        shutil.rmtree(self.root / "before", ignore_errors=True)
        shutil.copytree(self.machine.root, self.root / "before", symlinks=True)

    def restore(self) -> None:
        """Put the machine back to where it was before."""
        shutil.rmtree(self.machine.root)
        shutil.copytree(self.root / "before", self.machine.root, symlinks=True)

    def points(self) -> list[Point]:
        """Return every call at which it can be killed."""
        points = self.traced.points(self.machine.directory, self.root / "log")
        self.allowed.add(self.current())
        self.restore()
        return points

    def current(self) -> str | None:
        """Return the serial number of the pair in use after making sure, with openssl, that it is a pair."""
        link = self.machine.workload / "current"
        if not link.is_symlink():
            assert not link.exists()
            return None
        version = link.resolve(strict=True)
        assert sorted(path.name for path in version.iterdir()) == WHOLE
        certificate, _chain, key = (version / name for name in WHOLE)
        of_certificate = openssl("x509", "-in", certificate, "-noout", "-pubkey")
        assert of_certificate == openssl("pkey", "-in", key, "-pubout")
        assert openssl("x509", "-in", certificate, "-noout", "-serial").strip().lower() == f"serial={version.name}"
        return version.name


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


def first_request(scene: Scene) -> None:
    scene.trace("certificate_request", binding="1" * 64)


def first_installation(scene: Scene) -> None:
    scene.trace("certificate_install", certificate=scene.issue(), prove=False)


def next_request(scene: Scene) -> None:
    scene.allowed = {scene.rotate()}
    scene.trace("certificate_request", binding="1" * 64)


def request_for_another_type_of_key(scene: Scene) -> None:
    scene.allowed = {scene.rotate()}
    scene.issue()
    scene.trace("certificate_request", binding="1" * 64, key_type="ECDSA-P384")


def installation_that_removes_two_versions_and_a_key(scene: Scene) -> None:
    scene.allowed = {[scene.rotate() for _time in range(3)][-1]}
    scene.trace("certificate_install", certificate=scene.issue(), prove=False, keep=KEEP, compromised=True)


def installation_that_is_refused(scene: Scene) -> None:
    scene.allowed = {scene.rotate()}
    target = {**TARGET, "endpoint_url": scene.refusing}
    scene.trace("certificate_install", status=1, certificate=scene.issue(), **target)


def installation_of_a_pair_that_waits(scene: Scene) -> None:
    scene.allowed = {scene.rotate()}
    scene.trace("certificate_install", certificate=scene.issue(), prove=False)
    scene.traced.kill_at(SWITCH)
    scene.trace("certificate_install", certificate=scene.traced.options["certificate"], prove=False)


def installation_that_tidies_up(scene: Scene) -> None:
    scene.allowed = {scene.rotate(), scene.rotate()}
    certificate = scene.issue()
    scene.trace("certificate_install", certificate=certificate, prove=False, keep=1)
    scene.traced.kill_at(FIRST_REMOVAL)
    scene.allowed = {scene.current()}
    for name in WHOLE:
        (scene.machine.workload / "current" / name).chmod(0o600)
    scene.trace("certificate_install", certificate=certificate, prove=False, keep=1)


def way_back(scene: Scene) -> None:
    first, second = scene.rotate(), scene.rotate()
    scene.allowed = {first, second}
    for name in WHOLE:
        (scene.machine.workload / "versions" / first / name).chmod(0o600)
    (scene.machine.workload / "versions").chmod(0o700)
    scene.trace("certificate_install", state="previous", prove=False)


SCENES: list[Callable[[Scene], None]] = [
    first_request,
    first_installation,
    next_request,
    request_for_another_type_of_key,
    installation_that_removes_two_versions_and_a_key,
    installation_that_is_refused,
    installation_of_a_pair_that_waits,
    installation_that_tidies_up,
    way_back,
]
# How the two scenes that take up a broken run come to it: killed before it switches, and before it removes anything.
SWITCH, FIRST_REMOVAL = Point("symlink", 1), Point("unlinkat", 1)


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Return the CA of the tests."""
    return Authority()


@pytest.fixture(scope="session")
def refusing() -> Iterator[str]:
    """Serve CreateSession on loopback, refuse everybody, and return the URL."""

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"message": "Certificate revoked"}'
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("prepare", SCENES, ids=lambda prepare: prepare.__name__)
def test_killed_at_every_call_that_writes(
    tmp_path: Path, authority: Authority, refusing: str, prepare: Callable[[Scene], None]
) -> None:
    scene = Scene(tmp_path, authority, refusing)
    prepare(scene)
    for point in scene.points():
        scene.traced.kill_at(point)
        assert scene.current() in scene.allowed, point
        check_keys(scene.machine.directory)
        serial = scene.rotate(KEEP)
        assert scene.current() == serial, point
        check_order(scene)
        scene.restore()


def test_the_scenes_have_points_enough(tmp_path: Path, authority: Authority, refusing: str) -> None:
    points = {}
    for prepare in SCENES:
        scene = Scene(tmp_path / prepare.__name__, authority, refusing)
        prepare(scene)
        points[prepare.__name__] = len(scene.points())
    assert sum(points.values()) >= POINTS, points


def check_keys(directory: Path) -> None:
    """Make sure that nobody else can read a private key, wherever it was left."""
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink() and b"PRIVATE KEY" in path.read_bytes():
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def check_order(scene: Scene) -> None:
    """Make sure that nothing is left of a run that was killed."""
    workload = scene.machine.workload
    assert sorted(path.name for path in workload.iterdir()) == ["current", "lock", "versions"]
    for version in (workload / "versions").iterdir():
        assert sorted(path.name for path in version.iterdir()) in (WHOLE, WHOLE[:2]), version
        assert not version.name.startswith("."), version
    assert len(list((workload / "versions").iterdir())) <= KEEP
    for path in (workload, workload / "versions"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o750
    check_keys(scene.machine.directory)
