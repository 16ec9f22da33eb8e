# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of trust anchors, profiles and CRLs: read, compared, written. Private to the collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
    compare_aws_tags,
)

from .service import Service


@dataclass(frozen=True)
class TagChanges:
    """What must be written and removed."""

    to_set: dict[str, str] = field(default_factory=dict)
    to_remove: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Say whether anything changes."""
        return bool(self.to_set or self.to_remove)


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Write tags as the service takes them."""
    listed: list[dict[str, str]] = ansible_dict_to_boto3_tag_list(tags, "key", "value")
    return listed


def read(service: Service, arn: str) -> dict[str, str]:
    """Return the tags of something: one call."""
    tags: dict[str, str] = boto3_tag_list_to_ansible_dict(service.call("ListTagsForResource", resourceArn=arn)["tags"])
    return tags


def changes(current: dict[str, str], wanted: dict[str, str], purge: bool) -> TagChanges:
    """Compare tags; those that AWS reserved (aws:...) are never removed."""
    to_set, to_remove = compare_aws_tags(current, wanted, purge)
    return TagChanges(to_set, sorted(to_remove))


def write(service: Service, arn: str, changed: TagChanges) -> None:
    """Write and remove tags: one call for each that is needed."""
    if changed.to_remove:
        service.call("UntagResource", resourceArn=arn, tagKeys=changed.to_remove)
    if changed.to_set:
        service.call("TagResource", resourceArn=arn, tags=as_list(changed.to_set))


def after(current: dict[str, str], changed: TagChanges) -> dict[str, Any]:
    """Return the tags as they are once the changes are made."""
    return {key: value for key, value in {**current, **changed.to_set}.items() if key not in changed.to_remove}
