# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets of any size whose CA and AWS side stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.fixtures import client, emulator, emulator_server, stale_crl_accepted
from tests.emulator.server import EmulatorServer

from .fleet import Fleet

__all__ = ["emulator", "emulator_server", "stale_crl_accepted"]

TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:PrincipalTag/x509Subject/OU": "web"}},
    },
}


def make_ca(fleet: Fleet) -> str:
    """Make the CA with the role; return the issuing CA's certificate (PEM)."""
    plays = [{"hosts": "rolesanywhere_ca", "gather_facts": False, "roles": ["fleet.rolesanywhere.ca"]}]
    run = fleet.play(plays)
    assert run.status == 0, run.text
    return (fleet.root("ca1") / "ca/issuing/certificate.pem").read_text()


def make_aws_side(emulator: EmulatorServer, certificate: str) -> dict[str, str]:
    """Make anchor, role and profile with boto3; return the collection's variables for them."""
    service = client(emulator, "rolesanywhere")
    anchor = service.create_trust_anchor(
        name="fleet",
        enabled=True,
        source={"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": certificate}},
    )["trustAnchor"]
    role = client(emulator, "iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST_POLICY))[
        "Role"
    ]
    profile = service.create_profile(name="fleet", enabled=True, roleArns=[role["Arn"]])["profile"]
    return {
        "rolesanywhere_trust_anchor_arn": anchor["trustAnchorArn"],
        "rolesanywhere_profile_arn": profile["profileArn"],
        "rolesanywhere_role_arn": role["Arn"],
    }


@pytest.fixture
def make_fleet(tmp_path: Path, emulator: EmulatorServer) -> Callable[[int], Fleet]:
    """Return a function that makes a fleet of a size."""

    def make(size: int) -> Fleet:
        fleet = Fleet(tmp_path, emulator.url, size)
        fleet.variables |= make_aws_side(emulator, make_ca(fleet))
        return fleet

    return make
