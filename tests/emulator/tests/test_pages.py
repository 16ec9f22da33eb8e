# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists come in pages, with boto3 and its paginators as the client; and subjects, which can only be listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer
from tests.emulator.state import Credential
from tests.emulator.tests.calls import UNKNOWN_ID, refusal
from tests.emulator.tests.pki import NOW, bundle, make_authority, make_crl, pem_of


def _names(profiles: list[dict[str, Any]]) -> set[str]:
    return {profile["name"] for profile in profiles}


@pytest.fixture
def seven_profiles(rolesanywhere: Any) -> set[str]:
    names = {f"profile-{number}" for number in range(7)}
    for name in names:
        rolesanywhere.create_profile(name=name, roleArns=[])
    return names


def test_page_size(rolesanywhere: Any, seven_profiles: set[str]) -> None:
    sizes, names, token = [], set(), {}
    while True:
        page = rolesanywhere.list_profiles(pageSize=3, **token)
        sizes.append(len(page["profiles"]))
        names |= _names(page["profiles"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert sizes == [3, 3, 1]
    assert names == seven_profiles


def test_last_page_is_full(rolesanywhere: Any, seven_profiles: set[str]) -> None:
    assert "nextToken" not in rolesanywhere.list_profiles(pageSize=7)


def test_fifty_by_default(rolesanywhere: Any) -> None:
    for number in range(51):
        rolesanywhere.create_profile(name=f"profile-{number}", roleArns=[])
    assert len(rolesanywhere.list_profiles()["profiles"]) == 50
    pages = rolesanywhere.get_paginator("list_profiles").paginate().build_full_result()
    assert len(_names(pages["profiles"])) == 51


def test_deleting_between_two_pages(rolesanywhere: Any, seven_profiles: set[str]) -> None:
    first = rolesanywhere.list_profiles(pageSize=3)
    for profile in first["profiles"]:
        rolesanywhere.delete_profile(profileId=profile["profileId"])
    second = rolesanywhere.list_profiles(nextToken=first["nextToken"])
    assert _names(first["profiles"]) | _names(second["profiles"]) == seven_profiles


@pytest.mark.parametrize("size", [0, -1, 101])
def test_refused_page_sizes(rolesanywhere: Any, size: int) -> None:
    assert refusal(rolesanywhere.list_profiles, pageSize=size)[:2] == (400, "ValidationException")


def test_tokens_belong_to_one_list(rolesanywhere: Any, seven_profiles: set[str]) -> None:
    token = rolesanywhere.list_profiles(pageSize=3)["nextToken"]
    for value in (token, "x", "%%%"):
        expected = (400, "ValidationException", "Invalid nextToken")
        assert refusal(rolesanywhere.list_crls, nextToken=value) == expected


def test_all_four_lists(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    authority = make_authority()
    for _ in range(2):
        anchor = rolesanywhere.create_trust_anchor(name="fleet", source=bundle(authority))["trustAnchor"]
        rolesanywhere.create_profile(name="web", roleArns=[])
        values = {"name": "fleet", "crlData": pem_of(make_crl(authority))}
        rolesanywhere.import_crl(trustAnchorArn=anchor["trustAnchorArn"], **values)
    store = emulator.state.store("123456789012", REGION)
    for name in ("CN=host1", "CN=host2"):
        store.subject(name, NOW)
    for operation, key in [
        ("list_trust_anchors", "trustAnchors"),
        ("list_profiles", "profiles"),
        ("list_crls", "crls"),
        ("list_subjects", "subjects"),
    ]:
        page = getattr(rolesanywhere, operation)(pageSize=1)
        assert len(page[key]) == 1
        assert len(getattr(rolesanywhere, operation)(nextToken=page["nextToken"])[key]) == 1


def test_subject(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    subject = emulator.state.store("123456789012", REGION).subject("CN=host1", NOW)
    subject.last_seen_at = NOW + timedelta(minutes=1)
    properties = {"seenAt": NOW, "properties": {"rack": "7"}, "failed": False}
    subject.instance_properties.append(properties)
    subject.credentials.append(Credential(NOW, "01ab", "CN=Issuing CA", "PEM", failed=True))
    summary = rolesanywhere.list_subjects()["subjects"][0]
    assert summary == {
        "subjectArn": subject.arn,
        "subjectId": subject.subject_id,
        "enabled": True,
        "x509Subject": "CN=host1",
        "lastSeenAt": NOW + timedelta(minutes=1),
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    detail = rolesanywhere.get_subject(subjectId=subject.subject_id)["subject"]
    assert detail == {
        **summary,
        "credentials": [
            {
                "seenAt": NOW,
                "serialNumber": "01ab",
                "issuer": "CN=Issuing CA",
                "enabled": True,
                "x509CertificateData": "PEM",
                "failed": True,
            }
        ],
        "instanceProperties": [properties],
    }
    assert refusal(rolesanywhere.get_subject, subjectId=UNKNOWN_ID)[:2] == (404, "ResourceNotFoundException")
