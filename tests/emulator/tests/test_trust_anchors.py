# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors and their notification settings, with boto3 as the client."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import UNKNOWN_ID, refusal, status
from tests.emulator.tests.pki import bundle, make_authority, make_crl, pem_of

AUTHORITY = make_authority()
NEXT_AUTHORITY = make_authority("Next CA")
DEFAULT_SETTINGS = [
    {
        "enabled": True,
        "event": event,
        "threshold": 45,
        "channel": "ALL",
        "configuredBy": "rolesanywhere.amazonaws.com",
    }
    for event in ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
]


@pytest.fixture
def anchor(rolesanywhere: Any) -> dict[str, Any]:
    return rolesanywhere.create_trust_anchor(name="fleet", source=bundle(AUTHORITY))["trustAnchor"]


def test_create(rolesanywhere: Any) -> None:
    source = bundle(AUTHORITY)
    source["sourceData"]["x509CertificateData"] = AUTHORITY.pem.rstrip("\n")
    response = rolesanywhere.create_trust_anchor(name="fleet", source=source)
    anchor = response["trustAnchor"]
    assert status(response) == 201
    assert set(anchor) == {
        "trustAnchorId",
        "trustAnchorArn",
        "name",
        "source",
        "enabled",
        "createdAt",
        "updatedAt",
        "notificationSettings",
    }
    assert (
        anchor["trustAnchorArn"]
        == f"arn:aws:rolesanywhere:{REGION}:123456789012:trust-anchor/{anchor['trustAnchorId']}"
    )
    assert anchor["enabled"] is False
    assert anchor["source"] == bundle(AUTHORITY)  # with the final newline
    assert anchor["notificationSettings"] == DEFAULT_SETTINGS
    assert rolesanywhere.get_trust_anchor(trustAnchorId=anchor["trustAnchorId"])["trustAnchor"] == anchor


def test_timestamps_have_fractions(rolesanywhere: Any) -> None:
    times = []
    rolesanywhere.meta.events.register(
        "after-call.rolesanywhere.CreateTrustAnchor",
        lambda http_response, **_: times.extend(re.findall(rb'At": "([^"]*)', http_response.content)),
    )
    rolesanywhere.create_trust_anchor(name="fleet", source=bundle(AUTHORITY))
    assert len(times) == 2
    assert all(re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time) for time in times)


