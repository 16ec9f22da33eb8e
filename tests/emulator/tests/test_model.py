# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model that the control plane is driven from: the reference's thirty operations and no more."""

from __future__ import annotations

import pytest

from tests.emulator.control_plane import OPERATIONS
from tests.emulator.model import find_operation, service_model

UUID = "7f3c0f5e-5f41-4c2a-9f0e-0b6d0a4f2c11"

# Method, path and operation as the engineering reference has them (§1.1), typed from there.
PATHS = [
    ("POST", "/trustanchors", "CreateTrustAnchor"),
    ("GET", f"/trustanchor/{UUID}", "GetTrustAnchor"),
    ("GET", "/trustanchors", "ListTrustAnchors"),
    ("PATCH", f"/trustanchor/{UUID}", "UpdateTrustAnchor"),
    ("DELETE", f"/trustanchor/{UUID}", "DeleteTrustAnchor"),
    ("POST", f"/trustanchor/{UUID}/enable", "EnableTrustAnchor"),
    ("POST", f"/trustanchor/{UUID}/disable", "DisableTrustAnchor"),
    ("POST", "/profiles", "CreateProfile"),
    ("GET", f"/profile/{UUID}", "GetProfile"),
    ("GET", "/profiles", "ListProfiles"),
    ("PATCH", f"/profile/{UUID}", "UpdateProfile"),
    ("DELETE", f"/profile/{UUID}", "DeleteProfile"),
    ("POST", f"/profile/{UUID}/enable", "EnableProfile"),
    ("POST", f"/profile/{UUID}/disable", "DisableProfile"),
    ("PUT", f"/profiles/{UUID}/mappings", "PutAttributeMapping"),
    ("DELETE", f"/profiles/{UUID}/mappings", "DeleteAttributeMapping"),
    ("POST", "/crls", "ImportCrl"),
    ("GET", f"/crl/{UUID}", "GetCrl"),
    ("GET", "/crls", "ListCrls"),
    ("PATCH", f"/crl/{UUID}", "UpdateCrl"),
    ("DELETE", f"/crl/{UUID}", "DeleteCrl"),
    ("POST", f"/crl/{UUID}/enable", "EnableCrl"),
    ("POST", f"/crl/{UUID}/disable", "DisableCrl"),
    ("GET", f"/subject/{UUID}", "GetSubject"),
    ("GET", "/subjects", "ListSubjects"),
    ("PATCH", "/put-notifications-settings", "PutNotificationSettings"),
    ("PATCH", "/reset-notifications-settings", "ResetNotificationSettings"),
    ("POST", "/TagResource", "TagResource"),
    ("POST", "/UntagResource", "UntagResource"),
    ("GET", "/ListTagsForResource", "ListTagsForResource"),
]
CREATED = {"CreateTrustAnchor", "CreateProfile", "ImportCrl", "TagResource"}

NO_OPERATION = [
    ("GET", f"/profiles/{UUID}"),
    ("PUT", f"/profile/{UUID}/mappings"),
    ("GET", "/trustanchor"),
    ("PUT", "/put-notification-settings"),
    ("DELETE", "/UntagResource"),
    ("GET", "/tagresource"),
    ("GET", "/profiles/"),
    ("GET", "/"),
]


@pytest.mark.parametrize(("method", "path", "name"), PATHS)
def test_every_operation_is_found_by_its_path(method: str, path: str, name: str) -> None:
    operation, _ = find_operation(method, path)
    assert operation.name == name
    assert operation.http["responseCode"] == (201 if name in CREATED else 200)
    assert name in OPERATIONS


def test_there_are_no_other_operations() -> None:
    assert {name for _, _, name in PATHS} == set(OPERATIONS) == set(service_model().operation_names)


@pytest.mark.parametrize(("method", "path"), NO_OPERATION)
def test_other_paths_have_no_operation(method: str, path: str) -> None:
    assert find_operation(method, path) is None


def test_labels_are_decoded_one_by_one() -> None:
    assert find_operation("GET", "/profile/a%2Fb%20c")[1] == {"profileId": "a/b c"}


# What newer botocore releases have and the reference does not know.
@pytest.mark.parametrize(
    ("shape", "constraints"),
    [
        ("TrustAnchorIdentifier", {"min": 36, "max": 36}),
        ("ProfileIdentifier", {"min": 36, "max": 36}),
        ("CrlIdentifier", {"min": 36, "max": 36}),
        ("SourceDataX509CertificateDataString", {"min": 1, "max": 16000}),
    ],
)
def test_constraints_are_those_of_the_reference(shape: str, constraints: dict[str, int]) -> None:
    metadata = service_model().shape_for(shape).metadata
    assert constraints.items() <= metadata.items()


@pytest.mark.parametrize("shape", ["CreateTrustAnchorRequest", "UpdateProfileRequest", "ImportCrlRequest", "CrlDetail"])
def test_members_unknown_to_the_reference_are_gone(shape: str) -> None:
    assert not {"aliasName", "crlDpRevocationEnabled", "aliasArn"} & set(service_model().shape_for(shape).members)
