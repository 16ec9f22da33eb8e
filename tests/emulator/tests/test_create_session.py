# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession as a whole: its answer (reference §2.5), and every sentence of §2.10 with what leads to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from moto.iam.models import iam_backends

from tests.emulator import session_tags
from tests.emulator.state import Profile

from .issuing import authority, leaf, name
from .pki import NOW
from .raw_client import body
from .world import ACCOUNT, World, trust_policy

DENIED = (403, "AccessDeniedException")
UNKNOWN_ID = "7f3c0f5e-5f41-4c2a-9f0e-0b6d0a4f2c11"


@pytest.fixture
def world() -> World:
    return World()


def test_answer(world: World) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    answer = world.create_session()
    assert answer.status == 201
    assert set(answer.body) == {"credentialSet", "subjectArn"}
    assert len(answer.body["credentialSet"]) == 1
    [subject] = world.store.subjects.values()
    assert answer.body["subjectArn"] == subject.subject_arn
    entry = answer.credential_set
    session_name = "4f00000000000000000000000000aa01"
    assert entry["assumedRoleUser"] == {
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/{session_name}",
        "assumedRoleId": f"{world.role.id}:{session_name}",
    }
    credentials = entry.pop("credentials")
    assert set(credentials) == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    assert credentials["accessKeyId"].startswith("ASIA")
    expiration = datetime.strptime(credentials["expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(hours=1) <= expiration - before <= timedelta(hours=1, seconds=5)
    assert entry["roleArn"] == world.role.arn
    assert entry["sourceIdentity"] == "CN=web1"
    assert entry["packedPolicySize"] >= 1


SESSION_NAMES = [
    (0x1002, "1002"),
    (0xCCC3A2432F8C5FEC93F0FC574F118537, "00ccc3a2432f8c5fec93f0fc574f118537"),
    (291, "0123"),
    ((1 << 159) - 1, "7f" + "f" * 38),
]


@pytest.mark.parametrize(("serial_number", "session_name"), SESSION_NAMES)
def test_session_name_is_the_serial_number(world: World, serial_number: int, session_name: str) -> None:
    world.leaf = leaf(world.issuing, serial_number=serial_number)
    arn = world.create_session().credential_set["assumedRoleUser"]["arn"]
    assert arn.rpartition("/")[2] == session_name


def test_session_name_of_the_request(world: World) -> None:
    world.profile.accept_role_session_name = True
    answer = world.create_session(body=body(durationSeconds=900, roleSessionName="hello"))
    assert answer.credential_set["assumedRoleUser"]["arn"].endswith("/web/hello")


# Each sentence with what leads to it: a change to the account, and one to the request.
Change = Callable[[World], dict[str, Any] | None]


def untrusted(world: World) -> None:
    world.leaf = leaf(authority("Issuing CA"))


def insufficient(world: World) -> None:
    world.leaf = leaf(world.issuing, usages=("key_encipherment",))


def revoked(world: World) -> None:
    revocation = x509.RevokedCertificateBuilder(world.leaf.certificate.serial_number, NOW).build()
    builder = x509.CertificateRevocationListBuilder(
        world.issuing.certificate.subject, NOW, NOW + timedelta(days=45), revoked_certificates=[revocation]
    )
    world.add_crl(builder.sign(world.issuing.private_key, world.issuing.certificate.signature_hash_algorithm))


def key_of_another(world: World) -> dict[str, Any]:
    other = leaf(world.issuing)
    return {"pair": type(other)(world.leaf.certificate, other.private_key)}


def asks_for(member: str, arn: Callable[[World], str]) -> Change:
    def change(world: World) -> dict[str, Any]:
        return {"query": {**world.request().query, member: arn(world)}}

    return change


def disabled(kind: str) -> Change:
    def change(world: World) -> None:
        getattr(world, kind).enabled = False

    return change


def asks_for_session_name(world: World) -> dict[str, Any]:
    return {"body": body(durationSeconds=900, roleSessionName="hello")}


def trusts(policy: dict[str, Any]) -> Change:
    return lambda world: world.trust(policy)


def deleted_role(world: World) -> None:
    iam_backends[ACCOUNT]["aws"].delete_role("web")


def long_profile(world: World) -> dict[str, Any]:
    world.profile.duration_seconds = 7200
    return {"body": b"{}"}


def issuer_with_ampersand(world: World) -> None:
    world.issuing = authority("Example & Sons")
    world.anchor = world.add_anchor(world.issuing)
    world.leaf = leaf(world.issuing)


def names_with_commas(world: World) -> None:
    subject = name("web1", (NameOID.ORGANIZATION_NAME, "Example, Inc."), (NameOID.LOCALITY_NAME, "a*b"))
    alternative = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:a,b")])
    world.leaf = leaf(world.issuing, subject, extensions={alternative: False})


def wants_properties(world: World) -> None:
    world.profile.require_instance_properties = True


ROLE = f"arn:aws:iam::{ACCOUNT}:role/web"
CANNOT_ASSUME = f"Unable to assume role for {ROLE}."
NO_ANCHOR = "Specified Trust Anchor wasn't found."
NO_PROFILE = "Invalid or empty profile provided."
UNMAPPABLE = "Unable to assume role. Some attributes failed to be mapped into session tags. "

SENTENCES: list[tuple[Change, str]] = [
    (untrusted, "Untrusted signing certificate"),
    (insufficient, "Untrusted certificate. Insufficient certificate"),
    (revoked, "Certificate revoked"),
    (key_of_another, "Invalid signature"),
    (asks_for("trustAnchorArn", lambda world: world.store.arn(f"trust-anchor/{UNKNOWN_ID}")), NO_ANCHOR),
    (asks_for("trustAnchorArn", lambda world: world.profile.arn), NO_ANCHOR),
    (asks_for("trustAnchorArn", lambda world: "trust-anchor"), NO_ANCHOR),
    (disabled("anchor"), NO_ANCHOR),
    (asks_for("profileArn", lambda world: world.store.arn(f"profile/{UNKNOWN_ID}")), NO_PROFILE),
    (asks_for("profileArn", lambda world: world.anchor.arn), NO_PROFILE),
    (disabled("profile"), NO_PROFILE),
    (
        asks_for("roleArn", lambda world: world.add_role("db").arn),
        "Requested Role isn't one of those listed in the Profile.",
    ),
    (asks_for_session_name, "Not authorized to set roleSessionName"),
    (trusts(trust_policy("sts:AssumeRole", "sts:SetSourceIdentity")), CANNOT_ASSUME),
    (trusts(trust_policy("sts:AssumeRole", "sts:TagSession")), CANNOT_ASSUME),
    (trusts(trust_policy("sts:SetSourceIdentity", "sts:TagSession")), CANNOT_ASSUME),
    (trusts(trust_policy(Principal={"Service": "ec2.amazonaws.com"})), CANNOT_ASSUME),
    (trusts(trust_policy(Condition={"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web2"}})), CANNOT_ASSUME),
    (deleted_role, CANNOT_ASSUME),
    (
        long_profile,
        f"{CANNOT_ASSUME}\nThe requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    (issuer_with_ampersand, f"{UNMAPPABLE}Issuer: [ CN ]; Subject: [  ]; SAN: [  ]"),
    (names_with_commas, f"{UNMAPPABLE}Issuer: [  ]; Subject: [ O, L ]; SAN: [ URI ]"),
    (wants_properties, "Instance properties are required by the Profile."),
]


@pytest.mark.parametrize(("change", "message"), SENTENCES)
def test_sentence(world: World, change: Change, message: str) -> None:
    assert world.create_session().status == 201
    answer = world.create_session(**(change(world) or {}))
    assert (answer.status, answer.code) == DENIED
    assert answer.message == message
    assert answer.body == {"message": message}


def test_signature_is_checked_before_the_path(world: World) -> None:
    world.leaf = leaf(authority("Other CA"))
    assert world.create_session(**key_of_another(world)).message == "Invalid signature"


ORDER: list[tuple[Change, Change, str]] = [
    (disabled("profile"), untrusted, "Untrusted signing certificate"),
    (disabled("profile"), revoked, "Certificate revoked"),
    (disabled("profile"), trusts(trust_policy("sts:AssumeRole")), NO_PROFILE),
]


@pytest.mark.parametrize(("first", "second", "message"), ORDER)
def test_order(world: World, first: Change, second: Change, message: str) -> None:
    first(world)
    second(world)
    assert world.create_session().message == message


MALFORMED = [
    ({"body": b"{"}, "SerializationException"),
    ({"body": b"[]"}, "SerializationException"),
    ({"body": b'{"durationSeconds":"900"}'}, "SerializationException"),
    ({"body": b'{"durationSeconds":true}'}, "SerializationException"),
    ({"body": b'{"durationSeconds":899}'}, "ValidationException"),
    ({"body": b'{"durationSeconds":43201}'}, "ValidationException"),
    ({"body": b'{"roleSessionName":"a"}'}, "ValidationException"),
    ({"body": b'{"roleSessionName":"a b"}'}, "ValidationException"),
    ({"body": b'{"roleSessionName":7}'}, "SerializationException"),
    ({"body": b'{"instanceProperties":{"a":1}}'}, "SerializationException"),
    ({"body": body(instanceProperties={"": "x"})}, "ValidationException"),
    ({"query": {}}, "ValidationException"),
]


@pytest.mark.parametrize(("changes", "code"), MALFORMED)
def test_malformed(world: World, changes: dict[str, Any], code: str) -> None:
    answer = world.create_session(**changes)
    assert (answer.status, answer.code) == (400, code)


def test_arns_in_the_body(world: World) -> None:
    arns = dict(world.request().query)
    answer = world.create_session(query={}, body=body(**arns), content_type="application/x-amz-json-1.0")
    assert answer.status == 201


def test_arns_in_the_query_win(world: World) -> None:
    others = dict.fromkeys(world.request().query, "arn:aws:iam::1:role/x")
    assert world.create_session(body=body(**others)).status == 201


DURATIONS: list[tuple[int, bytes, int | None, int]] = [
    # profile, body, role's MaxSessionDuration, seconds that come out
    (3600, b"{}", 3600, 3600),
    (3600, body(durationSeconds=900), 3600, 900),
    (900, body(durationSeconds=3600), 3600, 900),
    (43200, body(durationSeconds=3600), 3600, 3600),
    (43200, b"{}", 43200, 43200),
    (3600, b"", None, 3600),
]


@pytest.mark.parametrize(("profile", "sent", "longest", "seconds"), DURATIONS)
def test_duration(world: World, profile: int, sent: bytes, longest: int | None, seconds: int) -> None:
    world.profile.duration_seconds = profile
    world.role.max_session_duration = longest
    before = datetime.now(timezone.utc).replace(microsecond=0)
    expiration = world.create_session(body=sent).credential_set["credentials"]["expiration"]
    ends = datetime.strptime(expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(seconds=seconds) <= ends - before <= timedelta(seconds=seconds + 5)


def attempts(world: World) -> list[tuple[str, bool]]:
    return [
        (credential.serial_number, credential.failed)
        for subject in world.store.subjects.values()
        for credential in subject.credentials
    ]


def test_subject(world: World) -> None:
    world.create_session()
    [subject] = world.store.subjects.values()
    assert subject.x509_subject == "CN=web1"
    [credential] = subject.credentials
    assert credential.serial_number == "4f00000000000000000000000000aa01"
    assert credential.issuer == "CN=Issuing CA"
    assert credential.x509_certificate_data == world.leaf.pem.decode()
    assert not credential.failed
    world.create_session()
    world.leaf = leaf(world.issuing, serial_number=0x1002)
    world.create_session()
    assert attempts(world) == [("4f00000000000000000000000000aa01", False), ("1002", False)]
    world.leaf = leaf(world.issuing, "web2")
    world.create_session()
    assert [subject.x509_subject for subject in world.store.subjects.values()] == ["CN=web1", "CN=web2"]


def test_failures_are_recorded(world: World) -> None:
    world.create_session()
    revoked(world)
    world.create_session()
    assert attempts(world) == [("4f00000000000000000000000000aa01", True)]


def test_strangers_are_not_recorded(world: World) -> None:
    untrusted(world)
    world.create_session()
    world.create_session(**key_of_another(world))
    assert attempts(world) == []


def test_instance_properties_are_recorded(world: World) -> None:
    wants_properties(world)
    assert world.create_session(body=body(instanceProperties={"rack": "7"})).status == 201
    [subject] = world.store.subjects.values()
    [properties] = subject.instance_properties
    assert (properties["properties"], properties["failed"]) == ({"rack": "7"}, False)


def policy_of(length: int) -> str:
    document = json.dumps(trust_policy())
    return document + " " * (length - len(document))


LIMITS: list[tuple[Callable[[World, Profile], None], int]] = [
    (lambda world, profile: setattr(profile, "session_policy", policy_of(2048)), 201),
    (lambda world, profile: setattr(profile, "session_policy", policy_of(2049)), 403),
    (lambda world, profile: setattr(profile, "session_policy", "{"), 403),
    (lambda world, profile: setattr(profile, "session_policy", "[]"), 403),
    (lambda world, profile: setattr(profile, "managed_policy_arns", managed_policies(10)), 201),
    (lambda world, profile: setattr(profile, "managed_policy_arns", managed_policies(11)), 403),
    (lambda world, profile: setattr(profile, "managed_policy_arns", ["arn:aws:iam::aws:policy/None"]), 403),
    (lambda world, profile: long_together(profile, 2048), 201),
    (lambda world, profile: long_together(profile, 2049), 403),
]


def managed_policies(count: int) -> list[str]:
    backend = iam_backends[ACCOUNT]["aws"]
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    return [backend.create_policy("", "/", document, f"policy-{number}", []).arn for number in range(count)]


def long_together(profile: Profile, length: int) -> None:
    profile.managed_policy_arns = managed_policies(1)
    profile.session_policy = policy_of(length - len(profile.managed_policy_arns[0]))


@pytest.mark.parametrize(("change", "status"), LIMITS)
def test_limits_of_session_policies(world: World, change: Callable[[World, Profile], None], status: int) -> None:
    change(world, world.profile)
    answer = world.create_session()
    assert answer.status == status
    assert answer.message in (None, CANNOT_ASSUME)


def test_policies_and_tags_must_fit_into_the_packed_size(world: World) -> None:
    types = [oid for oid, short_name in session_tags.SHORT_NAMES.items() if short_name != "C"]
    world.leaf = leaf(world.issuing, name(*((oid, "x" * 60) for oid in types for _ in range(4))))
    assert 50 < world.create_session().credential_set["packedPolicySize"] <= 100
    world.profile.session_policy = policy_of(2000)
    assert world.create_session().message == CANNOT_ASSUME


def test_most_certificates_in_the_header(world: World) -> None:
    extra = [authority(f"CA {number}").certificate for number in range(5)]
    assert world.create_session(extra).status == 201
    answer = world.create_session([*extra, world.leaf.certificate])
    assert answer.message == "Untrusted signing certificate"


def test_certificate_that_cannot_be_read(world: World) -> None:
    for text in ("", "AAAA", "not base64", world.leaf.pem.decode().splitlines()[1]):
        answer = world.send(world.request(), headers={"x-amz-x509": text})
        assert answer.message == "Untrusted certificate. Insufficient certificate"
