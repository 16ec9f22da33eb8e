# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths to a trust anchor and the rules for each certificate on them (reference §3): a row for each rule."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.emulator.certificates import authority_objection, find_path, leaf_objection

from .issuing import IS_NONE, SERVER, Pair, authority, leaf, name
from .pki import NOW
from .world import World

ROOT = authority("Root CA")
ISSUING = authority("Issuing CA", ROOT)
SIBLING = authority("Sibling CA", ROOT)
NEXT = authority("Issuing CA G2", ROOT)
LEAF = leaf(ISSUING)
NEXT_LEAF = leaf(NEXT)
SIBLING_LEAF = leaf(SIBLING)

PSS = {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}
RSA_AUTHORITY = authority("Issuing CA", private_key=rsa.generate_private_key(65537, 2048))
ML_DSA_AUTHORITY = authority("ML CA", private_key=mldsa.MLDSA65PrivateKey.generate(), digest=None)
NAME_CONSTRAINTS = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.com")], excluded_subtrees=None)
POLICIES = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)])


def path(end: Pair, presented: list[Pair], anchors: list[Pair]) -> list[x509.Certificate] | None:
    found = find_path(
        end.certificate, [pair.certificate for pair in presented], [pair.certificate for pair in anchors], NOW
    )
    return None if found is None else list(found)


def certificates(*pairs: Pair) -> list[x509.Certificate]:
    return [pair.certificate for pair in pairs]


DEEP = [ROOT]
for number in range(1, 7):
    DEEP.append(authority(f"CA {number}", DEEP[-1]))
DEEP_LEAF = leaf(DEEP[5])
CROSS = Pair(authority("Issuing CA", authority("Elsewhere"), private_key=ISSUING.private_key).certificate, None)

FOUND: list[tuple[Pair, list[Pair], list[Pair], list[x509.Certificate]]] = [
    # leaf, presented, anchor, path
    (LEAF, [], [ISSUING], certificates(LEAF, ISSUING)),  # an intermediate may be the anchor
    (LEAF, [ISSUING], [ROOT], certificates(LEAF, ISSUING, ROOT)),
    (LEAF, [ISSUING], [ISSUING], certificates(LEAF, ISSUING)),
    (LEAF, [ROOT, ISSUING], [ROOT], certificates(LEAF, ISSUING, ROOT)),  # in any order, the root too
    (LEAF, [LEAF, ISSUING, ISSUING], [ROOT], certificates(LEAF, ISSUING, ROOT)),  # with repetitions and the leaf
    (LEAF, [SIBLING, ISSUING], [ROOT], certificates(LEAF, ISSUING, ROOT)),
    (LEAF, [CROSS, ISSUING], [ROOT], certificates(LEAF, ISSUING, ROOT)),  # a way that leads nowhere first
    (DEEP_LEAF, DEEP[1:6], [ROOT], certificates(DEEP_LEAF, *reversed(DEEP[:6]))),
    # Roll-over: either certificate of the anchor
    (LEAF, [], [NEXT, ISSUING], certificates(LEAF, ISSUING)),
    (NEXT_LEAF, [], [ISSUING, NEXT], certificates(NEXT_LEAF, NEXT)),
    # {root, issuing} trusts a sibling CA, which issuing alone does not (threats §2)
    (SIBLING_LEAF, [SIBLING], [ROOT, ISSUING], certificates(SIBLING_LEAF, SIBLING, ROOT)),
]


@pytest.mark.parametrize(("end", "presented", "anchors", "expected"), FOUND)
def test_path_is_found(end: Pair, presented: list[Pair], anchors: list[Pair], expected: list[Any]) -> None:
    assert path(end, presented, anchors) == expected


