# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look says what is due; what cannot be read is a reason, and nothing changes by looking."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import look, versions
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.aws_profile import AwsProfile
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.due import Wishes
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import install, read_issued
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.question import Question
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._renewal import Thresholds
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl


def look_at(place, wishes=None, group=None, day=0, force=False):
    now = datetime.now(timezone.utc) + timedelta(days=day)
    return look.look_at_certificate(place, Question(wishes or Wishes(), group, Thresholds(), now, force))


def request(place, authority, serial=0x4B01, **wishes):
    csr = make_request(place, "ECDSA-P256", "0" * 64, None, False).csr
    return read_issued(authority.sign(csr, serial=serial, **wishes), "")


@pytest.fixture
def installed(place, authority):
    """A workload with a sound pair."""
    install(place, request(place, authority), None)
    return place


def snapshot(directory):
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in Path(directory).rglob("*")}


def test_a_sound_pair_is_described_and_not_due(installed):
    before = snapshot(installed.directory)
    reason, certificate = look_at(installed, Wishes(common_name="web1", key_type="ECDSA-P256"))
    assert reason is None
    assert certificate["serial"] == "4b01"
    assert certificate["subject"] == "CN=web1"
    assert certificate["issuer"] == "CN=Issuing CA"
    assert certificate["common_name"] == "web1"
    assert certificate["path"] == f"{installed.path}/current/certificate.pem"
    assert certificate["not_after"].endswith("Z")
    assert snapshot(installed.directory) == before


def test_a_bare_host_has_no_certificate_yet(place):
    assert look_at(place) == ("no certificate yet", None)
    assert not os.path.lexists(place.directory)


def test_force_and_time(installed):
    assert look_at(installed, force=True)[0] == "forced"
    assert look_at(installed, day=25)[0] == "17 % of its lifetime is left"


def a_link_to_nowhere(place):
    os.unlink(place.current)
    os.symlink("versions/ffff", place.current)


def a_file_in_its_place(place):
    os.rename(place.path, f"{place.path}.old")
    Path(place.path).write_text("")


def another_key(place):
    key = Path(place.version("4b01"), "private-key.pem")
    make_request(place, "ECDSA-P256", "0" * 64, None, False)
    os.chmod(key, 0o600)
    key.write_bytes(versions.read_pending_key(place) or b"")
    os.chmod(key, 0o400)
    os.unlink(place.pending_key)


@pytest.mark.parametrize(
    ("spoil", "told", "described"),
    [
        (lambda place: os.unlink(f"{place.current}/certificate.pem"), "certificate.pem is missing", False),
        (lambda place: Path(place.current, "certificate.pem").write_text("none"), "no certificate in the file", False),
        (lambda place: os.unlink(f"{place.current}/private-key.pem"), "private-key.pem is missing", True),
        (lambda place: os.chmod(f"{place.current}/private-key.pem", 0o404), "readable by others", True),
        (another_key, "key does not match the certificate", True),
        (lambda place: os.chmod(place.path, 0o755), "/web has the mode 0755, not 0750", True),
        (lambda place: os.chmod(place.versions, 0o700), "/web/versions has the mode 0700, not 0750", True),
        (a_link_to_nowhere, "current cannot be opened", False),
        (lambda place: Path(place.current).unlink() or Path(place.current).mkdir(), "not a link", False),
        (a_file_in_its_place, "Not a directory", False),
    ],
)  # fmt: skip
def test_what_is_broken_is_a_reason(installed, spoil, told, described):
    spoil(installed)
    reason, certificate = look_at(installed)
    assert told in reason
    assert (certificate is not None) == described


def test_a_key_that_openssl_cannot_read_is_a_reason(installed):
    key = Path(installed.current, "private-key.pem")
    key.chmod(0o600)
    key.write_text("no key")
    key.chmod(0o400)
    assert "openssl pkey failed" in look_at(installed)[0]


@pytest.mark.parametrize("key_type", ["ECDSA-P256", "ECDSA-P384", "RSA-2048"])
def test_a_sound_pair_is_seen_without_openssl(place, authority, monkeypatch, key_type):
    csr = make_request(place, key_type, "0" * 64, None, False).csr
    install(place, read_issued(authority.sign(csr), ""), None)
    monkeypatch.setattr(openssl, "PROGRAMS", ("/nowhere/openssl",))
    assert look_at(place)[0] is None


def test_a_key_in_another_form_is_left_to_openssl(installed, monkeypatch):
    key = Path(installed.current, "private-key.pem")
    sealed = openssl.run(["ec", "-in", str(key.resolve()), "-no_public"])
    key.chmod(0o600)
    key.write_bytes(sealed)
    key.chmod(0o400)
    assert look_at(installed)[0] is None
    monkeypatch.setattr(openssl, "PROGRAMS", ("/nowhere/openssl",))
    assert look_at(installed)[0].startswith("There is no openssl program here; install")


def test_a_group_that_is_not_there_is_a_reason(installed):
    assert look_at(installed, group="no-such-group")[0].startswith("There is no group 'no-such-group' here")


def test_a_staged_pair_waits(installed, authority, monkeypatch):
    issued = request(installed, authority, 0x4B02)
    monkeypatch.setattr(versions, "flip", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        install(installed, issued, None)
    reason, certificate = look_at(installed)
    assert reason == "certificate 4b02 is staged and waits for its proof"
    assert certificate["serial"] == "4b01"


def test_a_pair_in_use_does_not_wait_when_a_killed_run_left_its_key_pending(installed):
    make_request(installed, "ECDSA-P256", "0" * 64, None, False)
    Path(installed.pending_key).write_bytes(Path(installed.current, "private-key.pem").read_bytes())
    assert look_at(installed)[0] is None


def test_a_key_that_waits_alone_is_no_reason(installed):
    make_request(installed, "ECDSA-P256", "0" * 64, None, False)
    assert look_at(installed)[0] is None


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b"helper", 0o755, None),
        (b"older", 0o755, "the helper is not the one of version 0.1.0"),
        (b"helper", 0o700, "the helper does not have the mode 0755"),
        (None, None, "no helper yet"),
    ],
)
def test_the_helper(tmp_path, content, mode, reason):
    path = tmp_path / "helper"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    assert look.look_at_helper(str(path), b"helper", "0.1.0") == reason


def test_a_helper_below_a_directory_that_is_missing_is_no_helper_yet(tmp_path):
    assert look.look_at_helper(f"{tmp_path}/bin/helper", b"helper", "0.1.0") == "no helper yet"


def test_a_helper_below_a_file_is_a_reason(tmp_path):
    (tmp_path / "bin").write_text("")
    reason = look.look_at_helper(f"{tmp_path}/bin/helper", b"helper", "0.1.0")
    assert reason == f"{tmp_path}/bin cannot be opened: Not a directory."


def test_the_profiles_of_several_files_are_told_in_one_sentence_part(tmp_path):
    (tmp_path / "a").write_text("[default]\nregion = r\ncredential_process = /helper\n")
    (tmp_path / "a").chmod(0o600)
    (tmp_path / "b").mkdir()
    profiles = [
        AwsProfile(str(tmp_path / "a"), "default", "/helper", "r"),
        AwsProfile(str(tmp_path / "a"), "web", "/helper", "r"),
        AwsProfile(str(tmp_path / "b"), "web", "/helper", "r"),
    ]
    assert look.look_at_profiles(profiles[:1]) is None
    assert look.look_at_profiles(profiles) == (
        f"profile web in {tmp_path}/a: no section yet; {tmp_path}/b cannot be read: it is not a regular file."
    )
