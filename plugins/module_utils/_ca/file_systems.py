# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a folder is on this machine: SQLite's locks and its shared memory do not reach across a network.

Source: https://www.sqlite.org/wal.html, "all processes using a database must be on the same host computer".
"""

from __future__ import annotations

import re
from pathlib import Path

from .errors import AuthorityError

_MOUNTS = Path("/proc/self/mountinfo")
# The names that Linux has for them; FUSE has the name of the program behind a dot.
_NETWORK = frozenset(
    ("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4")
)
_NETWORK_PROGRAMS = frozenset(
    ("ceph", "davfs", "gcsfuse", "glusterfs", "goofys", "juicefs", "mount-s3", "rclone", "s3fs", "smbnetfs", "sshfs")
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def check_local(directory: Path) -> None:
    """Check that a folder is not on a network file system, as far as this system tells.

    :raises AuthorityError: it is.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not Linux
        return
    kind = kind_of(directory.resolve(), mounts)
    if kind and is_network(kind):
        raise AuthorityError(
            f"{directory} is on a network file system ({kind}), where two machines could write the ledger at once: "
            "keep the CA on a local one."
        )


def kind_of(directory: Path, mounts: str) -> str | None:
    """Find the kind of the file system of a folder in the text of /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    kind, depth = None, -1
    for line in mounts.splitlines():
        fields, _separator, source = line.partition(" - ")
        mount_point = Path(_ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), fields.split(" ")[4]))
        # What was mounted later on the same place hides what was there.
        if directory.is_relative_to(mount_point) and len(mount_point.parts) >= depth:
            kind, depth = source.split(" ")[0], len(mount_point.parts)
    return kind


def is_network(kind: str) -> bool:
    """Say whether file systems of a kind are those of another machine."""
    program = kind.partition(".")[2] if kind.startswith("fuse") else None
    return kind in _NETWORK or kind.startswith("smb") or program in _NETWORK_PROGRAMS
