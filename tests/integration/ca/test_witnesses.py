# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that share nothing with the collection judge what it makes, for every type of key that a CA can have.

pkilint looks at all that the modules return in these tests (see ``CaHost.finish``); here it is sure to see each kind.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from . import judges
from .ca_host import CaHost, RequestKey

WORKLOAD_KEYS: dict[str, Callable[[], RequestKey]] = {
    "ECDSA-P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA-P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA-P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA-4096": lambda: rsa.generate_private_key(65537, 4096),
}
WISHES = {
    "plain": {},
    "units": {"organization": "Example", "organizational_units": ["web", "eu"]},
    "names": {
        "dns_names": ["web2.example.com", "web.example.com"],
        "uris": ["https://web2.example.com/workload", "spiffe://example.com/web2"],
    },
}
MANY_REVOKED = """
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?)
INSERT INTO certificates (
    serial, host, name, common_name, subject, not_before, not_after, fingerprint, public_key_fingerprint, pem,
    issued_at, issued_by, revoked_at, reason, revoked_by
)
SELECT
    printf('4%031x', number), 'old' || number, 'default', 'old' || number, 'CN=old' || number,
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day'), strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+9 days'),
    'fingerprint', 'key of ' || number, '', strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day'), 'tester',
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour'),
    CASE number % 2 WHEN 0 THEN 'superseded' ELSE 'key_compromise' END, 'tester'
FROM numbers
"""
REVOKED = {"units": "key_compromise", "names": "unspecified"}


@pytest.fixture(scope="module")
def requests() -> list[dict[str, object]]:
    """Return an order for each type of a workload's key with each kind of names."""
    return [
        CaHost.request(f"{kind}-{key_type}", key=make_key(), **wishes)
        for key_type, make_key in WORKLOAD_KEYS.items()
        for kind, wishes in WISHES.items()
    ]


@pytest.fixture(scope="module", params=["ECDSA-P256", "ECDSA-P384", "RSA-2048", "RSA-3072", "RSA-4096"])
def made(
    request: pytest.FixtureRequest, requests: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> CaHost:
    """Return a CA with certificates for every type of key, below it ``leaves``, and a CRL that revokes two of them."""
    host = CaHost(tmp_path_factory.mktemp("witnesses") / "ca")
    empty_crl = host.make(key_type=request.param, organization="Example")["crl"]
    (host.directory / "empty-crl.pem").write_text(empty_crl)
    (host.directory / "leaves").mkdir()
    for name, answers in host.issue(*requests)["certificates"].items():
        (host.directory / "leaves" / f"{name}.pem").write_text(answers["default"]["certificate"])
    for kind, reason in REVOKED.items():
        host.do("ca_revoke", host=f"{kind}-ECDSA-P256", reason=reason)
    assert host.do("ca_crl")["entries"] == len(REVOKED)
    return host


def leaves(host: CaHost) -> list[Path]:
    """Return the certificates of all workloads."""
    found = sorted((host.directory / "leaves").iterdir())
    assert len(found) == len(WORKLOAD_KEYS) * len(WISHES)
    return found


def test_openssl_verifies_every_chain_strictly(made: CaHost) -> None:
    root, issuing = made.directory / "root/certificate.pem", made.directory / "issuing/certificate.pem"
    assert judges.objections_to_chain([issuing], root) == []
    assert judges.objections_to_chain(leaves(made), root, "-untrusted", issuing, "-purpose", "sslclient") == []


def test_openssl_finds_who_is_revoked(made: CaHost) -> None:
    issuing = made.directory / "issuing/certificate.pem"
    command = ["openssl", "crl", "-in", made.directory / "issuing/crl.pem", "-verify", "-CAfile", issuing, "-noout"]
    verified = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "verify OK" in verified.stdout + verified.stderr
    for leaf in leaves(made):
        objections = judges.objections_to_chain(
            [leaf], issuing, "-crl_check", "-CRLfile", made.directory / "issuing/crl.pem"
        )
        is_revoked = leaf.stem in {f"{kind}-ECDSA-P256" for kind in REVOKED}
        assert any("certificate revoked" in objection for objection in objections) is is_revoked
        assert bool(objections) is is_revoked


def test_pkilint_objects_to_no_certificate(made: CaHost) -> None:
    authorities = [made.directory / "root/certificate.pem", made.directory / "issuing/certificate.pem"]
    objections = {path.stem: judges.objections_to_certificate(path.read_text()) for path in authorities + leaves(made)}
    assert {name: found for name, found in objections.items() if found} == {}


@pytest.mark.parametrize("path", ["empty-crl.pem", "issuing/crl.pem"])
def test_pkilint_objects_to_no_crl(made: CaHost, path: str) -> None:
    assert judges.objections_to_crl((made.directory / path).read_text()) == []


def test_a_crl_as_large_as_it_can_be_is_good_as_well(host: CaHost) -> None:
    """The ledger has more revocations than the CRL has room for; they were not made one by one."""
    with closing(sqlite3.connect(host.directory / "ledger.sqlite")) as connection, connection:
        connection.execute(MANY_REVOKED, (7_000,))
    crl = host.do("ca_crl")
    assert crl["bytes"] > 295_000
    assert crl["left_out"]
    assert judges.objections_to_crl(crl["crl"]) == []


def test_the_judges_do_object(host: CaHost, tmp_path: Path) -> None:
    """A certificate that breaks many rules, made with the CA's own key, shows that the judges are awake."""
    csr, extensions, leaf = (tmp_path / name for name in ("request.pem", "extensions", "leaf.pem"))
    csr.write_text(host.request("web1")["csr"])
    extensions.write_text("authorityKeyIdentifier = none\nkeyUsage = keyEncipherment\nextendedKeyUsage = 1.2.3\n")
    issuing = host.directory / "issuing/certificate.pem"
    signing = ["-CA", issuing, "-CAkey", host.directory / "issuing/private-key.pem", "-extfile", extensions]
    command = ["openssl", "x509", "-req", "-in", csr, "-days", "10", *signing, "-out", leaf]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    objections = judges.objections_to_certificate(leaf.read_text())
    assert any(objection.startswith("ERROR") for objection in objections)
    assert any("Missing Authority Key Identifier" in line for line in judges.objections_to_chain([leaf], issuing))
