# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trust anchors, profiles and CRLs have in common: found, compared, changed. Private to the collection.

Each run looks once, decides what differs, and calls only for that: a run that finds nothing to change makes one
call (Get or List), and a second one only where tags were asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import arns, tags
from .errors import RolesAnywhereError
from .service import NotFoundError, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Comparisons = Mapping[str, Callable[[Any, Any], bool]]

ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}
"""Options of all three modules; their documentation is the fragment _aws_resource."""


class Call(NamedTuple):
    """An operation, and what it is given beside the resource's id."""

    operation: str
    request: dict[str, Any]


@dataclass(frozen=True)
class SubResource:
    """A member of a resource that Update does not take, since it has operations of its own.

    calls: current value, None if the service shows none, and wanted value to the calls that lead from one to the other.
    after: the same two to the value that the service shows then.
    at_creation: whether the operation that creates the resource takes the wanted value.
    fresh: the value that the service gives a new resource by itself, None if it gives none.
    """

    calls: Callable[[Any, Any], list[Call]]
    after: Callable[[Any, Any], Any]
    at_creation: bool = False
    fresh: Any = None


@dataclass(frozen=True)
class Kind:
    """How a kind of resource is called, compared and shown.

    member: its name in requests and responses, from which the names of operations follow.
    create: the operation that makes one.
    comparisons: member to a function that says whether the current value is as good as the wanted one.
    readable: what people are shown of a resource instead of the service's answer.
    facts: what a module returns beside a resource, for what comes after it in a play.
    sub_resources: member to the operations that it has of its own.
    """

    resource_type: arns.ResourceType
    member: str
    create: str
    comparisons: Comparisons
    readable: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    facts: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _resource: {}
    sub_resources: Mapping[str, SubResource] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """The kind's name in a sentence."""
        return self.resource_type.noun

    @property
    def operations(self) -> str:
        """The kind's name in operations: GetTrustAnchor, ListTrustAnchors."""
        return self.member[0].upper() + self.member[1:]


@dataclass(frozen=True)
class Wanted:
    """What the user asked for. None, and a member that is missing, stand for: left alone."""

    name: str | None
    members: dict[str, Any]
    enabled: bool | None
    tags: dict[str, str] | None
    purge_tags: bool
    sub_resources: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, options: Mapping[str, Any], members: dict[str, Any], sub_resources: dict[str, Any] | None = None
    ) -> Wanted:
        """Take what all three modules share from a module's options."""
        check_name(options["name"])
        return cls(
            options["name"], members, options["enabled"], options["tags"], options["purge_tags"], sub_resources or {}
        )


@dataclass(frozen=True)
class Changes:
    """What differs between a resource and what is wanted of it."""

    members: dict[str, Any]
    enabled: bool | None
    tags: tags.TagChanges
    sub_resources: dict[str, Any] = field(default_factory=dict)  # those that differ, as they are wanted

    def __bool__(self) -> bool:
        """Say whether anything changes."""
        return bool(self.members or self.tags or self.sub_resources) or self.enabled is not None


@dataclass(frozen=True)
class Outcome:
    """A resource before and after, in the service's words; None where it does not exist.

    facts: what a module returns beside it of what else was done.
    """

    changed: bool
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    facts: dict[str, Any] = field(default_factory=dict)


