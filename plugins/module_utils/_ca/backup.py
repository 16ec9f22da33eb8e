# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the ledger while others write it, into a file of its owner's alone that is whole or as it was before.

With SQLite's online backup (https://www.sqlite.org/backup.html): a copy of the file alone would miss its log.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from . import ledger, ledger_schema, private_files
from .errors import AuthorityError


class Copied(NamedTuple):
    """Whether the backup differs from the one before, how many bytes it has, and how many certificates are in it."""

    changed: bool
    size: int
    certificates: int


def copy(source: Path, target: Path, *, dry_run: bool) -> Copied:
    """Copy a ledger, check the copy, and put it into its place unless the same is there.

    :raises AuthorityError: the ledger cannot be read, the copy is damaged, or the disk refuses.
    """
    if target.is_dir() or target.resolve() == source.resolve():
        raise AuthorityError(f"{target} is a folder or the ledger itself: give the path of a file for the backup.")
    with private_files.explained("written", target):
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        os.fchmod(descriptor, private_files.FILE_MODE)
        os.close(descriptor)
        try:
            count = _copy(source, Path(temporary))
            size = Path(temporary).stat().st_size
            changed = not target.exists() or not filecmp.cmp(temporary, target, shallow=False)
            if changed and not dry_run:
                _sync(Path(temporary))
                Path(temporary).replace(target)
                private_files.sync_directory(target.parent)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
    return Copied(changed, size, count)


def _copy(source: Path, target: Path) -> int:
    with ledger.connected(source) as connection:
        ledger_schema.check_known(source, connection)
        with contextlib.closing(sqlite3.connect(target)) as copied:
            connection.backup(copied)
    with ledger.connected(target, "mode=ro&immutable=1") as copied:
        fault = copied.execute("PRAGMA quick_check").fetchone()[0]
        if fault != "ok":
            raise AuthorityError(f"The ledger {source} is damaged ({fault}): keep the backup before this one.")
        return int(copied.execute("SELECT count(*) FROM certificates").fetchone()[0])


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
