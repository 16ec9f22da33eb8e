# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attribute mappings of a profile: which fields of a certificate become tags of the session.

Pure; private to the collection.
Rules: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import certificate_attributes
from .errors import RolesAnywhereError
from .resources import Call, SubResource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    ByField = Mapping[str, Sequence[str]]

FIELDS = tuple(certificate_attributes.FIELDS)

MAXIMUM_LENGTH = 60  # characters of a specifier: model type of MappingRule.specifier

_NAME = rf"(?:\*|{certificate_attributes.PATTERN})"
_NAME_ADVICE = f"{certificate_attributes.ADVICE}, or * for all"
_SPECIFIERS = {
    "x509Subject": (re.compile(_NAME), _NAME_ADVICE),
    "x509Issuer": (re.compile(_NAME), _NAME_ADVICE),
    "x509SAN": (
        re.compile(rf"DNS|URI|Name/{_NAME}"),
        f"write DNS, URI, or Name/ and an attribute of these: {', '.join(certificate_attributes.NAMES)}",
    ),
}


def checked(option: Mapping[str, Sequence[str] | None]) -> dict[str, list[str]]:
    """Return the fields that the option attribute_mappings names, with their specifiers as the service keeps them.

    Raises RolesAnywhereError for a specifier that the service would refuse or leaves undefined, or that stands for an
    attribute which no certificate has.
    """
    return {
        field: sorted({_checked(field, specifier) for specifier in option[field] or ()})
        for field in FIELDS
        if option.get(field) is not None
    }


def by_field(mappings: Iterable[Mapping[str, Any]] | None) -> dict[str, list[str]]:
    """Return the specifiers of each field that the service maps; None stands for no mappings at all."""
    return {
        mapping["certificateField"]: [rule["specifier"] for rule in mapping.get("mappingRules", ())]
        for mapping in mappings or ()
    }


def as_list(fields: ByField) -> list[dict[str, Any]]:
    """Write mappings as the service shows them, in one order; a field without specifiers is not mapped."""
    return [
        {"certificateField": field, "mappingRules": [{"specifier": specifier} for specifier in sorted(specifiers)]}
        for field, specifiers in sorted(fields.items())
        if specifiers
    ]


def removed(current: Iterable[Mapping[str, Any]] | None, wanted: ByField) -> list[str]:
    """Return the fields that are mapped and are wanted not to be."""
    mapped = by_field(current)
    return [field for field, specifiers in wanted.items() if not specifiers and mapped.get(field)]


def _calls(current: Iterable[Mapping[str, Any]] | None, wanted: ByField) -> list[Call]:
    mapped = by_field(current)
    calls = []
    for field, specifiers in wanted.items():
        there = set(mapped.get(field, ()))
        if there == set(specifiers):
            continue
        if not specifiers:
            calls.append(Call("DeleteAttributeMapping", {"certificateField": field}))
            continue
        # Whether Put replaces a field's specifiers or adds to them is not documented: what is unwanted goes first.
        unwanted = sorted(there.difference(specifiers))
        if unwanted:
            calls.append(Call("DeleteAttributeMapping", {"certificateField": field, "specifiers": unwanted}))
        [mapping] = as_list({field: specifiers})
        calls.append(Call("PutAttributeMapping", mapping))
    return calls


def _after(current: Iterable[Mapping[str, Any]] | None, wanted: ByField) -> list[dict[str, Any]]:
    return as_list({**by_field(current), **wanted})


SUB_RESOURCE = SubResource(
    calls=_calls,
    after=_after,
    fresh=as_list({"x509Subject": ["*"], "x509Issuer": ["*"], "x509SAN": ["DNS", "URI", "Name/*"]}),
)


def _checked(field: str, specifier: str) -> str:
    normalised = "Name/*" if field == "x509SAN" and specifier in ("Name", "Name/") else specifier
    pattern, advice = _SPECIFIERS[field]
    if len(normalised) > MAXIMUM_LENGTH or not pattern.fullmatch(normalised):
        raise RolesAnywhereError(f"attribute_mappings: {specifier!r} is no specifier of {field}; {advice}.")
    return normalised
