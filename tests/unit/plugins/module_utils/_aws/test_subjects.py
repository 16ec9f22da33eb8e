# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects: what the list can answer costs no call for each, and certificates come with how they fared."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import subjects
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from cryptography import x509

NOW = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
PREFIX = "arn:aws:rolesanywhere:eu-central-1:123456789012:subject/"


def uuid(number: int) -> str:
    return f"{number}e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"


def summary(number: int, name: str, seen: datetime = NOW) -> dict[str, Any]:
    return {
        "subjectId": uuid(number),
        "subjectArn": PREFIX + uuid(number),
        "x509Subject": name,
        "enabled": True,
        "createdAt": NOW,
        "lastSeenAt": seen,
    }


def credential(pem: str, minutes_ago: int = 0, **others: Any) -> dict[str, Any]:
    return {
        "seenAt": NOW - timedelta(minutes=minutes_ago),
        "serialNumber": "1A",
        "issuer": "CN=AWS's words",
        "x509CertificateData": pem,
        **others,
    }


def listed(conversation: Any, *found: dict[str, Any]) -> None:
    conversation.expect("list_subjects", {}, {"subjects": list(found)})


def read(conversation: Any, subject: dict[str, Any], *credentials: dict[str, Any], **others: Any) -> None:
    detail = {**subject, "credentials": list(credentials), **others}
    conversation.expect("get_subject", {"subjectId": subject["subjectId"]}, {"subject": detail})


def look(conversation: Any, **given: Any) -> list[dict[str, Any]]:
    options = {
        "id": None,
        "subject": None,
        "seen_within": None,
        "failed_only": False,
        "include_certificates": False,
        "include_tags": False,
        **given,
    }
    return subjects.look(conversation, options)


def names(seen: list[dict[str, Any]]) -> list[str]:
    return [subject["x509_subject"] for subject in seen]


def test_the_list_alone_is_one_call_a_page(conversation: Any) -> None:
    conversation.expect("list_subjects", {}, {"subjects": [summary(1, "CN=web1")], "nextToken": "2"})
    conversation.expect("list_subjects", {"nextToken": "2"}, {"subjects": [summary(2, "CN=web2")]})
    assert look(conversation)[1] == {
        "subject_id": uuid(2),
        "subject_arn": PREFIX + uuid(2),
        "x509_subject": "CN=web2",
        "enabled": True,
        "created_at": "2026-11-20T10:00:00Z",
        "last_seen_at": "2026-11-20T10:00:00Z",
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("CN=web1,O=Example", ["CN=web1,O=Example"]),
        ("CN=web*", ["CN=web1,O=Example", "CN=web2"]),
        ("CN=web?", ["CN=web2"]),
        ("CN=[dw]*2", ["CN=web2", "CN=db2"]),
        ("cn=web2", []),
        ("web", []),
    ],
)
def test_names_are_matched_as_a_whole_and_with_their_case(conversation: Any, pattern: str, expected: list[str]) -> None:
    listed(conversation, summary(1, "CN=web1,O=Example"), summary(2, "CN=web2"), summary(3, "CN=db2"))
    assert names(look(conversation, subject=pattern)) == expected


def test_what_the_list_answers_costs_no_call_for_each(conversation: Any, issuing: Any) -> None:
    now = datetime.now(timezone.utc)
    web1 = summary(1, "CN=web1", now - timedelta(days=6))
    listed(conversation, web1, summary(2, "CN=web2", now - timedelta(days=8)), summary(3, "CN=db", now))
    read(conversation, web1, credential(issuing.workload("web1")))
    seen = look(conversation, subject="CN=web*", seen_within=7, failed_only=True, include_certificates=True)
    assert seen == []


