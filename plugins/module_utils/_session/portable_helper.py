# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs this package into one executable file (a zipapp): the portable helper.

Nothing is copied by hand: the sources come through the import system, from files or from the archive that Ansible sends
to a host. The same sources give the same bytes everywhere.
"""

from __future__ import annotations

import io
import pkgutil
import re
import zipfile
from typing import TYPE_CHECKING

from .errors import SessionError

if TYPE_CHECKING:
    # Ansible sends to a host what it sees imported, and this file packs it; running it here would only cost time.
    from . import command_line  # noqa: F401 - never used by name

PACKAGE = "rolesanywhere_session"
MODULES = (
    "arns",
    "attempts",
    "canonical_request",
    "certificate",
    "command_line",
    "create_session",
    "endpoints",
    "errors",
    "https",
    "key_types",
    "locks",
    "openssl",
    "pair",
    "pem",
    "refusals",
    "request_repair",
    "session",
    "session_cache",
    "version",
)
MAIN = f"import sys\n\nfrom {PACKAGE}.command_line import main\n\nsys.exit(main())\n"
LONGEST_INTERPRETER = 120  # bytes; Linux before 5.1 cuts a #! line at 127
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP file knows


def pack(interpreter: str) -> bytes:
    """Return the helper as an executable file whose first line starts ``interpreter`` in isolated mode.

    :param interpreter: absolute path of a Python 3.8 or newer.
    :raises SessionError: the path cannot stand in a ``#!`` line.
    """
    if not re.fullmatch("/[!-~]+", interpreter) or len(interpreter) > LONGEST_INTERPRETER:
        raise SessionError(
            f"The interpreter {interpreter!r} must be an absolute path without spaces of at most"
            f" {LONGEST_INTERPRETER} characters."
        )
    archive = io.BytesIO()
    # -I: no variable, no working directory and no user's site directory can put modules of its own in front.
    archive.write(f"#!{interpreter} -I\n".encode("ascii"))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as bundle:
        _add(bundle, "__main__.py", MAIN)
        _add(bundle, f"{PACKAGE}/__init__.py", "")
        for name in MODULES:
            _add(bundle, f"{PACKAGE}/{name}.py", _source(name))
    return archive.getvalue()


def _add(bundle: zipfile.ZipFile, path: str, source: str) -> None:
    entry = zipfile.ZipInfo(path, EPOCH)
    entry.create_system = 3  # Unix, wherever it is packed
    entry.external_attr = 0o644 << 16
    bundle.writestr(entry, source.encode("utf-8"))


def _source(name: str) -> str:
    try:
        source = pkgutil.get_data(str(__package__), f"{name}.py")
    except OSError:
        source = None
    if source is None:
        raise SessionError(f"The source of {__package__}.{name} cannot be found; install the collection again.")
    return source.decode("utf-8")
