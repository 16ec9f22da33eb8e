# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger is kept where SQLite's locks work."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import file_systems, ledger
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /srv rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 30 254:1 / /srv/local rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/with\040space rw - cifs //server/share rw
33 22 0:42 / /home rw - ext4 /dev/vdc rw
34 22 0:43 / /home rw - fuse.sshfs user@server: rw
35 22 0:44 / /container rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/etc/ca", "ext4"),
        ("/srv/ca", "nfs4"),
        ("/srv", "nfs4"),
        ("/srvother/ca", "ext4"),
        ("/srv/local/ca", "xfs"),
        ("/mnt/with space/ca", "cifs"),
        ("/home/anna/ca", "fuse.sshfs"),
        ("/container/ca", "overlay"),
    ],
)
def test_the_nearest_and_latest_mount_counts(directory, kind):
    assert file_systems.kind_of(Path(directory), MOUNTS) == kind


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.s3fs")),
        *((kind, False) for kind in ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuse.fuse-overlayfs")),
    ],
)
def test_kinds(kind, network):
    assert file_systems.is_network(kind) is network


def test_no_ledger_is_made_or_opened_over_the_network(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    ledger.create(path)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:40 / {tmp_path} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr(file_systems, "_MOUNTS", mounts)
    sentence = (
        r"is on a network file system \(nfs4\), where two machines could write the ledger at once: keep the CA on"
    )
    with pytest.raises(AuthorityError, match=sentence):
        ledger.create(tmp_path / "other.sqlite")
    with pytest.raises(AuthorityError, match=sentence), ledger.opened(path):
        pass
    assert not (tmp_path / "other.sqlite").exists()


def test_a_system_that_does_not_tell_is_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(file_systems, "_MOUNTS", tmp_path / "not there")
    ledger.create(tmp_path / "ledger.sqlite")