class Resources:
    """All resources of a kind in one account and region."""

    def __init__(self, service: Service, kind: Kind) -> None:
        """Make no call yet."""
        self.service = service
        self.kind = kind

    def find(self, name: str | None, identifier: str | None) -> dict[str, Any] | None:
        """Return the resource with this id, UUID or ARN, else the only one with this name; None if there is none.

        Names are not unique in Roles Anywhere. Raises RolesAnywhereError where a name stands for several resources.
        """
        hits = self.matching(name, identifier)
        if len(hits) > 1:
            identifiers = ", ".join(sorted(self.id_of(resource) for resource in hits))
            raise RolesAnywhereError(
                f"There are {len(hits)} {self.kind.noun}s named {name!r} in {self.service.region}: "
                f"say which with id, one of {identifiers}."
            )
        return hits[0] if hits else None

    def matching(self, name: str | None, identifier: str | None) -> list[dict[str, Any]]:
        """Return the resource with this id, UUID or ARN, else those with this name, else all; one call a page.

        Raises RolesAnywhereError.
        """
        if identifier is not None:
            try:
                return [self.read(arns.identifier("id", identifier, self.kind.resource_type, self.service.region))]
            except NotFoundError:
                return []
        listed = self.service.all_pages(f"List{self.kind.operations}s", f"{self.kind.member}s")
        return [resource for resource in listed if name in (None, resource["name"])]

    def read(self, identifier: str) -> dict[str, Any]:
        """Return the resource with this UUID. Raises NotFoundError."""
        return self._call("Get", identifier)

    def id_of(self, resource: Mapping[str, Any]) -> str:
        """Return the UUID of a resource."""
        return str(resource[f"{self.kind.member}Id"])

    def arn_of(self, resource: Mapping[str, Any]) -> str:
        """Return the ARN of a resource."""
        return str(resource[f"{self.kind.member}Arn"])

    def create(self, wanted: Wanted, check_mode: bool) -> Outcome:
        """Create the resource; it is enabled unless something else is wanted, which the service's default is not.

        One with sub-resources that are still to come is enabled when it has them.
        """
        enabled = wanted.enabled is not False
        given = {
            member: value
            for member, value in wanted.sub_resources.items()
            if self.kind.sub_resources[member].at_creation
        }
        request = {"name": wanted.name, "enabled": enabled, **wanted.members, **given}
        created = dict(request)
        for member, value in wanted.sub_resources.items():
            sub_resource = self.kind.sub_resources[member]
            created[member] = sub_resource.after(sub_resource.fresh, value)
        if not check_mode:
            to_come = wanted.sub_resources.keys() - given.keys()
            request["enabled"] = enabled and not to_come
            if wanted.tags:
                request["tags"] = tags.as_list(wanted.tags)
            created = self.service.call(self.kind.create, **request)[self.kind.member]
            if to_come:
                created = self._complete(created, replace(wanted, name=None, members={}, enabled=enabled, tags=None))
        return Outcome(True, None, created if wanted.tags is None else {**created, "tags": wanted.tags})

    def changes(self, current: dict[str, Any], wanted: Wanted) -> Changes:
        """Compare, only what was asked for. current: as found, with its tags where some are wanted."""
        asked = dict(wanted.members)
        if wanted.name is not None:
            asked["name"] = wanted.name
        tag_changes = tags.TagChanges()
        if wanted.tags is not None:
            tag_changes = tags.changes(current["tags"], wanted.tags, wanted.purge_tags)
        return Changes(
            members=differing(current, asked, self.kind.comparisons),
            enabled=wanted.enabled if wanted.enabled not in (None, current["enabled"]) else None,
            tags=tag_changes,
            sub_resources={
                member: value
                for member, value in wanted.sub_resources.items()
                if self.kind.sub_resources[member].calls(current.get(member), value)
            },
        )

    def with_tags(self, resource: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
        """Read the resource's tags where some are wanted: the tagging operations are paced at one a second too."""
        if wanted.tags is None:
            return resource
        return {**resource, "tags": tags.read(self.service, self.arn_of(resource))}

    def update(self, current: dict[str, Any], changes: Changes, check_mode: bool) -> Outcome:
        """Make the changes, those that take access away first, and read back what the service then has."""
        if not changes:
            return Outcome(False, current, current)
        after = {**current, **changes.members}
        for member, value in changes.sub_resources.items():
            after[member] = self.kind.sub_resources[member].after(current.get(member), value)
        if changes.enabled is not None:
            after["enabled"] = changes.enabled
        if not check_mode:
            after = self._write(current, changes)
        if "tags" in current:
            after = {**after, "tags": tags.after(current["tags"], changes.tags)}
        return Outcome(True, current, after)

    def check_creatable(self, wanted: Wanted, identifier: str | None, needed: Mapping[str, str]) -> None:
        """Refuse to create what was named by id, or what lacks a member. needed: member to the name of its option."""
        if identifier is not None:
            raise RolesAnywhereError(
                f"There is no {self.kind.noun} {identifier} in {self.service.region}; leave id out to create one."
            )
        missing = [option for member, option in needed.items() if member not in wanted.members]
        if missing:
            raise RolesAnywhereError(
                f"There is no {self.kind.noun} named {wanted.name!r} in {self.service.region} yet: "
                f"give {' and '.join(missing)} to create it."
            )

    def delete(self, current: dict[str, Any] | None, check_mode: bool) -> Outcome:
        """Delete the resource if there is one."""
        if current is not None and not check_mode:
            self._call("Delete", self.id_of(current))
        return Outcome(current is not None, current, None)

    def described(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Write a resource as every module shows it."""
        return result_of(self.kind.readable(resource))

    def result(self, outcome: Outcome) -> dict[str, Any]:
        """Return a module's result: changed, diff, and if it exists the resource under its kind's name, with facts."""
        before, after = (
            {} if resource is None else self.described(resource) for resource in (outcome.before, outcome.after)
        )
        result: dict[str, Any] = {"changed": outcome.changed, "diff": {"before": dict(before), "after": dict(after)}}
        for side in result["diff"].values():  # the service's time stamps would only be noise in a diff
            side.pop("created_at", None)
            side.pop("updated_at", None)
        if outcome.after is not None:
            result[self.kind.noun.lower().replace(" ", "_")] = after
            result.update(self.kind.facts(outcome.after))
        result.update(outcome.facts)
        return result

    def _complete(self, created: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
        """Give a new resource its sub-resources, or take it away: the next run would take it for what was wanted."""
        try:
            return self._write(created, self.changes(created, wanted))
        except RolesAnywhereError as error:
            identifier = self.id_of(created)
            try:
                self._call("Delete", identifier)
            except RolesAnywhereError:
                raise RolesAnywhereError(
                    f"The new {self.kind.noun} {created['name']!r} is incomplete, and could not be deleted again: "
                    f"delete {identifier}, then run again. {error}"
                ) from error
            raise

    def _write(self, current: dict[str, Any], changes: Changes) -> dict[str, Any]:
        identifier = self.id_of(current)
        after = dict(current)
        if changes.enabled is False:
            self._call("Disable", identifier)
        if changes.members:
            after = self._call("Update", identifier, **changes.members)
        for member, value in changes.sub_resources.items():
            for operation, request in self.kind.sub_resources[member].calls(current.get(member), value):
                self.service.call(operation, **{f"{self.kind.member}Id": identifier}, **request)
        if changes.enabled is True:
            self._call("Enable", identifier)
        tags.write(self.service, self.arn_of(current), changes.tags)
        if changes.enabled is None and not changes.sub_resources:
            return after
        # The answers to Enable and Disable may still show the old state, and what Put does is not documented in full.
        after = self.read(identifier)
        for member, value in changes.sub_resources.items():
            if self.kind.sub_resources[member].calls(after.get(member), value):
                raise RolesAnywhereError(
                    f"The {self.kind.noun} {current['name']!r} has other {member} than it was given: run again, "
                    "and look at it in AWS if they stay so."
                )
        return after

    def _call(self, verb: str, identifier: str, **members: Any) -> dict[str, Any]:
        request = {f"{self.kind.member}Id": identifier, **members}
        resource: dict[str, Any] = self.service.call(f"{verb}{self.kind.operations}", **request)[self.kind.member]
        return resource


def manage(
    module: Any,
    kind: Kind,
    ensure: Callable[[Resources, Mapping[str, Any], bool], tuple[Outcome, list[str]]],
) -> dict[str, Any]:
    """Ensure what the options of an AnsibleAWSModule say, warn of what a person should know, return its result.

    Raises what ensure raises.
    """
    found = Resources(Service.of(module), kind)
    outcome, warnings = ensure(found, module.params, module.check_mode)
    for warning in warnings:
        module.warn(warning)
    return found.result(outcome)


def differing(current: Mapping[str, Any], asked: Mapping[str, Any], comparisons: Comparisons) -> dict[str, Any]:
    """Return those members asked for that are not so already; a comparison gets the current value, or None."""

    def same(member: str, value: Any) -> bool:
        if member in comparisons:
            return comparisons[member](current.get(member), value)
        return bool(current.get(member) == value)

    return {member: value for member, value in asked.items() if not same(member, value)}


def check_name(name: str | None) -> None:
    """Refuse a name that the service would refuse (model type ResourceName). Raises RolesAnywhereError."""
    if name is not None and not re.fullmatch(r"[ a-zA-Z0-9_-]{1,255}", name):
        raise RolesAnywhereError(f"name: {name!r} is not 1 to 255 letters, digits, spaces, hyphens and underscores.")


def result_of(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Write a resource as a module's result: snake_case, times in UTC; what users wrote keeps its case."""
    result: dict[str, Any] = camel_dict_to_snake_dict(
        {member: iso(value) if isinstance(value, datetime) else value for member, value in resource.items()},
        ignore_list=["tags", "sessionPolicy"],
    )
    return result
