# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thief has the CA's key, and can be any host until the drill is over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .fleet import Fleet
from .test_revoke import may_list, refusals, roll_out, session_of

MakeFleet = Callable[[int], Fleet]
SERIAL = (1 << 126) + 0xBAD


def forge(fleet: Fleet, victim: str) -> None:
    """Give a host a certificate that the stolen key signed, in place of its own, with the same name."""
    issuing = fleet.root("ca1") / "ca/issuing"
    authority = x509.load_pem_x509_certificate((issuing / "certificate.pem").read_bytes())
    stolen = serialization.load_pem_private_key((issuing / "private-key.pem").read_bytes(), None)
    current = fleet.current(victim).resolve()
    model = x509.load_pem_x509_certificate((current / "certificate.pem").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(
        authority.subject, model.subject, key.public_key(), SERIAL, now - timedelta(hours=1), now + timedelta(days=1)
    )
    for extension in (
        x509.BasicConstraints(ca=False, path_length=None),
        x509.KeyUsage(True, *[False] * 8),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        ),
    ):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.KeyUsage))
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    forged = builder.sign(stolen, hashes.SHA256())
    folder = current.with_name(f"{SERIAL:032x}")
    folder.mkdir()
    (folder / "certificate.pem").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    (folder / "chain.pem").write_text("")
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "private-key.pem").write_bytes(secret)
    (folder / "private-key.pem").chmod(0o600)
    point_to(fleet.current(victim), folder)


def point_to(current: Path, folder: Path) -> None:
    """Let a workload use another version."""
    current.unlink()
    current.symlink_to(f"versions/{folder.name}")


def test_a_thief_with_the_cas_key_is_shut_out_and_the_fleet_goes_on(
    make_fleet: MakeFleet, emulator: EmulatorServer
) -> None:
    fleet = make_fleet(3)
    roll_out(fleet, emulator)
    iam = client(emulator, "iam")
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    iam.put_role_policy(RoleName="web", PolicyName="allow", PolicyDocument=json.dumps(allowed))
    blocked = {"directory": str(fleet.root("ca1") / "ca"), "host": "web03"}
    block = {"hosts": "rolesanywhere_ca", "gather_facts": False, "tasks": [{"fleet.rolesanywhere.ca_revoke": blocked}]}
    assert fleet.play([block]).status == 0

    # web01 is where the thief works: no CRL would name what it came with.
    own = fleet.current("web01").resolve()
    forge(fleet, "web01")
    assert refusals(fleet) == {}
    sessions = [session_of(fleet, host) for host in ("web01", "web02")]
    assert [may_list(emulator, session) for session in sessions] == [True, True]
    point_to(fleet.current("web01"), own)

    new = {
        "new_ca_directory": str(fleet.root("ca1") / "new-ca"),
        "new_ca_common_name": "Fleet Issuing CA G2",
        "new_ca_root_common_name": "Fleet Root CA G2",
    }
    run = fleet.play("ca_compromised", "-e", json.dumps(new))
    assert set(run.failures()) == {"web03"}, run.text
    assert "is blocked since" in run.failures()["web03"]
    assert f"possibly forged: {SERIAL:032x}. Look in CloudTrail" in run.text

    assert [may_list(emulator, session) for session in sessions] == [False, False]
    for host in ("web01", "web02"):
        certificate = x509.load_pem_x509_certificate((fleet.current(host) / "certificate.pem").read_bytes())
        assert certificate.issuer.rfc4514_string() == "CN=Fleet Issuing CA G2"
    assert "Untrusted" in refusals(fleet)["web03"]
    assert set(refusals(fleet)) == {"web03"}
    point_to(fleet.current("web01"), own.with_name(f"{SERIAL:032x}"))
    assert set(refusals(fleet)) == {"web01", "web03"}