def test_certificates_are_described_the_last_one_first(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    old, new = issuing.workload("web1"), next_issuing.workload("web1")
    web1 = summary(1, "CN=web1")
    listed(conversation, web1)
    read(conversation, web1, credential(old, minutes_ago=5), credential(new, failed=True))
    [seen] = look(conversation, include_certificates=True)
    certificate = x509.load_pem_x509_certificate(new.encode())
    serial = f"{certificate.serial_number:x}"
    assert seen["certificates"][0] == {
        "serial": serial.zfill(len(serial) + len(serial) % 2),
        "issuer": "CN=Issuing G2",
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fingerprint": certificate.fingerprint(certificate.signature_hash_algorithm).hex(),
        "seen_at": "2026-11-20T10:00:00Z",
        "failed": True,
        "certificate": new,
    }
    assert [(one["issuer"], one["failed"]) for one in seen["certificates"][1:]] == [("CN=Issuing", False)]


def test_a_certificate_that_cannot_be_read_is_described_in_the_words_of_aws(conversation: Any) -> None:
    web1 = summary(1, "CN=web1")
    listed(conversation, web1)
    read(conversation, web1, credential("nonsense"))
    [certificate] = look(conversation, include_certificates=True)[0]["certificates"]
    assert (certificate["serial"], certificate["issuer"]) == ("1A", "CN=AWS's words")
    assert (certificate["not_after"], certificate["fingerprint"]) == (None, None)


def test_failed_only_shows_all_certificates_of_those_with_one_that_failed(conversation: Any, issuing: Any) -> None:
    pem = issuing.workload("web")
    web1, web2, web3 = (summary(number, f"CN=web{number}") for number in (1, 2, 3))
    listed(conversation, web1, web2, web3)
    read(conversation, web1, credential(pem), credential(pem, failed=True, minutes_ago=5))
    read(conversation, web2, credential(pem, failed=False))
    read(conversation, web3)
    [seen] = look(conversation, failed_only=True, include_certificates=True)
    assert (seen["x509_subject"], len(seen["certificates"])) == ("CN=web1", 2)


def test_failed_only_asks_for_certificates_that_it_does_not_show(conversation: Any, issuing: Any) -> None:
    web1 = summary(1, "CN=web1")
    listed(conversation, web1)
    read(conversation, web1, credential(issuing.workload("web1"), failed=True))
    [seen] = look(conversation, failed_only=True)
    assert "certificates" not in seen
    assert seen["x509_subject"] == "CN=web1"


def test_what_it_said_of_itself_keeps_its_case(conversation: Any) -> None:
    web1 = summary(1, "CN=web1")
    listed(conversation, web1)
    read(conversation, web1, instanceProperties=[{"seenAt": NOW, "properties": {"rackName": "A1"}}])
    [seen] = look(conversation, include_certificates=True)
    assert seen["instance_properties"] == [
        {"seen_at": "2026-11-20T10:00:00Z", "failed": False, "properties": {"rackName": "A1"}}
    ]


@pytest.mark.parametrize("identifier", [uuid(1), PREFIX + uuid(1)])
def test_an_id_is_one_call_and_lists_nothing(conversation: Any, issuing: Any, identifier: str) -> None:
    read(conversation, summary(1, "CN=web1"), credential(issuing.workload("web1")))
    [seen] = look(conversation, id=identifier, include_certificates=True)
    assert len(seen["certificates"]) == 1


def test_dates_count_for_an_id_too(conversation: Any) -> None:
    read(conversation, summary(1, "CN=web1", datetime.now(timezone.utc) - timedelta(days=2)))
    assert look(conversation, id=uuid(1), seen_within=1) == []


def test_an_unknown_id_is_an_empty_list(conversation: Any) -> None:
    conversation.refuse("get_subject", "ResourceNotFoundException")
    assert look(conversation, id=uuid(1)) == []


def test_who_is_forgotten_meanwhile_is_left_out(conversation: Any) -> None:
    web1, web2 = summary(1, "CN=web1"), summary(2, "CN=web2")
    listed(conversation, web1, web2)
    conversation.refuse("get_subject", "ResourceNotFoundException")
    read(conversation, web2)
    assert names(look(conversation, include_certificates=True)) == ["CN=web2"]


def test_who_is_forgotten_meanwhile_depends_on_no_authority(conversation: Any, issuing: Any) -> None:
    web1, web2 = summary(1, "CN=web1"), summary(2, "CN=web2")
    listed(conversation, web1, web2)
    conversation.refuse("get_subject", "ResourceNotFoundException")
    read(conversation, web2)
    assert subjects.first_under(conversation, [issuing], NOW) is None


def test_tags_are_read_of_those_that_are_left(conversation: Any) -> None:
    listed(conversation, summary(1, "CN=web1"), summary(2, "CN=web2"))
    tags = [{"key": "Rack", "value": "A1"}]
    conversation.expect("list_tags_for_resource", {"resourceArn": PREFIX + uuid(2)}, {"tags": tags})
    [seen] = look(conversation, subject="CN=web2", include_tags=True)
    assert seen["tags"] == {"Rack": "A1"}


def test_whose_tags_are_forgotten_meanwhile_is_left_out(conversation: Any) -> None:
    listed(conversation, summary(1, "CN=web1"))
    conversation.refuse("list_tags_for_resource", "ResourceNotFoundException")
    assert look(conversation, include_tags=True) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": "web1"}, "id: 'web1' is neither the UUID nor the ARN of a subject"),
        ({"id": PREFIX.replace("subject", "profile") + uuid(1)}, "is neither the UUID nor the ARN of a subject"),
        ({"seen_within": 0}, "seen_within: 0 is not a number of days from 1 to 36500"),
        ({"seen_within": 36501}, "seen_within: 36501 is not a number"),
    ],
)
def test_bad_input_is_refused_before_any_call(conversation: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(RolesAnywhereError, match=message):
        look(conversation, **given)
