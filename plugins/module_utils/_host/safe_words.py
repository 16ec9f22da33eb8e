# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that every reader of a command line reads alike.

One line of an AWS config file is read by two grammars: botocore splits it with shlex, the other SDKs hand it to
``sh -c``. They agree on the characters allowed here and on nothing else worth having, so everything else is refused.
"""

from __future__ import annotations

import re
from typing import Sequence

from .errors import HostError

_CHARACTERS = r"[A-Za-z0-9_./:=+@,-]+"
_WORD = re.compile(_CHARACTERS)
_WORDS = re.compile(_CHARACTERS + "(?: " + _CHARACTERS + ")+")
_ALLOWED = "letters, digits and _ . / : = + @ , -"


def safe_word(value: str, what: str) -> str:
    """Return ``value`` unchanged; raise HostError naming ``what`` when a character is outside the allow-list."""
    if _WORD.fullmatch(value) is None:
        raise HostError(f"{what} is {value!r}, but may hold only {_ALLOWED}; change it.")
    return value


def command_line(arguments: Sequence[str]) -> str:
    """Join ``arguments`` into one physical line that shlex and ``sh -c`` split into exactly these arguments again.

    A value with single inner spaces is put into double quotes. Raises HostError for a value outside the allow-list and
    for a program that is not an absolute path (``sh`` would take ``a=b`` for an assignment and search PATH for others).
    """
    if not arguments or not arguments[0].startswith("/"):
        raise HostError(f"The program of a command line is {arguments[:1]!r}, but must be an absolute path.")
    return " ".join(_quoted(argument) for argument in arguments)


def _quoted(argument: str) -> str:
    if _WORD.fullmatch(argument):
        return argument
    if _WORDS.fullmatch(argument):
        return f'"{argument}"'
    raise HostError(
        f"{argument!r} cannot stand on the command line of a credential process: it may hold only {_ALLOWED}"
        " and single spaces between them."
    )
