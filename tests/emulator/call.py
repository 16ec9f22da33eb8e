# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the control plane, as the operations see it, and what several of them need."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from .callers import Caller
from .errors import ServiceError
from .state import Store
from .switches import Switches

PAGE_SIZE = 50  # an invention, like the maximum (reference §9.18)
LARGEST_PAGE_SIZE = 100
MOST_TAGS = 50  # AWS's usual number (§9.22)

Resource = TypeVar("Resource")


@dataclass(frozen=True)
class Call:
    """A call that is authenticated, validated and authorised."""

    operation: str
    values: dict[str, Any]  # the input, by the names of the model
    caller: Caller
    store: Store
    switches: Switches
    now: datetime


def find(resources: dict[str, Resource], identifier: str) -> Resource:
    """Find a resource by its id; raises ResourceNotFoundException."""
    if identifier not in resources:
        raise ServiceError("ResourceNotFoundException", f"Resource not found: {identifier}")  # text: an invention
    return resources[identifier]


def refuse_over_quota(count: int, limit: int, what: str) -> None:
    """Raise a ValidationException when one more would be too many: quota errors are not modelled (appendix A, 8)."""
    if count >= limit:
        raise ServiceError("ValidationException", f"Limit exceeded: at most {limit} {what}")  # text: an invention


def initial_tags(call: Call) -> dict[str, str]:
    """Read the tags that a resource is created with."""
    return merged_tags({}, call.values.get("tags", []))


def merged_tags(tags: dict[str, str], added: list[dict[str, str]]) -> dict[str, str]:
    """Add tags to tags, overwriting values; raises TooManyTagsException (§1.14)."""
    merged = {**tags, **{tag["key"]: tag["value"] for tag in added}}
    if len(merged) > MOST_TAGS:
        raise ServiceError("TooManyTagsException", f"A resource has at most {MOST_TAGS} tags")  # text: an invention
    return merged


def switch_enabled(call: Call, resource: Any) -> bool:
    """Enable or disable, as the operation's name says; returns what the answer shows as `enabled` (§1.6)."""
    before = resource.enabled
    resource.enabled = call.operation.startswith("Enable")
    resource.updated_at = call.now
    return before if call.switches.stale_echo else resource.enabled


def page(call: Call, resources: dict[str, Resource]) -> tuple[list[Resource], str | None]:
    """Cut one page out of a list, in the order of ids; returns it and the token of the next one (§1.13)."""
    size = call.values.get("pageSize", PAGE_SIZE)
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        raise ServiceError("ValidationException", f"pageSize must be between 1 and {LARGEST_PAGE_SIZE}")
    after = _read_token(call)
    identifiers = [identifier for identifier in sorted(resources) if identifier > after]
    more = len(identifiers) > size
    listed = [resources[identifier] for identifier in identifiers[:size]]
    return listed, _write_token(call, identifiers[size - 1]) if more else None


def _write_token(call: Call, identifier: str) -> str:
    return base64.urlsafe_b64encode(f"{call.operation}:{identifier}".encode()).decode()


def _read_token(call: Call) -> str:
    if "nextToken" not in call.values:
        return ""
    try:
        operation, _, identifier = base64.urlsafe_b64decode(call.values["nextToken"]).decode().partition(":")
    except ValueError:
        operation, identifier = "", ""
    if operation != call.operation:
        raise ServiceError("ValidationException", "Invalid nextToken")  # text: an invention
    return identifier