SHORT = authority("Short CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=0))
UNDER_SHORT = authority("Under CA", SHORT)
ONE_MORE = authority("One CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=1))
UNDER_ONE_MORE = authority("Under CA", ONE_MORE)
TWICE_UNDER = authority("Twice CA", UNDER_ONE_MORE)
EXPIRED = authority("Expired CA", ROOT, not_after=NOW - timedelta(seconds=1))
EARLY = authority("Early CA", ROOT, not_before=NOW + timedelta(seconds=1))
NO_SIGNER = authority("No CA", ROOT, usages=("crl_sign",))
NO_AUTHORITY = authority("No CA", ROOT, basic_constraints=IS_NONE)
IMPOSTOR = authority("Issuing CA")
SELF_SIGNED = leaf(None)

NOT_FOUND: list[tuple[Pair, list[Pair], list[Pair]]] = [
    (LEAF, [], [ROOT]),  # the intermediate is missing
    (LEAF, [ISSUING], [SIBLING]),
    (LEAF, [ISSUING], []),
    (LEAF, [IMPOSTOR], [ROOT]),  # the right name, the wrong key
    (LEAF, [], [IMPOSTOR]),
    (LEAF, [SIBLING], [ROOT]),
    (SIBLING_LEAF, [SIBLING], [ISSUING]),  # a sibling CA is not trusted through the issuing one
    (SIBLING_LEAF, [SIBLING, ROOT], [ISSUING]),
    (leaf(UNDER_SHORT), [UNDER_SHORT], [SHORT]),  # path lengths
    (leaf(TWICE_UNDER), [TWICE_UNDER, UNDER_ONE_MORE], [ONE_MORE]),
    (leaf(EXPIRED), [EXPIRED], [ROOT]),  # dates of every certificate, the anchor's too
    (leaf(EXPIRED), [], [EXPIRED]),
    (leaf(EARLY), [EARLY], [ROOT]),
    (leaf(EARLY), [], [EARLY]),
    (leaf(NO_SIGNER), [NO_SIGNER], [ROOT]),
    (leaf(NO_AUTHORITY), [NO_AUTHORITY], [ROOT]),
    (leaf(LEAF), [LEAF], [ISSUING]),  # a leaf is no CA
    (SELF_SIGNED, [SELF_SIGNED], [ISSUING]),
    (SELF_SIGNED, [], [SELF_SIGNED]),
]


@pytest.mark.parametrize(("end", "presented", "anchors"), NOT_FOUND)
def test_path_is_not_found(end: Pair, presented: list[Pair], anchors: list[Pair]) -> None:
    assert path(end, presented, anchors) is None


def test_path_lengths_that_suffice() -> None:
    assert path(leaf(SHORT), [], [SHORT])
    assert path(leaf(UNDER_ONE_MORE), [UNDER_ONE_MORE], [ONE_MORE])


def test_self_issued_certificates_do_not_count_for_the_path_length() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    same_name = authority("Short CA", SHORT, private_key=key)
    assert path(leaf(same_name), [same_name], [SHORT])


LEAVES: list[tuple[Callable[[], Pair], str | None]] = [
    (lambda: LEAF, None),
    (lambda: leaf(ISSUING, basic_constraints=None), None),
    (lambda: leaf(ISSUING, usages=("digital_signature", "key_encipherment")), None),
    (lambda: leaf(ISSUING, digest=hashes.SHA384()), None),
    (lambda: leaf(ISSUING, digest=hashes.SHA512()), None),
    (lambda: leaf(ISSUING, private_key=mldsa.MLDSA44PrivateKey.generate()), None),
    (lambda: leaf(ML_DSA_AUTHORITY, digest=None), None),
    (lambda: leaf(ISSUING, x509.Name([])), "its subject is empty"),
    (lambda: leaf(ISSUING, basic_constraints=x509.BasicConstraints(True, None)), "it is a CA"),
    (lambda: leaf(ISSUING, usages=None), "its key usage lacks digitalSignature"),
    (lambda: leaf(ISSUING, usages=("key_encipherment",)), "its key usage lacks digitalSignature"),
    (lambda: leaf(ISSUING, extended_key_usage=None), "its extended key usage lacks clientAuth"),
    (lambda: leaf(ISSUING, extended_key_usage=SERVER), "its extended key usage lacks clientAuth"),
    (
        lambda: leaf(ISSUING, extended_key_usage=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])),
        "its extended key usage lacks clientAuth",
    ),
    (lambda: leaf(ISSUING, private_key=rsa.generate_private_key(65537, 1024)), "its key is of a kind or size"),
    (lambda: leaf(ISSUING, private_key=ec.generate_private_key(ec.SECP256K1())), "its key is of a kind or size"),
    (lambda: leaf(ISSUING, private_key=ec.generate_private_key(ec.SECP224R1())), "its key is of a kind or size"),
    (lambda: leaf(ISSUING, private_key=ed25519.Ed25519PrivateKey.generate()), "its key is of a kind or size"),
    (lambda: leaf(ISSUING, digest=hashes.SHA224()), "its signature algorithm is not taken"),
    (lambda: leaf(ISSUING, digest=hashes.SHA3_256()), "its signature algorithm is not taken"),
    (lambda: leaf(RSA_AUTHORITY, sign_options=PSS), "its signature algorithm is not taken"),
    (lambda: leaf(ISSUING, extensions={POLICIES: False}), None),
    (lambda: leaf(ISSUING, extensions={POLICIES: True}), "its extension 2.5.29.32 is not processed"),
    (lambda: leaf(ISSUING, not_before=NOW + timedelta(seconds=1)), "it is not valid yet"),
    (lambda: leaf(ISSUING, not_after=NOW - timedelta(seconds=1)), "it has expired"),
    (lambda: leaf(ISSUING, not_after=NOW), None),
]


