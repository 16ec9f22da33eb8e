# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking costs one call a page, and one for the tags of each that was asked for."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import crls, info, profiles, trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources

UUIDS = [f"{number}e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f" for number in range(3)]
PREFIX = "arn:aws:rolesanywhere:eu-central-1:123456789012:"
POLICY = '{"Statement":[{"Effect":"Allow"}]}'
ANCHORS = [f"{PREFIX}trust-anchor/{uuid}" for uuid in UUIDS]


def profile(number: int, name: str = "web", **others: Any) -> dict[str, Any]:
    return {"profileId": UUIDS[number], "profileArn": f"{PREFIX}profile/{UUIDS[number]}", "name": name, **others}


def crl(number: int, anchor_arn: str, data: bytes) -> dict[str, Any]:
    return {
        "crlId": UUIDS[number],
        "crlArn": f"{PREFIX}crl/{UUIDS[number]}",
        "name": "fleet",
        "trustAnchorArn": anchor_arn,
        "crlData": data,
    }


def anchor(pem: str) -> dict[str, Any]:
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
    return {"trustAnchorId": UUIDS[0], "trustAnchorArn": ANCHORS[0], "name": "fleet", "source": source}


def look(conversation: Any, **given: Any) -> list[dict[str, Any]]:
    options = {"name": None, "id": None, "include_tags": False, **given}
    return info.look(Resources(conversation, profiles.KIND), options)


def look_at_crls(conversation: Any, **given: Any) -> list[dict[str, Any]]:
    options = {"name": None, "id": None, "include_tags": False, "trust_anchor_arn": None, **given}
    return crls.look(Resources(conversation, crls.KIND), options)


def tags_are(conversation: Any, number: int, **tags: str) -> None:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    conversation.expect("list_tags_for_resource", {"resourceArn": f"{PREFIX}profile/{UUIDS[number]}"}, {"tags": listed})


def test_all_pages_are_looked_at_and_nothing_else(conversation: Any) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile(0)], "nextToken": "2"})
    conversation.expect("list_profiles", {"nextToken": "2"}, {"profiles": [profile(1, "db")]})
    assert [seen["profile_id"] for seen in look(conversation)] == UUIDS[:2]


def test_resources_are_described_as_by_the_main_module(conversation: Any) -> None:
    created = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
    conversation.expect("list_profiles", {}, {"profiles": [profile(0, sessionPolicy=POLICY, createdAt=created)]})
    assert look(conversation) == [
        {
            "profile_id": UUIDS[0],
            "profile_arn": f"{PREFIX}profile/{UUIDS[0]}",
            "name": "web",
            "session_policy": {"Statement": [{"Effect": "Allow"}]},
            "created_at": "2026-11-20T10:00:00Z",
        }
    ]


def test_tags_are_read_of_those_that_were_asked_for(conversation: Any) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile(0), profile(1, "db"), profile(2)]})
    tags_are(conversation, 0, Team="Web")
    tags_are(conversation, 2)
    assert [seen["tags"] for seen in look(conversation, name="web", include_tags=True)] == [{"Team": "Web"}, {}]


def test_what_was_deleted_meanwhile_is_left_out(conversation: Any) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile(0), profile(1)]})
    conversation.refuse("list_tags_for_resource", "ResourceNotFoundException")
    tags_are(conversation, 1)
    assert [seen["profile_id"] for seen in look(conversation, include_tags=True)] == [UUIDS[1]]


def test_denied_tags_are_not_taken_for_none(conversation: Any) -> None:
    conversation.expect("list_profiles", {}, {"profiles": [profile(0)]})
    conversation.refuse("list_tags_for_resource", "AccessDeniedException")
    with pytest.raises(RolesAnywhereError, match="the caller needs rolesanywhere:ListTagsForResource"):
        look(conversation, include_tags=True)


