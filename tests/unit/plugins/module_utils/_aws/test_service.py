# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door for calls: all pages, retries, and a sentence for each refusal."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import RETRIES, NotFoundError, Service
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ROLE = {
    "Path": "/",
    "RoleName": "web",
    "RoleId": "AROAEXAMPLEEXAMPLE00",
    "Arn": "arn:aws:iam::123456789012:role/web",
    "CreateDate": datetime(2026, 11, 20, tzinfo=timezone.utc),
}


class Module:
    """The part of AnsibleAWSModule that a service needs."""

    def client(self, name: str, **options: Any) -> tuple[str, dict[str, Any]]:
        return name, options["config"].retries


def test_client_is_patient_enough_for_one_request_a_second() -> None:
    name, retries = Service.of(Module())._client
    assert name == "rolesanywhere"
    # botocore counts the first attempt when it is told max_attempts
    assert (retries["mode"], retries["max_attempts"]) == ("standard", 10)


def test_another_service_is_connected_to_in_the_same_way() -> None:
    name, retries = Service.of(Module()).beside("acm-pca")._client
    assert (name, retries["mode"], retries["max_attempts"]) == ("acm-pca", "standard", 10)


class ConnectingModule:
    """The same part, with a client of botocore's own making, which rewrites the retries that it is given."""

    def client(self, name: str, **options: Any) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(name, region_name="eu-central-1", **keys, **options)


def test_connecting_leaves_the_retries_as_they_are_for_the_next_service() -> None:
    Service.of(ConnectingModule()).beside("iam")
    assert RETRIES == {"mode": "standard", "max_attempts": 10}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "the caller needs acm-pca:DescribeCertificateAuthority. AWS's words: no"),
        ("ResourceNotFoundException", "AWS Private CA found nothing for DescribeCertificateAuthority: no"),
        ("InvalidArnException", "AWS Private CA refused DescribeCertificateAuthority with InvalidArnException: no"),
    ],
)
def test_a_refusal_of_another_service_names_it(conversation: Any, code: str, sentence: str) -> None:
    private_ca = conversation.beside("acm-pca")
    private_ca.refuse("describe_certificate_authority", code)
    with pytest.raises(RolesAnywhereError, match=sentence):
        private_ca.call("DescribeCertificateAuthority", CertificateAuthorityArn="arn:aws:acm-pca:x:1:y")


def test_region_and_partition_are_those_of_the_client(conversation: Any) -> None:
    assert (conversation.region, conversation.partition) == ("eu-central-1", "aws")


def test_all_pages(conversation: Any) -> None:
    profile = {"profileId": UUID, "name": "x"}
    conversation.expect("list_profiles", {}, {"profiles": [profile], "nextToken": "more"})
    conversation.expect("list_profiles", {"nextToken": "more"}, {"profiles": [], "nextToken": "last"})
    conversation.expect("list_profiles", {"nextToken": "last"}, {"profiles": [profile]})
    assert conversation.all_pages("ListProfiles", "profiles") == [profile, profile]


def test_nothing_is_listed(conversation: Any) -> None:
    conversation.expect("list_crls", {}, {})
    assert conversation.all_pages("ListCrls", "crls") == []


def test_a_page_that_is_refused_is_a_sentence(conversation: Any) -> None:
    conversation.expect("list_crls", {}, {"crls": [], "nextToken": "more"})
    conversation.refuse("list_crls", "AccessDeniedException")
    with pytest.raises(RolesAnywhereError, match="AWS denied ListCrls"):
        conversation.all_pages("ListCrls", "crls")


def test_pages_that_never_end_are_a_sentence(conversation: Any) -> None:
    for request in ({}, {"nextToken": "more"}):
        conversation.expect("list_crls", request, {"crls": [], "nextToken": "more"})
    with pytest.raises(RolesAnywhereError, match="could not be asked for ListCrls"):
        conversation.all_pages("ListCrls", "crls")