@pytest.mark.parametrize(("make", "reason"), LEAVES)
def test_leaf(make: Callable[[], Pair], reason: str | None) -> None:
    objection = leaf_objection(make().certificate, NOW, client_authentication_required=True)
    assert objection == reason or (reason and objection and objection.startswith(reason))


def test_leaf_without_client_authentication_where_the_switch_lets_it() -> None:
    certificate = leaf(ISSUING, extended_key_usage=None).certificate
    assert leaf_objection(certificate, NOW, client_authentication_required=False) is None


AUTHORITIES: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"usages": ("key_cert_sign",)}, True),
    ({"extensions": {NAME_CONSTRAINTS: True}}, False),
    ({"extensions": {NAME_CONSTRAINTS: False}}, False),
    ({"extensions": {POLICIES: True}}, False),
    ({"usages": None}, False),
    ({"usages": ("digital_signature",)}, False),
    ({"basic_constraints": None}, False),
    ({"digest": hashes.SHA224()}, False),
    ({"private_key": rsa.generate_private_key(65537, 1024)}, False),
    ({"private_key": ed25519.Ed25519PrivateKey.generate(), "digest": None}, False),
    ({"not_before": NOW + timedelta(seconds=1)}, False),
    ({"not_after": NOW - timedelta(seconds=1)}, False),
]


@pytest.mark.parametrize(("changes", "is_good"), AUTHORITIES)
def test_authority(changes: dict[str, Any], is_good: bool) -> None:
    assert (authority_objection(authority("CA", **changes).certificate, NOW) is None) is is_good


OPENSSL_LEAVES = [
    (["-sha256"], True, None),
    (["-sha1"], True, "its signature algorithm is not taken"),
    (["-md5"], True, "its signature algorithm is not taken"),
    (["-sha256"], False, "it is not an X.509 v3 certificate"),
]


@pytest.mark.parametrize(("digest", "with_extensions", "reason"), OPENSSL_LEAVES)
def test_leaf_made_with_openssl(tmp_path: Path, digest: list[str], with_extensions: bool, reason: str | None) -> None:
    """What cryptography does not make any more: weak digests and version 1."""
    (tmp_path / "ca.pem").write_bytes(RSA_AUTHORITY.pem)
    (tmp_path / "ca.key").write_bytes(RSA_AUTHORITY.private_key_pem)
    extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n"
    (tmp_path / "extensions").write_text(extensions)

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=web1", "-keyout", "k", "-out", "csr")
    options = ["-extfile", "extensions"] if with_extensions else []
    openssl(
        *("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "2"),
        *digest,
        *options,
        *("-out", "leaf.pem"),
    )
    certificate = x509.load_pem_x509_certificate((tmp_path / "leaf.pem").read_bytes())
    later = NOW + timedelta(hours=1)
    assert leaf_objection(certificate, later, client_authentication_required=True) == reason


def test_insufficient_leaf_and_untrusted_chain_have_different_sentences() -> None:
    world = World()
    world.leaf = leaf(world.issuing, not_after=NOW - timedelta(seconds=1))
    assert world.create_session().message == "Untrusted certificate. Insufficient certificate"
    world.leaf = leaf(authority("Issuing CA"))
    assert world.create_session().message == "Untrusted signing certificate"


def test_roll_over() -> None:
    """Leaves of both issuing CAs are served while the anchor holds both, and no longer than it does."""
    world = World()
    world.issuing = ISSUING
    old, new = leaf(ISSUING, "web1"), leaf(NEXT, "web2", serial_number=7)
    served = []
    for anchored in ([ISSUING], [ISSUING, NEXT], [NEXT]):
        world.anchor.certificates = certificates(*anchored)
        served.append([world.create_session(pair=pair).status for pair in (old, new)])
    assert served == [[201, 403], [201, 201], [403, 201]]


def test_sub_authority_of_the_root() -> None:
    """With the root in the anchor any CA under it can make leaves; with the issuing CA alone it cannot."""
    world = World()
    world.leaf = leaf(SIBLING, name("web1", (NameOID.ORGANIZATION_NAME, "Example")))
    world.anchor.certificates = certificates(ROOT, ISSUING)
    assert world.create_session([SIBLING.certificate]).status == 201
    world.anchor.certificates = certificates(ISSUING)
    assert world.create_session([SIBLING.certificate]).message == "Untrusted signing certificate"
    assert world.create_session([SIBLING.certificate, ROOT.certificate]).message == "Untrusted signing certificate"