@pytest.mark.parametrize("identifier", [UUIDS[0], f"{PREFIX}profile/{UUIDS[0]}"])
def test_an_id_is_one_call(conversation: Any, identifier: str) -> None:
    conversation.expect("get_profile", {"profileId": UUIDS[0]}, {"profile": profile(0)})
    assert [seen["name"] for seen in look(conversation, id=identifier)] == ["web"]


def test_what_is_unknown_is_an_empty_list(conversation: Any) -> None:
    conversation.refuse("get_profile", "ResourceNotFoundException")
    assert look(conversation, id=UUIDS[0]) == []
    conversation.expect("list_profiles", {}, {"profiles": [profile(0)]})
    assert look(conversation, name="nobody") == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "web/1"}, "name: 'web/1' is not 1 to 255 letters"),
        ({"id": "web"}, "id: 'web' is neither the UUID nor the ARN of a profile"),
        ({"id": f"{PREFIX}crl/{UUIDS[0]}"}, "is neither the UUID nor the ARN of a profile"),
        ({"id": f"{PREFIX}profile/{UUIDS[0]}".replace("eu-central-1", "us-east-1")}, "is in the region us-east-1"),
    ],
)
def test_what_cannot_be_a_name_or_id_is_refused_before_any_call(
    conversation: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        look(conversation, **given)


def test_crls_of_one_anchor_with_what_they_revoke(conversation: Any, issuing: Any) -> None:
    both = [crl(0, ANCHORS[0], issuing.crl(1)), crl(1, ANCHORS[1], issuing.crl(7, (0x5A01, 0x80)))]
    conversation.expect("list_crls", {}, {"crls": both})
    [seen] = look_at_crls(conversation, trust_anchor_arn=ANCHORS[1])
    assert seen["crl_id"] == UUIDS[1]
    assert (seen["crl_number"], seen["entries"], seen["revoked_serials"]) == (7, 2, ["5a01", "0080"])
    assert seen["bytes"] == len(both[1]["crlData"])
    assert "crl_data" not in seen


def test_tags_are_not_read_of_another_anchors_crl(conversation: Any, issuing: Any) -> None:
    conversation.expect("list_crls", {}, {"crls": [crl(0, ANCHORS[0], issuing.crl(1))]})
    assert look_at_crls(conversation, trust_anchor_arn=ANCHORS[1], include_tags=True) == []


def test_a_crl_that_cannot_be_read_is_shown_without_what_it_holds(conversation: Any) -> None:
    conversation.expect("list_crls", {}, {"crls": [crl(0, ANCHORS[0], b"nonsense")]})
    [seen] = look_at_crls(conversation)
    assert set(seen) == {"crl_id", "crl_arn", "name", "trust_anchor_arn"}


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (f"{PREFIX}crl/{UUIDS[0]}", "trust_anchor_arn: .* is not the ARN of a trust anchor"),
        (ANCHORS[0].replace("eu-central-1", "us-east-1"), "trust_anchor_arn: .* is in the region us-east-1"),
    ],
)
def test_crls_of_what_is_no_anchor_here_are_refused_before_any_call(conversation: Any, arn: str, message: str) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        look_at_crls(conversation, trust_anchor_arn=arn)


def test_certificates_of_an_anchor(issuing: Any, next_issuing: Any) -> None:
    facts = trust_anchors.facts_of(anchor(issuing.pem + next_issuing.pem))
    assert [certificate["subject"] for certificate in facts["certificates"]] == ["CN=Issuing", "CN=Issuing G2"]
    assert {certificate["issuer"] for certificate in facts["certificates"]} == {"CN=Root"}


def test_an_anchor_of_a_private_ca_holds_no_certificate() -> None:
    source = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": "arn:aws:acm-pca:eu-central-1:1:x"}}
    assert trust_anchors.facts_of({"source": source}) == {"certificates": []}


def test_certificates_that_cannot_be_read_are_left_out() -> None:
    assert trust_anchors.facts_of(anchor("nonsense")) == {}
