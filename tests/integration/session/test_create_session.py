# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession and GetCallerIdentity against the emulator, and our signing beside awslabs' own client."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import attempts, pair
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import get_caller_identity
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.canonical_request import (
    Scope,
    authorization,
    canonical_request,
    string_to_sign,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.create_session import (
    SessionRequest,
    create_session,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import Credentials, Session
from botocore.awsrequest import AWSRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from iam_rolesanywhere_session import IAMRolesAnywhereSigner

from tests.emulator.server import EmulatorServer
from tests.integration.aws.controller import Controller

from .account import Account, Authority

SERIAL = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8
GOOD_SERIAL = SERIAL + 1


def ask(account: Account, current: Path, seconds: float = 10, **wishes: str | int) -> Session:
    """Ask for a session with a pair."""
    with pair.open_directory(str(current)) as opened:
        wanted = SessionRequest(**{**account.arns, "endpoint_url": account.url, **wishes})
        return create_session(opened, wanted, seconds=seconds)


@pytest.fixture(autouse=True)
def _no_long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "LONGEST_PAUSE", 0.05)


@pytest.mark.parametrize("kind", ["ECDSA-P256", "ECDSA-P384", "RSA-2048"])
def test_a_session_of_each_kind_of_key_is_who_it_should_be(account: Account, kind: str) -> None:
    session = ask(account, account.pair(kind), duration=900)
    identity = get_caller_identity(session.credentials, "eu-central-1", account.url)
    assert identity == ("123456789012", f"arn:aws:sts::123456789012:assumed-role/web/{SERIAL:032x}")
    assert identity.arn == session.assumed_role_arn
    assert session.role_arn == account.role_arn
    assert session.source_identity == "CN=web1"
    assert session.subject_arn == account.service.list_subjects()["subjects"][0]["subjectArn"]
    assert 800 < (session.expiration - datetime.now(timezone.utc)).total_seconds() <= 900


def test_intermediates_lead_to_the_trust_anchor(account: Account) -> None:
    below = Authority("Below", account.issuing)
    current = account.pair(issuer=below, chain=[below])
    assert ask(account, current).role_arn == account.role_arn
    (current / "chain.pem").write_text("")
    with pytest.raises(SessionError, match="403 AccessDeniedException: Untrusted signing certificate"):
        ask(account, current)


def test_a_name_of_its_own_is_taken_where_the_profile_accepts_one(account: Account) -> None:
    current = account.pair()
    with pytest.raises(SessionError, match=r"Not authorized to set roleSessionName.*leave the session name out"):
        ask(account, current, role_session_name="web1")
    profile_id = account.profile_arn.rpartition("/")[2]
    account.service.update_profile(profileId=profile_id, acceptRoleSessionName=True)
    assert ask(account, current, role_session_name="web1").assumed_role_arn.endswith("/web1")


@pytest.mark.usefixtures("stale_crl_accepted")
def test_a_revoked_certificate_is_refused_for_certain(account: Account) -> None:
    current = account.pair()
    account.revoke(SERIAL)
    with pytest.raises(SessionError, match="403 AccessDeniedException: Certificate revoked") as caught:
        ask(account, current)
    assert (caught.value.certain, caught.value.reason) == (True, "Certificate revoked")
    assert ask(account, account.pair(serial=GOOD_SERIAL)).role_arn == account.role_arn


def test_what_a_stale_crl_does_and_what_is_said_of_it(
    account: Account, emulator: EmulatorServer, controller: Controller, stale_crl_accepted: bool
) -> None:
    """AWS does the one thing or the other; our warning does not depend on it."""
    emulator.switches.crl_verified_at_import = False  # it was current when it was imported
    account.revoke(SERIAL, days_ago=46)
    with pytest.raises(SessionError, match="Certificate revoked"):
        ask(account, account.pair())
    good = account.pair(serial=GOOD_SERIAL)
    if stale_crl_accepted:
        assert ask(account, good).role_arn == account.role_arn
    else:
        with pytest.raises(SessionError, match="Untrusted signing certificate"):
            ask(account, good)
    looked = controller.module("crl", name="fleet")
    assert looked["changed"] is False
    [warning] = looked["warnings"]
    assert re.fullmatch(
        "The CRL should have been replaced by 20.*Z: publish a new one, AWS does not say how it treats an old one.",
        warning,
    )
    fresh = controller.module("crl", name="fleet", crl=account.issuing.crl(SERIAL).decode())
    assert (fresh["changed"], fresh.get("warnings")) == (True, None)
    assert ask(account, good).role_arn == account.role_arn


@pytest.mark.parametrize(
    ("change", "value", "reason"),
    [
        ("profile_arn", "profile/00000000-0000-4000-8000-000000000000", "Invalid or empty profile provided"),
        (
            "trust_anchor_arn",
            "trust-anchor/00000000-0000-4000-8000-000000000000",
            "Specified Trust Anchor wasn't found",
        ),
        ("role_arn", "arn:aws:iam::123456789012:role/other", "Requested Role isn't one of those listed"),
    ],
)
def test_wrong_arns_are_refused_for_certain(account: Account, change: str, value: str, reason: str) -> None:
    prefix = "" if value.startswith("arn:") else account.trust_anchor_arn.rpartition(":")[0] + ":"
    with pytest.raises(SessionError, match=reason) as caught:
        ask(account, account.pair(), **{change: prefix + value})
    assert caught.value.certain


def test_a_wrong_clock_is_named(account: Account, emulator: EmulatorServer) -> None:
    emulator.switches.set({"clock_offset": 1800.0})
    with pytest.raises(SessionError, match=r"Invalid signature .*clock"):
        ask(account, account.pair())


@pytest.mark.parametrize("fault", ["internal_error", "throttling", "reset", "silence"])
def test_one_fault_is_survived_and_three_are_not(account: Account, emulator: EmulatorServer, fault: str) -> None:
    current = account.pair()
    emulator.switches.set({"data_plane_faults": [fault] * 2})
    assert ask(account, current, seconds=0.5).role_arn == account.role_arn
    emulator.switches.set({"data_plane_faults": [fault] * 3})
    with pytest.raises(SessionError) as caught:
        ask(account, current, seconds=0.5)
    assert not caught.value.certain
    assert emulator.switches.data_plane_faults == []


def test_credentials_that_nobody_gave_are_no_identity(account: Account) -> None:
    with pytest.raises(SessionError, match="GetCallerIdentity was answered with 403") as caught:
        get_caller_identity(Credentials("ASIANOBODY", "secret", "token"), "eu-central-1", account.url)
    assert caught.value.certain


@pytest.mark.parametrize("kind", ["ECDSA-P256", "RSA-2048"])
def test_awslabs_client_signs_what_our_canonical_request_says(account: Account, kind: str) -> None:
    below = Authority("Below", account.issuing)
    current = account.pair(kind, issuer=below, chain=[below])
    files = [str(current / name) for name in ("certificate.pem", "private-key.pem", "chain.pem")]
    signer = IAMRolesAnywhereSigner(*files, region="eu-central-1")
    request = AWSRequest("POST", "https://rolesanywhere.eu-central-1.amazonaws.com:8443/sessions", data='{"a":1}')
    signer.add_auth(request)

    sent = {name.lower(): value for name, value in request.headers.items()}
    algorithm, _space, rest = sent["authorization"].partition(" ")
    fields = dict(field.split("=", 1) for field in rest.split(", "))
    signed = {name: sent[name] for name in fields["SignedHeaders"].split(";")}
    moment = datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    scope = Scope(moment, "eu-central-1", "rolesanywhere")
    body = request.body if isinstance(request.body, bytes) else request.body.encode()
    text = string_to_sign(
        algorithm, scope, canonical_request("POST", urlsplit(request.url).path, "", signed, body)
    ).encode()
    public_key = x509.load_der_x509_certificate(base64.b64decode(sent["x-amz-x509"])).public_key()
    signature = bytes.fromhex(fields["Signature"])
    if kind == "RSA-2048":
        public_key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    else:
        public_key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    assert sent["authorization"] == authorization(algorithm, str(SERIAL), scope, signed, fields["Signature"])