def test_update_leaves_alone_what_is_not_given(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    identifier = anchor["trustAnchorId"]
    renamed = rolesanywhere.update_trust_anchor(trustAnchorId=identifier, name="renamed")["trustAnchor"]
    assert (renamed["name"], renamed["source"]) == ("renamed", anchor["source"])
    assert renamed["updatedAt"] > anchor["updatedAt"]
    both = bundle(AUTHORITY, NEXT_AUTHORITY)
    extended = rolesanywhere.update_trust_anchor(trustAnchorId=identifier, source=both)["trustAnchor"]
    assert (extended["name"], extended["source"]) == ("renamed", both)


def test_a_refused_update_changes_nothing(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    source = bundle(make_authority(basic_constraints=None))
    values = {"trustAnchorId": anchor["trustAnchorId"], "name": "renamed", "source": source}
    expected = (400, "ValidationException", "Incorrect basic constraints for CA certificate")
    assert refusal(rolesanywhere.update_trust_anchor, **values) == expected
    assert rolesanywhere.get_trust_anchor(trustAnchorId=anchor["trustAnchorId"])["trustAnchor"] == anchor


def test_enable_and_disable(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    identifier = anchor["trustAnchorId"]
    assert rolesanywhere.enable_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is True
    assert rolesanywhere.get_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is True
    assert rolesanywhere.disable_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is False
    assert rolesanywhere.get_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is False


def test_stale_echo(rolesanywhere: Any, emulator: EmulatorServer, anchor: dict[str, Any]) -> None:
    emulator.switches.stale_echo = True
    identifier = anchor["trustAnchorId"]
    assert rolesanywhere.enable_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is False
    assert rolesanywhere.get_trust_anchor(trustAnchorId=identifier)["trustAnchor"]["enabled"] is True


def test_delete_returns_what_was_deleted(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    identifier = anchor["trustAnchorId"]
    assert rolesanywhere.delete_trust_anchor(trustAnchorId=identifier)["trustAnchor"] == anchor
    assert refusal(rolesanywhere.get_trust_anchor, trustAnchorId=identifier)[:2] == (404, "ResourceNotFoundException")


def test_delete_with_crls(rolesanywhere: Any, emulator: EmulatorServer, anchor: dict[str, Any]) -> None:
    values = {"name": "crl", "trustAnchorArn": anchor["trustAnchorArn"], "crlData": pem_of(make_crl(AUTHORITY))}
    rolesanywhere.import_crl(**values)
    identifier = anchor["trustAnchorId"]
    assert refusal(rolesanywhere.delete_trust_anchor, trustAnchorId=identifier)[1] == "ValidationException"
    emulator.switches.trust_anchor_deletion_cascades = True
    rolesanywhere.delete_trust_anchor(trustAnchorId=identifier)
    assert rolesanywhere.list_crls()["crls"] == []


@pytest.mark.parametrize(
    "operation",
    ["get_trust_anchor", "update_trust_anchor", "delete_trust_anchor", "enable_trust_anchor", "disable_trust_anchor"],
)
def test_unknown_anchor(rolesanywhere: Any, operation: str) -> None:
    expected = (404, "ResourceNotFoundException", f"Resource not found: {UNKNOWN_ID}")
    assert refusal(getattr(rolesanywhere, operation), trustAnchorId=UNKNOWN_ID) == expected


@pytest.mark.parametrize(
    "source",
    [
        {"sourceType": "SELF_SIGNED_REPOSITORY", "sourceData": {"x509CertificateData": AUTHORITY.pem}},
        {"sourceType": "AWS_ACM_PCA", "sourceData": {"x509CertificateData": AUTHORITY.pem}},
        {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"acmPcaArn": "arn:aws:acm-pca:x"}},
        {"sourceType": "CERTIFICATE_BUNDLE"},
        {"sourceData": {"x509CertificateData": AUTHORITY.pem}},
        {},
    ],
)
def test_source_type_and_data_must_fit(rolesanywhere: Any, source: dict[str, Any]) -> None:
    assert refusal(rolesanywhere.create_trust_anchor, name="fleet", source=source)[:2] == (400, "ValidationException")


def test_certificates_are_checked(rolesanywhere: Any) -> None:
    source = bundle(make_authority(usages=None))
    expected = (400, "ValidationException", "Incorrect key usage for CA certificate")
    assert refusal(rolesanywhere.create_trust_anchor, name="fleet", source=source) == expected
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []


def test_fifty_anchors(rolesanywhere: Any) -> None:
    for _ in range(50):
        rolesanywhere.create_trust_anchor(name="same name", source=bundle(AUTHORITY))
    values = {"name": "same name", "source": bundle(AUTHORITY)}
    assert refusal(rolesanywhere.create_trust_anchor, **values)[:2] == (400, "ValidationException")


# Private CAs


def _make_private_authority(emulator: EmulatorServer, region: str = REGION, active: bool = True) -> str:
    acm_pca = client(emulator, "acm-pca", region)
    arn = acm_pca.create_certificate_authority(
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": "Private CA"},
        },
        CertificateAuthorityType="ROOT",
    )["CertificateAuthorityArn"]
    if active:
        _renew(emulator, arn, region)
    return arn


def _renew(emulator: EmulatorServer, arn: str, region: str = REGION) -> None:
    acm_pca = client(emulator, "acm-pca", region)
    acm_pca.get_waiter("certificate_authority_csr_created").wait(CertificateAuthorityArn=arn, WaiterConfig={"Delay": 0})
    issued = acm_pca.issue_certificate(
        CertificateAuthorityArn=arn,
        Csr=acm_pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"].encode(),
        SigningAlgorithm="SHA256WITHRSA",
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1",
        Validity={"Type": "DAYS", "Value": 365},
    )["CertificateArn"]
    names = {"CertificateAuthorityArn": arn, "CertificateArn": issued}
    acm_pca.get_waiter("certificate_issued").wait(**names, WaiterConfig={"Delay": 0})
    certificate = acm_pca.get_certificate(**names)["Certificate"]
    acm_pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=certificate.encode())


def _private(arn: str) -> dict[str, Any]:
    return {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": arn}}


def test_private_authority(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    arn = _make_private_authority(emulator)
    anchor = rolesanywhere.create_trust_anchor(name="private", source=_private(arn))["trustAnchor"]
    assert anchor["source"] == _private(arn)
    stored = emulator.state.store("123456789012", REGION).trust_anchors[anchor["trustAnchorId"]]
    before = stored.certificates
    assert before[0].subject.rfc4514_string() == "CN=Private CA"
    _renew(emulator, arn)
    assert stored.certificates == before  # what counts is the certificate at the last create or update
    rolesanywhere.update_trust_anchor(trustAnchorId=anchor["trustAnchorId"], source=_private(arn))
    assert stored.certificates != before


def test_private_authority_with_another_key(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    arn = _make_private_authority(emulator)
    anchor = rolesanywhere.create_trust_anchor(name="private", source=_private(arn))["trustAnchor"]
    authority = emulator.state.store("123456789012", REGION).private_cas.authorities[arn]
    authority.certificate = make_authority("Private CA").certificate  # which AWS Private CA would not import
    values = {"trustAnchorId": anchor["trustAnchorId"], "source": _private(arn)}
    assert refusal(rolesanywhere.update_trust_anchor, **values)[:2] == (400, "ValidationException")


def test_private_authority_must_be_active_and_here(rolesanywhere: Any, emulator: EmulatorServer) -> None:
    pending = _make_private_authority(emulator, active=False)
    elsewhere = _make_private_authority(emulator, region="eu-west-1")
    unknown = pending.rpartition("/")[0] + f"/{UNKNOWN_ID}"
    for arn in (pending, elsewhere, unknown):
        expected = (400, "ValidationException", f"There is no active certificate authority {arn}")
        assert refusal(rolesanywhere.create_trust_anchor, name="private", source=_private(arn)) == expected


# Notification settings


def test_put_merges_by_event(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    setting = {"enabled": True, "event": "CA_CERTIFICATE_EXPIRY", "threshold": 90}
    response = rolesanywhere.put_notification_settings(
        trustAnchorId=anchor["trustAnchorId"], notificationSettings=[setting]
    )
    settings = response["trustAnchor"]["notificationSettings"]
    assert settings == [{**setting, "channel": "ALL", "configuredBy": "123456789012"}, DEFAULT_SETTINGS[1]]


def test_put_may_replace(rolesanywhere: Any, emulator: EmulatorServer, anchor: dict[str, Any]) -> None:
    emulator.switches.notification_settings_put_replaces = True
    for event in ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY"):
        response = rolesanywhere.put_notification_settings(
            trustAnchorId=anchor["trustAnchorId"],
            notificationSettings=[{"enabled": False, "event": event}],
        )
    settings = response["trustAnchor"]["notificationSettings"]
    assert [setting["enabled"] for setting in settings] == [True, False]


def test_reset_brings_the_default_back(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    identifier = anchor["trustAnchorId"]
    settings = [{"enabled": False, "event": setting["event"]} for setting in DEFAULT_SETTINGS]
    rolesanywhere.put_notification_settings(trustAnchorId=identifier, notificationSettings=settings)
    response = rolesanywhere.reset_notification_settings(
        trustAnchorId=identifier, notificationSettingKeys=[{"event": "END_ENTITY_CERTIFICATE_EXPIRY"}]
    )
    shown = response["trustAnchor"]["notificationSettings"]
    assert shown[0]["enabled"] is False
    assert shown[1] == DEFAULT_SETTINGS[1]


def test_settings_at_create(rolesanywhere: Any) -> None:
    setting = {"enabled": False, "event": "CA_CERTIFICATE_EXPIRY", "channel": "ALL"}
    values = {"name": "fleet", "source": bundle(AUTHORITY), "notificationSettings": [setting]}
    shown = rolesanywhere.create_trust_anchor(**values)["trustAnchor"]["notificationSettings"]
    assert shown == [{**setting, "configuredBy": "123456789012"}, DEFAULT_SETTINGS[1]]


def test_enabled_setting_needs_a_threshold(rolesanywhere: Any, anchor: dict[str, Any]) -> None:
    values = {
        "trustAnchorId": anchor["trustAnchorId"],
        "notificationSettings": [{"enabled": True, "event": "CA_CERTIFICATE_EXPIRY"}],
    }
    assert refusal(rolesanywhere.put_notification_settings, **values)[:2] == (400, "ValidationException")


def test_settings_of_an_unknown_anchor(rolesanywhere: Any) -> None:
    put = {"trustAnchorId": UNKNOWN_ID, "notificationSettings": []}
    reset = {"trustAnchorId": UNKNOWN_ID, "notificationSettingKeys": []}
    assert refusal(rolesanywhere.put_notification_settings, **put)[0] == 404
    assert refusal(rolesanywhere.reset_notification_settings, **reset)[0] == 404


# Regions


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_every_region_has_its_own(emulator: EmulatorServer, rolesanywhere: Any, region: str, partition: str) -> None:
    elsewhere = client(emulator, "rolesanywhere", region)
    anchor = elsewhere.create_trust_anchor(name="fleet", source=bundle(AUTHORITY))["trustAnchor"]
    assert anchor["trustAnchorArn"].startswith(f"arn:{partition}:rolesanywhere:{region}:123456789012:trust-anchor/")
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []
    assert refusal(rolesanywhere.get_trust_anchor, trustAnchorId=anchor["trustAnchorId"])[0] == 404
