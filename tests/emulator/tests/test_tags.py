# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of all kinds of resource, with boto3 as the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import UNKNOWN_ID, refusal, status
from tests.emulator.tests.pki import NOW, bundle, make_authority, make_crl, pem_of

AUTHORITY = make_authority()
INITIAL = [{"key": "team", "value": "web"}]


def _anchor(rolesanywhere: Any, _: EmulatorServer) -> str:
    response = rolesanywhere.create_trust_anchor(name="fleet", source=bundle(AUTHORITY), tags=INITIAL)
    return response["trustAnchor"]["trustAnchorArn"]


def _profile(rolesanywhere: Any, _: EmulatorServer) -> str:
    return rolesanywhere.create_profile(name="web", roleArns=[], tags=INITIAL)["profile"]["profileArn"]


def _crl(rolesanywhere: Any, emulator: EmulatorServer) -> str:
    values = {"name": "fleet", "crlData": pem_of(make_crl(AUTHORITY)), "tags": INITIAL}
    return rolesanywhere.import_crl(trustAnchorArn=_anchor(rolesanywhere, emulator), **values)["crl"]["crlArn"]


def _subject(rolesanywhere: Any, emulator: EmulatorServer) -> str:
    subject = emulator.state.store("123456789012", REGION).subject("CN=host1", NOW)
    rolesanywhere.tag_resource(resourceArn=subject.arn, tags=INITIAL)
    return subject.arn


@pytest.mark.parametrize("make", [_anchor, _profile, _crl, _subject])
def test_tag_and_untag(
    rolesanywhere: Any, emulator: EmulatorServer, make: Callable[[Any, EmulatorServer], str]
) -> None:
    arn = make(rolesanywhere, emulator)
    added = [{"key": "team", "value": "database"}, {"key": "stage", "value": ""}]
    response = rolesanywhere.tag_resource(resourceArn=arn, tags=added)
    assert status(response) == 201
    assert rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"] == added
    response = rolesanywhere.untag_resource(resourceArn=arn, tagKeys=["team", "never there"])
    assert status(response) == 200
    assert rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"] == added[1:]


def test_tags_are_not_in_the_objects(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    _anchor(rolesanywhere, emulator)
    assert "tags" not in rolesanywhere.list_trust_anchors()["trustAnchors"][0]


def _tags(first: int, last: int) -> list[dict[str, str]]:
    return [{"key": f"key{number}", "value": "x"} for number in range(first, last + 1)]


def test_fifty_tags(rolesanywhere: Any) -> None:
    arn = rolesanywhere.create_profile(name="web", roleArns=[], tags=_tags(1, 49))["profile"]["profileArn"]
    values = {"resourceArn": arn, "tags": _tags(50, 51)}
    assert refusal(rolesanywhere.tag_resource, **values)[:2] == (400, "TooManyTagsException")
    assert len(rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"]) == 49
    rolesanywhere.tag_resource(resourceArn=arn, tags=_tags(49, 50))
    assert len(rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"]) == 50


def test_too_many_tags_at_create(rolesanywhere: Any) -> None:
    values = {"name": "web", "roleArns": [], "tags": _tags(1, 51)}
    assert refusal(rolesanywhere.create_profile, **values)[:2] == (400, "TooManyTagsException")
    assert rolesanywhere.list_profiles()["profiles"] == []


@pytest.mark.parametrize(
    ("operation", "values"),
    [("tag_resource", {"tags": []}), ("untag_resource", {"tagKeys": []}), ("list_tags_for_resource", {})],
)
def test_unknown_resource(rolesanywhere: Any, operation: str, values: dict[str, Any]) -> None:
    arn = f"arn:aws:rolesanywhere:{REGION}:123456789012:profile/{UNKNOWN_ID}"
    expected = (404, "ResourceNotFoundException", f"Resource not found: {arn}")
    assert refusal(getattr(rolesanywhere, operation), resourceArn=arn, **values) == expected
