# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and tags that a session takes from its certificate (reference §1.8, §2.6, §2.7)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.emulator.session_tags import Tag, session_tags, source_identity

from .issuing import authority, leaf, name
from .world import DEFAULT_MAPPINGS, World, trust_policy

ORGANIZATION, UNIT, LOCALITY = NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.LOCALITY_NAME
ISSUING = authority(name("Issuing CA", (ORGANIZATION, "Example")))
ALTERNATIVE_NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("web1.example.com"),
        x509.DNSName("www.example.com"),
        x509.UniformResourceIdentifier("spiffe://example.com/web1"),
        x509.UniformResourceIdentifier("urn:second"),
        x509.RFC822Name("web1@example.com"),
        x509.DirectoryName(name("directory", (UNIT, "one"), (UNIT, "two"))),
        x509.DirectoryName(name("second")),
    ]
)
LEAF = leaf(
    ISSUING,
    name("web1", (UNIT, "web"), (ORGANIZATION, "Example"), (UNIT, "blue"), (x509.ObjectIdentifier("1.2.3.4"), "odd")),
    extensions={ALTERNATIVE_NAMES: False},
).certificate

SUBJECT = {"x509Subject/CN": "web1", "x509Subject/OU": "web/blue", "x509Subject/O": "Example"}
ISSUER = {"x509Issuer/CN": "Issuing CA", "x509Issuer/O": "Example"}
ALTERNATIVE = {
    "x509SAN/DNS": "web1.example.com",
    "x509SAN/URI": "spiffe://example.com/web1",
    "x509SAN/Name/CN": "directory",
    "x509SAN/Name/OU": "one/two",
}

MAPPINGS = [
    (DEFAULT_MAPPINGS, {**SUBJECT, **ISSUER, **ALTERNATIVE}),
    ({}, {}),
    ({"x509Subject": ["*"]}, SUBJECT),
    ({"x509Subject": []}, {}),
    ({"x509Subject": ["CN"]}, {"x509Subject/CN": "web1"}),
    ({"x509Subject": ["CN", "L"]}, {"x509Subject/CN": "web1"}),
    ({"x509Subject": ["OU", "1.2.3.4"]}, {"x509Subject/OU": "web/blue", "x509Subject/1.2.3.4": "odd"}),
    ({"x509Subject": ["*", "1.2.3.4"]}, {**SUBJECT, "x509Subject/1.2.3.4": "odd"}),
    ({"x509Issuer": ["O"]}, {"x509Issuer/O": "Example"}),
    ({"x509SAN": ["DNS"]}, {"x509SAN/DNS": "web1.example.com"}),
    ({"x509SAN": ["URI"]}, {"x509SAN/URI": "spiffe://example.com/web1"}),
    ({"x509SAN": ["Name/OU"]}, {"x509SAN/Name/OU": "one/two"}),
    ({"x509SAN": ["Name/*"]}, {"x509SAN/Name/CN": "directory", "x509SAN/Name/OU": "one/two"}),
]


@pytest.mark.parametrize(("mappings", "expected"), MAPPINGS)
def test_mapping(mappings: dict[str, list[str]], expected: dict[str, str]) -> None:
    assert {tag.key: tag.value for tag in session_tags(LEAF, mappings)} == expected


VALUES = [
    ("web1.example.com", True),
    ("", True),
    ("Zürich Süd 2", True),
    ("a_b.c:d/e=f+g-h@i", True),
    ("x" * 256, True),
    ("x" * 257, False),
    *((f"a{sign}b", False) for sign in ",&()'*?~#;!%\"\\|<>\n"),
]


@pytest.mark.parametrize(("value", "is_acceptable"), VALUES)
def test_values_that_sts_takes(value: str, is_acceptable: bool) -> None:
    assert Tag("x509Subject", "CN", value).is_acceptable is is_acceptable


SOURCE_IDENTITIES = [
    (leaf(ISSUING, "web1"), "CN=web1"),
    (leaf(ISSUING, "x" * 61), "CN=" + "x" * 61),
    (leaf(ISSUING, "x" * 62), "x" * 62),
    (leaf(ISSUING, "x" * 64), "x" * 64),
    (leaf(ISSUING, name((ORGANIZATION, "Example")), serial_number=291), "ID=0123"),
]


@pytest.mark.parametrize(("pair", "expected"), SOURCE_IDENTITIES)
def test_source_identity(pair, expected: str) -> None:
    assert source_identity(pair.certificate) == expected


@pytest.fixture
def world() -> World:
    return World()


def test_condition_on_a_tag_that_is_not_mapped(world: World) -> None:
    """Without the tag an Equals condition fails, and a NotEquals condition holds (§1.8)."""
    del world.profile.attribute_mappings["x509Subject"]
    world.trust(trust_policy(Condition={"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"}}))
    assert world.create_session().status == 403
    world.trust(trust_policy(Condition={"StringNotEquals": {"aws:PrincipalTag/x509Subject/CN": "web1"}}))
    assert world.create_session().status == 201


def test_mapping_that_avoids_a_refused_value(world: World) -> None:
    world.issuing = authority("Example & Sons")
    world.anchor = world.add_anchor(world.issuing)
    world.leaf = leaf(world.issuing)
    assert world.create_session().message.startswith("Unable to assume role. Some attributes failed")
    del world.profile.attribute_mappings["x509Issuer"]
    assert world.create_session().status == 201


def test_switch_for_refused_values(world: World) -> None:
    world.switches.unmappable_tag_value_fails = False
    world.leaf = leaf(world.issuing, name("web1", (LOCALITY, "a,b")))
    assert world.create_session().status == 201
    world.trust(trust_policy(Condition={"Null": {"aws:PrincipalTag/x509Subject/L": "false"}}))
    assert world.create_session().status == 403


def test_switch_for_a_space_in_the_source_identity(world: World) -> None:
    world.leaf = leaf(world.issuing, "web 1")
    assert world.create_session().status == 403
    world.switches.source_identity_space_accepted = True
    assert world.create_session().credential_set["sourceIdentity"] == "CN=web 1"


def test_profile_without_mappings_maps_no_alternative_names(world: World) -> None:
    world.leaf = leaf(world.issuing, extensions={ALTERNATIVE_NAMES: False})
    for mappings, status in ((DEFAULT_MAPPINGS, 201), (None, 403)):
        world.profile.attribute_mappings = mappings
        world.trust(trust_policy(Condition={"StringLike": {"aws:PrincipalTag/x509SAN/URI": "spiffe://*"}}))
        assert world.create_session().status == status
