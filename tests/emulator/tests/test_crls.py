# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRLs, with boto3 as the client."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from tests.emulator.fixtures import REGION
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import UNKNOWN_ID, refusal, status
from tests.emulator.tests.pki import bundle, make_authority, make_crl, pem_of

AUTHORITY = make_authority()
DATA = pem_of(make_crl(AUTHORITY))


@pytest.fixture
def anchor_arn(rolesanywhere: Any) -> str:
    return rolesanywhere.create_trust_anchor(name="fleet", source=bundle(AUTHORITY))["trustAnchor"]["trustAnchorArn"]


@pytest.fixture
def crl(rolesanywhere: Any, anchor_arn: str) -> dict[str, Any]:
    return rolesanywhere.import_crl(name="fleet", crlData=DATA, trustAnchorArn=anchor_arn)["crl"]


def _stored(emulator: EmulatorServer, crl: dict[str, Any]) -> x509.CertificateRevocationList:
    return emulator.state.store("123456789012", REGION).crls[crl["crlId"]].revocation_list


def test_import(rolesanywhere: Any, anchor_arn: str) -> None:
    response = rolesanywhere.import_crl(name="fleet", crlData=DATA, trustAnchorArn=anchor_arn)
    crl = response["crl"]
    assert status(response) == 201
    assert crl == {
        "crlId": crl["crlId"],
        "crlArn": f"arn:aws:rolesanywhere:{REGION}:123456789012:crl/{crl['crlId']}",
        "name": "fleet",
        "enabled": False,
        "crlData": DATA,
        "trustAnchorArn": anchor_arn,
        "createdAt": crl["createdAt"],
        "updatedAt": crl["createdAt"],
    }
    assert rolesanywhere.get_crl(crlId=crl["crlId"])["crl"] == crl


def test_update(rolesanywhere: Any, emulator: EmulatorServer, crl: dict[str, Any]) -> None:
    second = pem_of(make_crl(AUTHORITY, number=2, entries=1))
    updated = rolesanywhere.update_crl(crlId=crl["crlId"], crlData=second)["crl"]
    assert updated == {**crl, "crlData": second, "updatedAt": updated["updatedAt"]}
    renamed = rolesanywhere.update_crl(crlId=crl["crlId"], name="renamed")["crl"]
    assert (renamed["name"], renamed["crlData"]) == ("renamed", second)
    assert _stored(emulator, crl) == x509.load_pem_x509_crl(second)


def test_a_refused_update_changes_nothing(rolesanywhere: Any, crl: dict[str, Any]) -> None:
    values = {"crlId": crl["crlId"], "name": "renamed", "crlData": pem_of(make_crl(make_authority("Other CA")))}
    assert refusal(rolesanywhere.update_crl, **values)[:2] == (400, "ValidationException")
    assert rolesanywhere.get_crl(crlId=crl["crlId"])["crl"] == crl


def test_import_is_verified_against_the_anchor(rolesanywhere: Any, emulator: EmulatorServer, anchor_arn: str) -> None:
    stranger = {"name": "x", "crlData": pem_of(make_crl(make_authority())), "trustAnchorArn": anchor_arn}
    assert refusal(rolesanywhere.import_crl, **stranger)[:2] == (400, "ValidationException")
    emulator.switches.crl_verified_at_import = False
    rolesanywhere.import_crl(**stranger)


def test_the_clock_of_the_service_counts(rolesanywhere: Any, emulator: EmulatorServer, anchor_arn: str) -> None:
    emulator.switches.clock_window = 10**9
    emulator.switches.clock_offset = 46 * 86400  # days; nextUpdate is 45 days away
    values = {"name": "x", "crlData": DATA, "trustAnchorArn": anchor_arn}
    expected = (400, "ValidationException", "The CRL is past its next update")
    assert refusal(rolesanywhere.import_crl, **values) == expected


def test_two_crls_an_anchor(rolesanywhere: Any, anchor_arn: str, crl: dict[str, Any]) -> None:
    values = {"name": "fleet", "crlData": DATA, "trustAnchorArn": anchor_arn}
    rolesanywhere.import_crl(**values)
    assert refusal(rolesanywhere.import_crl, **values)[:2] == (400, "ValidationException")
    rolesanywhere.delete_crl(crlId=crl["crlId"])
    rolesanywhere.import_crl(**values)


def test_300000_bytes(rolesanywhere: Any, anchor_arn: str) -> None:
    large = pem_of(make_crl(AUTHORITY, entries=11_000))
    assert len(large) > 300_000
    values = {"name": "fleet", "crlData": large, "trustAnchorArn": anchor_arn}
    code, message = refusal(rolesanywhere.import_crl, **values)[1:]
    assert code == "ValidationException"
    assert message.endswith("Member must have length less than or equal to 300000")


def test_unknown_anchor(rolesanywhere: Any, anchor_arn: str) -> None:
    unknown = f"{anchor_arn.rpartition('/')[0]}/{UNKNOWN_ID}"
    values = {"name": "fleet", "crlData": DATA, "trustAnchorArn": unknown}
    assert refusal(rolesanywhere.import_crl, **values)[:2] == (400, "ValidationException")


def test_enable_and_disable(rolesanywhere: Any, emulator: EmulatorServer, crl: dict[str, Any]) -> None:
    assert rolesanywhere.enable_crl(crlId=crl["crlId"])["crl"]["enabled"] is True
    emulator.switches.stale_echo = True
    assert rolesanywhere.disable_crl(crlId=crl["crlId"])["crl"]["enabled"] is True
    assert rolesanywhere.get_crl(crlId=crl["crlId"])["crl"]["enabled"] is False


def test_delete_returns_what_was_deleted(rolesanywhere: Any, crl: dict[str, Any]) -> None:
    assert rolesanywhere.delete_crl(crlId=crl["crlId"])["crl"] == crl
    assert rolesanywhere.list_crls()["crls"] == []


@pytest.mark.parametrize("operation", ["get_crl", "update_crl", "delete_crl", "enable_crl", "disable_crl"])
def test_unknown_crl(rolesanywhere: Any, operation: str) -> None:
    expected = (404, "ResourceNotFoundException", f"Resource not found: {UNKNOWN_ID}")
    assert refusal(getattr(rolesanywhere, operation), crlId=UNKNOWN_ID) == expected


def test_what_is_stored_is_what_create_session_reads(emulator: EmulatorServer, crl: dict[str, Any]) -> None:
    assert _stored(emulator, crl) == x509.load_pem_x509_crl(DATA)
