# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the info modules have in common: they look and change nothing. Private to the collection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from . import tags
from .resources import Resources, check_name
from .service import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .service import Service

ARGUMENTS: dict[str, dict[str, Any]] = {
    "id": {"type": "str"},
    "include_tags": {"type": "bool", "default": False},
}
"""Options of all info modules; their documentation is the fragment _aws_info."""

NAME: dict[str, dict[str, Any]] = {"name": {"type": "str"}}
"""The option of those whose resources have names; its documentation is the fragment _aws_info.name."""


def look(
    found: Resources,
    options: Mapping[str, Any],
    *,
    asked_for: Callable[[Mapping[str, Any]], bool] = lambda _resource: True,
    details: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _resource: {},
) -> list[dict[str, Any]]:
    """Return the resources of this name or id, or all, as every module shows them, with their details.

    asked_for: which of them, in the service's words. One call for each of those if tags are wanted.
    Raises RolesAnywhereError.
    """
    check_name(options["name"])
    seen = []
    for resource in filter(asked_for, found.matching(options["name"], options["id"])):
        with contextlib.suppress(NotFoundError):  # deleted since it was listed
            tagged = tags_of(found.service, found.arn_of(resource), options)
            seen.append({**found.described(resource), **details(resource), **tagged})
    return seen


def tags_of(service: Service, arn: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a result says of the tags: nothing, and no call, unless they are wanted. Raises NotFoundError."""
    return {"tags": tags.read(service, arn)} if options["include_tags"] else {}
