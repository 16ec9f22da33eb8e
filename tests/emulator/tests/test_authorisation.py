# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may make control-plane calls: signatures, and permissions of users and sessions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator import sessions
from tests.emulator.assume_role import RoleRequest
from tests.emulator.authorisation import permissions_for
from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.state import Store
from tests.emulator.tests.calls import UNKNOWN_ID, refusal
from tests.emulator.tests.pki import bundle, make_authority

ACCOUNT = "123456789012"
HERE = f"arn:aws:rolesanywhere:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"
SERVICE_ROLE = "role/aws-service-role/rolesanywhere.amazonaws.com/AWSServiceRoleForRolesAnywhere"
TAGS = [{"key": "team", "value": "web"}]
AUTHORITY_ARN = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/{UNKNOWN_ID}"

PERMISSIONS = [
    ("ListProfiles", {}, [("rolesanywhere:ListProfiles", "*")]),
    ("GetCrl", {"crlId": "x"}, [("rolesanywhere:GetCrl", f"{HERE}:crl/x")]),
    ("EnableProfile", {"profileId": "x"}, [("rolesanywhere:EnableProfile", f"{HERE}:profile/x")]),
    ("GetSubject", {"subjectId": "x"}, [("rolesanywhere:GetSubject", f"{HERE}:subject/x")]),
    (
        "PutNotificationSettings",
        {"trustAnchorId": "x"},
        [("rolesanywhere:PutNotificationSettings", f"{HERE}:trust-anchor/x")],
    ),
    (
        "DeleteAttributeMapping",
        {"profileId": "x"},
        [("rolesanywhere:DeleteAttributeMapping", f"{HERE}:profile/x")],
    ),
    ("ImportCrl", {"name": "x"}, [("rolesanywhere:ImportCrl", f"{HERE}:crl/*")]),
    (
        "TagResource",
        {"resourceArn": f"{HERE}:crl/x", "tags": TAGS},
        [("rolesanywhere:TagResource", f"{HERE}:crl/x")],
    ),
    (
        "CreateProfile",
        {"roleArns": [ROLE, f"{ROLE}2"], "tags": TAGS},
        [
            ("rolesanywhere:CreateProfile", f"{HERE}:profile/*"),
            ("rolesanywhere:TagResource", f"{HERE}:profile/*"),
            ("iam:PassRole", ROLE),
            ("iam:PassRole", f"{ROLE}2"),
        ],
    ),
    (
        "CreateTrustAnchor",
        {"source": {"sourceData": {"acmPcaArn": AUTHORITY_ARN}}},
        [
            ("rolesanywhere:CreateTrustAnchor", f"{HERE}:trust-anchor/*"),
            ("acm-pca:GetCertificateAuthorityCertificate", AUTHORITY_ARN),
            ("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:{SERVICE_ROLE}"),
        ],
    ),
]


@pytest.mark.parametrize(("operation", "values", "needed"), PERMISSIONS)
def test_permissions(operation: str, values: dict[str, Any], needed: list[tuple[str, str]]) -> None:
    permissions = permissions_for(operation, values, Store(ACCOUNT, REGION))
    assert [(permission.action, permission.resource) for permission in permissions] == needed


# Signatures


@pytest.mark.parametrize(
    ("access_key", "secret", "token", "code"),
    [
        ("test", "wrong", None, "InvalidSignatureException"),
        ("test", "test", "some-token", "UnrecognizedClientException"),
        ("AKIAIOSFODNN7EXAMPLE", "test", None, "UnrecognizedClientException"),
    ],
)
def test_wrong_keys(emulator: EmulatorServer, access_key: str, secret: str, token: str | None, code: str) -> None:
    stranger = client(emulator, "rolesanywhere", access_key=access_key, secret=secret, session_token=token)
    assert refusal(stranger.list_profiles)[:2] == (403, code)


@pytest.mark.parametrize(("offset", "accepted"), [(290, True), (-290, True), (310, False), (-310, False)])
def test_clock_window(rolesanywhere: Any, emulator: EmulatorServer, offset: float, accepted: bool) -> None:
    emulator.switches.clock_offset = offset
    if accepted:
        rolesanywhere.list_profiles()
    else:
        assert refusal(rolesanywhere.list_profiles)[:2] == (403, "InvalidSignatureException")


def _change_date(request: Any) -> None:
    del request.headers["X-Amz-Date"]
    request.headers["X-Amz-Date"] = "20200101T000000Z"


def _change_query(request: Any) -> None:
    request.url = request.url.replace("pageSize=1", "pageSize=2")


@pytest.mark.parametrize("change", [_change_date, _change_query])
def test_changed_requests(rolesanywhere: Any, change: Any) -> None:
    rolesanywhere.meta.events.register("before-send.rolesanywhere", lambda request, **_: change(request))
    assert refusal(rolesanywhere.list_profiles, pageSize=1)[:2] == (403, "InvalidSignatureException")


# Permissions