def test_a_full_trust_anchor_says_what_to_do_about_its_crls(conversation: Any) -> None:
    conversation.refuse("import_crl", "ValidationException", "Limit exceeded: at most 2 CRLs")
    request = {"name": "third", "crlData": b"x", "trustAnchorArn": "arn:aws:rolesanywhere:x:1:trust-anchor/y"}
    with pytest.raises(RolesAnywhereError) as caught:
        conversation.call("ImportCrl", **request)
    assert str(caught.value) == (
        "Roles Anywhere refused ImportCrl with ValidationException: Limit exceeded: at most 2 CRLs; update a CRL of "
        "the trust anchor by its name or id, or delete one that it needs no more."
    )
    conversation.refuse("import_crl", "ValidationException", "no CRL")
    with pytest.raises(RolesAnywhereError, match=r"with ValidationException: no CRL$"):
        conversation.call("ImportCrl", **request)


@pytest.mark.parametrize(
    ("operation", "method", "needed"),
    [
        ("ListTrustAnchors", "list_trust_anchors", "the caller needs rolesanywhere:ListTrustAnchors."),
        ("ListCrls", "list_crls", "the caller needs rolesanywhere:ListCrls."),
        ("ListProfiles", "list_profiles", "the caller needs rolesanywhere:ListProfiles."),
    ],
)
def test_denied_names_the_action(conversation: Any, operation: str, method: str, needed: str) -> None:
    conversation.refuse(method, "AccessDeniedException", "User is not authorized")
    with pytest.raises(RolesAnywhereError) as caught:
        conversation.call(operation)
    assert needed in str(caught.value)
    assert "User is not authorized" in str(caught.value)


@pytest.mark.parametrize(
    ("operation", "method", "request_"),
    [
        ("CreateProfile", "create_profile", {"name": "x", "roleArns": []}),
        ("UpdateProfile", "update_profile", {"profileId": UUID}),
    ],
)
def test_denied_profile_names_pass_role(
    conversation: Any, operation: str, method: str, request_: dict[str, Any]
) -> None:
    conversation.refuse(method, "AccessDeniedException")
    with pytest.raises(RolesAnywhereError, match=f"rolesanywhere:{operation} and iam:PassRole on each of the profile"):
        conversation.call(operation, **request_)


def test_unknown_identifier_can_be_told_apart(conversation: Any) -> None:
    conversation.refuse("get_profile", "ResourceNotFoundException", "not there")
    with pytest.raises(NotFoundError):
        conversation.call("GetProfile", profileId=UUID)


def test_other_refusals_keep_the_words_of_aws(conversation: Any) -> None:
    conversation.refuse("get_profile", "ValidationException", "1 validation error detected")
    with pytest.raises(
        RolesAnywhereError, match="refused GetProfile with ValidationException: 1 validation error detected"
    ):
        conversation.call("GetProfile", profileId=UUID)


def test_no_answer_is_a_sentence_too() -> None:
    class Client:
        def list_crls(self) -> None:
            raise EndpointConnectionError(endpoint_url="https://nowhere.example")

    with pytest.raises(RolesAnywhereError, match=r"could not be asked for ListCrls: .*nowhere\.example"):
        Service(Client()).call("ListCrls")


def test_what_iam_does_not_know_is_not_found(conversation: Any) -> None:
    iam = conversation.beside("iam")
    iam.refuse("get_role", "NoSuchEntity")
    with pytest.raises(NotFoundError, match="IAM found nothing for GetRole: no"):
        iam.call("GetRole", RoleName="web")


def test_an_answer_of_another_protocol_is_a_sentence(conversation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(**_request: Any) -> None:
        raise ResponseParserError("Unable to parse response")

    monkeypatch.setattr(conversation._client, "list_profiles", answer)
    with pytest.raises(RolesAnywhereError, match="could not be asked for ListProfiles: Unable to parse response"):
        conversation.call("ListProfiles")


def test_waiting_ends_with_what_is_waited_for(conversation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda _seconds: None)
    iam = conversation.beside("iam")
    iam.refuse("get_role", "NoSuchEntity")
    iam.expect("get_role", {"RoleName": "web"}, {"Role": ROLE, "ResponseMetadata": {"HTTPStatusCode": 200}})
    iam.wait("RoleExists", RoleName="web")


def test_waiting_in_vain_is_a_sentence(conversation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("botocore.waiter.time.sleep", slept.append)
    iam = conversation.beside("iam")
    for _attempt in range(20):
        iam.refuse("get_role", "NoSuchEntity")
    with pytest.raises(RolesAnywhereError, match=r"IAM could not be asked for RoleExists: .*Max attempts exceeded"):
        iam.wait("RoleExists", RoleName="web")
    assert sum(slept) <= 20
