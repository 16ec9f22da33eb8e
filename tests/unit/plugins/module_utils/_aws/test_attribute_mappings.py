# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attribute mappings: which specifiers there are, and the calls from one set to another."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.attribute_mappings import (
    SUB_RESOURCE,
    as_list,
    by_field,
    checked,
    removed,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

DELETE, PUT = "DeleteAttributeMapping", "PutAttributeMapping"


def rules(*specifiers: str) -> list[dict[str, str]]:
    return [{"specifier": specifier} for specifier in specifiers]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"x509Subject": None, "x509Issuer": None, "x509SAN": None}, {}),
        ({"x509Subject": []}, {"x509Subject": []}),
        ({"x509Subject": ["OU", "CN", "OU"]}, {"x509Subject": ["CN", "OU"]}),
        ({"x509Issuer": ["*", "2.5.4.97"]}, {"x509Issuer": ["*", "2.5.4.97"]}),
        ({"x509SAN": ["URI", "DNS", "Name/CN"]}, {"x509SAN": ["DNS", "Name/CN", "URI"]}),
        ({"x509SAN": ["Name", "Name/", "Name/*"]}, {"x509SAN": ["Name/*"]}),
        ({"x509SAN": ["Name/2.5.4.97"]}, {"x509SAN": ["Name/2.5.4.97"]}),
        (
            {"x509Subject": ["SERIALNUMBER", "1.2.840.113549.1.9.1"]},
            {"x509Subject": ["1.2.840.113549.1.9.1", "SERIALNUMBER"]},
        ),
        ({"x509Issuer": ["2." + "5" * 58]}, {"x509Issuer": ["2." + "5" * 58]}),
    ],
)
def test_specifiers_are_written_as_the_service_keeps_them(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert checked(given) == expected


@pytest.mark.parametrize(
    ("field", "specifier"),
    [
        ("x509SAN", "*"),
        ("x509SAN", "DNS/*"),
        ("x509SAN", "URI/*"),
        ("x509SAN", "CN"),
        ("x509SAN", "Name/Name/CN"),
        ("x509SAN", "IP"),
        ("x509Subject", ""),
        ("x509Subject", "CN\n"),
        ("x509Subject", "2." + "5" * 59),
        ("x509Subject", "cn"),
        ("x509Subject", "Organization"),
        ("x509Issuer", "commonName"),
        ("x509SAN", "Name/Organization"),
        ("x509SAN", "Name/cn"),
        ("x509SAN", "email"),
        ("x509Subject", "CN*"),
        ("x509Subject", "2."),
        ("x509Subject", "1"),
        ("x509Issuer", "Name/CN"),
        ("x509Issuer", "\u00c9"),
    ],
)
def test_specifiers_that_are_refused(field: str, specifier: str) -> None:
    with pytest.raises(RolesAnywhereError) as caught:
        checked({field: ["DNS" if field == "x509SAN" else "CN", specifier]})
    assert str(caught.value).startswith(f"attribute_mappings: {specifier!r} is no specifier of {field}; write ")


@pytest.mark.parametrize(
    ("current", "wanted", "calls"),
    [
        ({"x509SAN": ["URI", "DNS"]}, {"x509SAN": ["DNS", "URI"]}, []),
        ({"x509SAN": ["DNS"]}, {}, []),
        (None, {"x509SAN": []}, []),
        ({}, {"x509SAN": []}, []),
        ({"x509Subject": ["*"]}, {"x509SAN": []}, []),
        (None, {"x509SAN": ["DNS"]}, [(PUT, {"certificateField": "x509SAN", "mappingRules": rules("DNS")})]),
        (
            {"x509SAN": ["DNS"], "x509Subject": ["*"]},
            {"x509SAN": ["DNS", "URI"]},
            [(PUT, {"certificateField": "x509SAN", "mappingRules": rules("DNS", "URI")})],
        ),
        (
            {"x509SAN": ["DNS", "URI", "Name/*"]},
            {"x509SAN": ["DNS", "Name/CN"]},
            [
                (DELETE, {"certificateField": "x509SAN", "specifiers": ["Name/*", "URI"]}),
                (PUT, {"certificateField": "x509SAN", "mappingRules": rules("DNS", "Name/CN")}),
            ],
        ),
        ({"x509Issuer": ["*"]}, {"x509Issuer": []}, [(DELETE, {"certificateField": "x509Issuer"})]),
        (
            {"x509Issuer": ["*"], "x509Subject": ["*"]},
            {"x509Subject": ["CN"], "x509Issuer": []},
            [
                (DELETE, {"certificateField": "x509Subject", "specifiers": ["*"]}),
                (PUT, {"certificateField": "x509Subject", "mappingRules": rules("CN")}),
                (DELETE, {"certificateField": "x509Issuer"}),
            ],
        ),
    ],
)
def test_only_fields_that_differ_are_called_for_and_what_is_unwanted_goes_first(
    current: dict[str, list[str]] | None, wanted: dict[str, list[str]], calls: list[Any]
) -> None:
    shown = None if current is None else as_list(current)
    assert SUB_RESOURCE.calls(shown, wanted) == calls
    after = SUB_RESOURCE.after(shown, wanted)
    assert by_field(after) == {
        field: sorted(specifiers) for field, specifiers in {**(current or {}), **wanted}.items() if specifiers
    }
    assert SUB_RESOURCE.calls(after, wanted) == []


def test_mappings_are_written_in_one_order_and_read_back() -> None:
    fields = {"x509Subject": ["OU", "CN"], "x509Issuer": [], "x509SAN": ["DNS"]}
    assert as_list(fields) == [
        {"certificateField": "x509SAN", "mappingRules": rules("DNS")},
        {"certificateField": "x509Subject", "mappingRules": rules("CN", "OU")},
    ]
    assert by_field(as_list(fields)) == {"x509SAN": ["DNS"], "x509Subject": ["CN", "OU"]}
    assert by_field(None) == {}
    assert by_field([{"certificateField": "x509SAN"}]) == {"x509SAN": []}


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        ({"x509SAN": ["DNS"]}, {"x509SAN": []}, ["x509SAN"]),
        ({"x509SAN": ["DNS"]}, {"x509SAN": ["URI"]}, []),
        ({"x509SAN": ["DNS"]}, {"x509Subject": []}, []),
        ({}, {"x509SAN": []}, []),
    ],
)
def test_fields_that_are_taken_away(current: Any, wanted: Any, expected: list[str]) -> None:
    assert removed(as_list(current), wanted) == expected
    assert removed(None, wanted) == []
