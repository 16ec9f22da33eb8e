# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module of this collection ends: with what it found and did, or with one sentence.

Of the standard library of Python 3.8, for the modules that run on the fleet end here as well.
"""

from __future__ import annotations

from typing import Any, Callable, NoReturn, Protocol, TypeVar


class _Module(Protocol):
    """An AnsibleModule or an AnsibleAWSModule, which is none."""

    def exit_json(self, **result: Any) -> NoReturn:
        """End the module with its result."""

    def fail_json(self, msg: str) -> NoReturn:
        """End the module with a sentence."""


_AnyModule = TypeVar("_AnyModule", bound=_Module)


def answer(module: _AnyModule, run: Callable[[_AnyModule], dict[str, Any]], *errors: type[Exception]) -> NoReturn:
    """Exit with what ``run`` returns, or fail with the sentence of one of ``errors``; any other error is a bug."""
    try:
        result = run(module)
    except errors as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)
