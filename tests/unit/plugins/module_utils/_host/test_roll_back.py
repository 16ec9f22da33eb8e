# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back leads to a version that still can be used, or nowhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import roll_back as rolling_back
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host import versions
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.install import (
    Care,
    Unproved,
    install,
    read_issued,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.request import make_request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.roll_back import (
    predict_roll_back,
    roll_back,
    version_before,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError

TARGET = object()
REFUSED = SessionError("Certificate revoked.", certain=True)
SILENT = SessionError("No answer within 10 seconds.")


@pytest.fixture
def three(place, authority):
    """A workload with three versions, 4b03 in use."""
    for serial in (0x4B01, 0x4B02, 0x4B03):
        csr = make_request(place, "ECDSA-P256", "0" * 64, None, False).csr
        install(place, read_issued(authority.sign(csr, serial=serial), ""), None)
    return place


def both(place, serial=None):
    """Predict and do; return what was said of the two alike."""
    care = Care()
    before = snapshot(place)
    predicted = predict_roll_back(place, serial, care)
    assert snapshot(place) == before
    done = roll_back(place, serial, None, care)
    assert predicted == done
    return done


def snapshot(place):
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in Path(place.directory).rglob("*")}


@pytest.mark.parametrize(
    ("latest_first", "current", "before"),
    [
        (["c", "b", "a"], "c", "b"),
        (["c", "b", "a"], "b", "a"),
        (["c", "b", "a"], "a", None),
        (["a"], "a", None),
        ([], None, None),
        (["b", "a"], None, "b"),  # staged once, and never in use
        (["b", "a"], "lost", "b"),
    ],
)
def test_the_version_before(latest_first, current, before):
    assert version_before(latest_first, current) == before


def test_each_run_goes_back_by_one_version_and_keeps_all(three):
    assert both(three)[:3] == (True, "4b02", "4b03")
    assert os.readlink(three.current) == "versions/4b02"
    assert both(three)[:3] == (True, "4b01", "4b02")
    with pytest.raises(HostError, match=r"There is no version before 4b01 in .*; request and install a new"):
        both(three)
    assert versions.serials(three) == ["4b03", "4b02", "4b01"]


def test_a_version_that_is_named_is_gone_back_to_once(three):
    assert both(three, "4b01")[:3] == (True, "4b01", "4b03")
    assert both(three, "4b01")[:3] == (False, "4b01", "4b01")
    assert both(three, "4b03")[:3] == (True, "4b03", "4b01")


def test_a_version_that_is_not_kept_is_told(three):
    for step in (predict_roll_back, lambda place, serial, care: roll_back(place, serial, None, care)):
        with pytest.raises(HostError, match=r"no version 4b04 in .*/versions; kept are 4b03, 4b02, 4b01"):
            step(three, "4b04", Care())


def test_a_workload_that_is_not_there_is_not_made(place):
    with pytest.raises(HostError, match="There is no version before the first one"):
        roll_back(place, None, None, Care())
    assert not os.path.lexists(place.directory)


def lose_the_key(place):
    versions.remove_private_key(place, "4b02")


def take_another_key(place):
    key = Path(place.version("4b02"), "private-key.pem")
    key.unlink()
    key.write_bytes(Path(place.version("4b01"), "private-key.pem").read_bytes())


def spoil(place):
    certificate = Path(place.version("4b02"), "certificate.pem")
    status = certificate.stat()
    certificate.write_text("none")
    os.utime(certificate, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (lose_the_key, "its private key was removed; request"),
        (take_another_key, "its private key does not belong to it; request"),
        (spoil, "There is no certificate in the file"),
    ],
)
def test_a_version_that_cannot_be_used_is_refused(three, trouble, told):
    trouble(three)
    for step in (predict_roll_back, lambda place, serial, care: roll_back(place, serial, None, care)):
        with pytest.raises(HostError, match=f"^Certificate 4b02 cannot be used again: {told}"):
            step(three, None, Care())
    assert versions.current_serial(three) == "4b03"


def test_an_expired_version_is_refused_and_loses_its_key_at_the_next_change(three, let_expire):
    key = let_expire(three, "4b02")
    for step in (predict_roll_back, lambda place, serial, care: roll_back(place, serial, None, care)):
        with pytest.raises(
            HostError, match=r"^Certificate 4b02 cannot be used again: it expired at 20.*Z; issue a new"
        ):
            step(three, None, Care())
    assert versions.current_serial(three) == "4b03"
    assert both(three, "4b01").removed_keys == ["4b02"]
    assert not key.exists()


@pytest.mark.parametrize(
    ("answer", "refused", "told"),
    [
        (REFUSED, True, "Certificate 4b02 was refused, the one in use stays: Certificate revoked."),
        (SILENT, False, "Certificate 4b02 was not switched to, since nobody can tell whether it works, the one in use"),
    ],
)
def test_a_version_without_a_proof_is_not_switched_to(three, monkeypatch, answer, refused, told):
    def session_of(_place, serial, target):
        assert (serial, target) == ("4b02", TARGET)
        raise answer

    monkeypatch.setattr(rolling_back, "session_of", session_of)
    with pytest.raises(Unproved) as error:
        roll_back(three, None, TARGET, Care())
    assert str(error.value).startswith(told)
    assert error.value.refused is refused
    assert versions.current_serial(three) == "4b03"
    assert versions.serials(three) == ["4b03", "4b02", "4b01"]


def test_what_is_gone_back_to_gets_its_modes_before_it_is_used(three, monkeypatch):
    key = Path(three.version("4b02"), "private-key.pem")
    key.chmod(0o644)
    flip, modes = versions.flip, []
    monkeypatch.setattr(
        versions, "flip", lambda *arguments: (modes.append(stat.S_IMODE(key.stat().st_mode)), flip(*arguments))
    )
    assert both(three).changed
    assert modes == [0o400]
