# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tag operations, for all four kinds of resource (reference §1.14)."""

from __future__ import annotations

from typing import Any

from .call import Call, merged_tags
from .errors import ServiceError


def tag(call: Call) -> dict[str, Any]:
    """TagResource."""
    resource = _find(call)
    resource.tags = merged_tags(resource.tags, call.values["tags"])
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagResource."""
    resource = _find(call)
    resource.tags = {key: value for key, value in resource.tags.items() if key not in call.values["tagKeys"]}
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    return {"tags": [{"key": key, "value": value} for key, value in _find(call).tags.items()]}


def _find(call: Call) -> Any:
    arn = call.values["resourceArn"]
    resource = call.store.resource(arn)
    if resource is None:
        raise ServiceError("ResourceNotFoundException", f"Resource not found: {arn}")  # text: an invention
    return resource