def _user(emulator: EmulatorServer, *statements: dict[str, Any]) -> Any:
    """Make a user with these statements as its policy, and a client with its key."""
    iam = client(emulator, "iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(UserName="operator", PolicyName="policy", PolicyDocument=_document(*statements))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return client(emulator, "rolesanywhere", access_key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


EVERYTHING = _allow("rolesanywhere:*")
SERVICE_LINKED_ROLE = _allow("iam:CreateServiceLinkedRole")


def _denied(action: str, resource: str, why: str | None = None) -> tuple[int, str, str]:
    why = why or f"because no identity-based policy allows the {action} action"
    sentence = (
        f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: {action} on resource: {resource}"
    )
    return 403, "AccessDeniedException", f"{sentence} {why}"


ANCHOR = {"name": "fleet", "source": bundle(make_authority())}


def test_user_without_permission(emulator: EmulatorServer) -> None:
    user = _user(emulator, _allow("s3:*"))
    expected = _denied("rolesanywhere:CreateTrustAnchor", f"{HERE}:trust-anchor/*")
    assert refusal(user.create_trust_anchor, **ANCHOR) == expected


def test_user_with_permission(emulator: EmulatorServer) -> None:
    user = _user(emulator, EVERYTHING, SERVICE_LINKED_ROLE, _allow("iam:PassRole", ROLE))
    user.create_trust_anchor(**ANCHOR, tags=TAGS)
    profile = user.create_profile(name="web", roleArns=[ROLE])["profile"]
    assert profile["createdBy"] == f"arn:aws:iam::{ACCOUNT}:user/operator"


def test_explicit_deny(emulator: EmulatorServer) -> None:
    user = _user(emulator, EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Action": "rolesanywhere:ListCrls"})
    why = "with an explicit deny in an identity-based policy"
    assert refusal(user.list_crls) == _denied("rolesanywhere:ListCrls", "*", why)


def test_list_needs_every_resource(emulator: EmulatorServer) -> None:
    user = _user(emulator, _allow("rolesanywhere:*", f"{HERE}:profile/*"))
    assert refusal(user.list_profiles) == _denied("rolesanywhere:ListProfiles", "*")


def test_first_anchor_needs_the_service_linked_role(emulator: EmulatorServer, rolesanywhere: Any) -> None:
    user = _user(emulator, EVERYTHING)
    expected = _denied("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:{SERVICE_ROLE}")
    assert refusal(user.create_trust_anchor, **ANCHOR) == expected
    rolesanywhere.create_trust_anchor(**ANCHOR)
    user.create_trust_anchor(**ANCHOR)


def test_tags_at_create_need_tag_resource(emulator: EmulatorServer) -> None:
    user = _user(emulator, _allow("rolesanywhere:CreateProfile"))
    expected = _denied("rolesanywhere:TagResource", f"{HERE}:profile/*")
    assert refusal(user.create_profile, name="web", roleArns=[], tags=TAGS) == expected
    user.create_profile(name="web", roleArns=[])


@pytest.mark.parametrize("service", ["rolesanywhere.amazonaws.com", "ec2.amazonaws.com"])
def test_pass_role(emulator: EmulatorServer, rolesanywhere: Any, service: str) -> None:
    user = _user(emulator, EVERYTHING, _allow("iam:PassRole", ROLE, StringEquals={"iam:PassedToService": service}))
    if service.startswith("ec2"):
        assert refusal(user.create_profile, name="web", roleArns=[ROLE]) == _denied("iam:PassRole", ROLE)
    else:
        user.create_profile(name="web", roleArns=[ROLE])
        assert refusal(user.create_profile, name="web", roleArns=[ROLE, f"{ROLE}2"]) == _denied(
            "iam:PassRole", f"{ROLE}2"
        )


def test_update_passes_the_roles_that_stay(emulator: EmulatorServer, rolesanywhere: Any) -> None:
    profile = rolesanywhere.create_profile(name="web", roleArns=[ROLE])["profile"]
    user = _user(emulator, EVERYTHING)
    expected = _denied("iam:PassRole", ROLE)
    assert refusal(user.update_profile, profileId=profile["profileId"], name="renamed") == expected


def test_tag_conditions(emulator: EmulatorServer, rolesanywhere: Any) -> None:
    web, database = (
        rolesanywhere.create_profile(name=team, roleArns=[], tags=[{"key": "team", "value": team}])["profile"]
        for team in ("web", "database")
    )
    user = _user(
        emulator,
        _allow("rolesanywhere:DeleteProfile", StringEquals={"aws:ResourceTag/team": "web"}),
        _allow("rolesanywhere:TagResource", StringEquals={"aws:RequestTag/team": "web"}),
    )
    expected = _denied("rolesanywhere:DeleteProfile", database["profileArn"])
    assert refusal(user.delete_profile, profileId=database["profileId"]) == expected
    values = {"resourceArn": web["profileArn"], "tags": [{"key": "team", "value": "database"}]}
    assert refusal(user.tag_resource, **values) == _denied("rolesanywhere:TagResource", web["profileArn"])
    user.tag_resource(resourceArn=web["profileArn"], tags=TAGS)
    user.delete_profile(profileId=web["profileId"])


def _session(emulator: EmulatorServer, session_policy: dict[str, Any]) -> Any:
    """Make a role that may do everything here, and a client with a session of it as CreateSession makes them."""
    iam = client(emulator, "iam")
    arn = iam.create_role(RoleName="operator", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="operator", PolicyName="policy", PolicyDocument=_document(EVERYTHING))
    wanted = RoleRequest(arn, "01ab", duration_seconds=900, session_policy=_document(session_policy))
    session = sessions.vend(ACCOUNT, "aws", REGION, wanted, emulator.switches.now())
    return client(
        emulator,
        "rolesanywhere",
        access_key=session.access_key_id,
        secret=session.secret_access_key,
        session_token=session.session_token,
    )


def test_session_policies_count(emulator: EmulatorServer) -> None:
    session = _session(emulator, _allow("rolesanywhere:ListProfiles"))
    session.list_profiles()
    sentence = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/operator/01ab is not authorized to perform: "
        "rolesanywhere:ListCrls on resource: * because no session policy allows the rolesanywhere:ListCrls action"
    )
    assert refusal(session.list_crls) == (403, "AccessDeniedException", sentence)


def test_sessions_expire(emulator: EmulatorServer) -> None:
    session = _session(emulator, EVERYTHING)
    emulator.switches.set({"clock_offset": 901.0, "clock_window": 3600.0})
    assert refusal(session.list_profiles)[:2] == (403, "ExpiredTokenException")
