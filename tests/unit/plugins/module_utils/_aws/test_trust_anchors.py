# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors: certificates are checked before any call, compared by what they are, and not lost by accident."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from cryptography import x509
from cryptography.hazmat.primitives import serialization

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
SUBJECT = "00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{UUID}"
CRL = "11111111-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
PRIVATE_CA = f"arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/{UUID}"
PRIVATE = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": PRIVATE_CA}}
NOW = datetime.now(timezone.utc)
SETTING = {"event": "CA_CERTIFICATE_EXPIRY", "enabled": True, "threshold": 90}
PUT = {**SETTING, "channel": "ALL"}
SHOWN = {**PUT, "configuredBy": "123456789012"}
DEFAULT = {**PUT, "threshold": 45, "configuredBy": "rolesanywhere.amazonaws.com"}


def source(*pems: str) -> dict[str, Any]:
    return {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "".join(pems)}}


def anchor(*pems: str, **others: Any) -> dict[str, Any]:
    return {
        "trustAnchorId": UUID,
        "trustAnchorArn": ARN,
        "name": "fleet",
        "enabled": True,
        "source": source(*pems),
        **others,
    }


def ensure(conversation: Any, check_mode: bool = False, **given: Any) -> Any:
    names = ("id", "certificates", "certificate_paths", "acm_pca_arn", "notification_settings", "enabled", "tags")
    options = {
        **dict.fromkeys(names),
        "name": "fleet",
        "purge_tags": True,
        "state": "present",
        "include_root": False,
        "seen_within": 30,
        "force": False,
        **given,
    }
    return trust_anchors.ensure(Resources(conversation, trust_anchors.KIND), options, check_mode)


def listed(conversation: Any, *anchors: dict[str, Any]) -> None:
    conversation.expect("list_trust_anchors", {}, {"trustAnchors": list(anchors)})


def seen(conversation: Any, name: str, *certificates: str, failed: bool = False, days_ago: int = 1) -> None:
    """Declare the calls that tell which certificates a subject came with, the last one first."""
    conversation.expect(
        "get_subject",
        {"subjectId": SUBJECT},
        {
            "subject": {
                "x509Subject": name,
                "credentials": [
                    {"seenAt": NOW - timedelta(days=days_ago + n), "failed": failed, "x509CertificateData": pem}
                    for n, pem in enumerate(certificates)
                ],
            }
        },
    )


def subjects(conversation: Any, *names: str, days_ago: int = 1) -> None:
    summaries = [
        {"subjectId": SUBJECT, "x509Subject": name, "lastSeenAt": NOW - timedelta(days=days_ago)} for name in names
    ]
    conversation.expect("list_subjects", {}, {"subjects": summaries})


def revoking(conversation: Any, *crls: dict[str, Any]) -> None:
    """Declare the call that tells what the CRLs revoke."""
    conversation.expect("list_crls", {}, {"crls": list(crls)})


def described(conversation: Any, arn: str = PRIVATE_CA, **others: Any) -> None:
    conversation.beside("acm-pca").expect(
        "describe_certificate_authority",
        {"CertificateAuthorityArn": arn},
        {"CertificateAuthority": {"Arn": arn, "Status": "ACTIVE", "Type": "SUBORDINATE", **others}},
    )


def certified(conversation: Any, authority: Any, arn: str = PRIVATE_CA) -> None:
    conversation.beside("acm-pca").expect(
        "get_certificate_authority_certificate", {"CertificateAuthorityArn": arn}, {"Certificate": authority.pem}
    )


def crl(enabled: bool, anchor_arn: str = ARN) -> dict[str, Any]:
    return {
        "crlId": CRL,
        "crlArn": ARN.replace("trust-anchor", "crl"),
        "name": "revoked",
        "enabled": enabled,
        "trustAnchorArn": anchor_arn,
    }


def test_creating_is_two_calls(conversation: Any, issuing: Any) -> None:
    listed(conversation)
    request = {"name": "fleet", "enabled": True, "source": source(issuing.pem)}
    conversation.expect("create_trust_anchor", request, {"trustAnchor": anchor(issuing.pem)})
    outcome, warnings = ensure(conversation, certificates=[issuing.pem])
    assert (outcome.changed, warnings) == (True, [])


def test_the_same_certificate_written_otherwise_is_one_call(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    windows = issuing.pem.replace("\n", "\r\n").strip()
    listed(conversation, anchor(issuing.pem, next_issuing.pem))
    outcome, _warnings = ensure(conversation, certificates=["Our CA\n" + next_issuing.pem, windows, issuing.pem])
    assert not outcome.changed


def test_no_certificate_given_is_left_alone(conversation: Any, issuing: Any) -> None:
    listed(conversation, anchor(issuing.pem))
    assert not ensure(conversation)[0].changed


def test_adding_a_certificate_asks_for_no_subject(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    both = [issuing.pem, next_issuing.pem]
    listed(conversation, anchor(issuing.pem))
    request = {"trustAnchorId": UUID, "source": source(*both)}
    conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(*both)})
    assert ensure(conversation, certificates=both)[0].changed


def test_certificates_from_files(conversation: Any, tmp_path: Path, issuing: Any) -> None:
    pem, der = tmp_path / "ca.pem", tmp_path / "ca.der"
    pem.write_text(issuing.pem)
    der.write_bytes(x509.load_pem_x509_certificate(issuing.pem.encode()).public_bytes(serialization.Encoding.DER))
    for path in (pem, der):
        listed(conversation, anchor(issuing.pem))
        assert not ensure(conversation, certificate_paths=[str(path)])[0].changed
    with pytest.raises(RolesAnywhereError, match=r"certificate_paths: .*nowhere.* cannot be read: .*No such file"):
        ensure(conversation, certificate_paths=[str(tmp_path / "nowhere")])


class TestBadCertificates:
    """Each is refused before any call, with the certificate's subject."""

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [({"ca": False}, "CA:TRUE"), ({"key_cert_sign": False}, "keyCertSign"), ({"expired": True}, "expired on")],
    )
    def test_what_roles_anywhere_refuses(
        self, conversation: Any, root: Any, wrong: dict[str, Any], reason: str
    ) -> None:
        bad = type(root)("Bad CA", root, **wrong)
        with pytest.raises(CertificateError, match=f"CN=Bad CA .*{reason}"):
            ensure(conversation, certificates=[bad.pem])

    def test_root(self, conversation: Any, root: Any) -> None:
        with pytest.raises(CertificateError, match="CN=Root is self-signed, a root: give the issuing CA"):
            ensure(conversation, certificates=[root.pem])

    def test_root_that_is_insisted_on(self, conversation: Any, root: Any) -> None:
        listed(conversation, anchor(root.pem))
        outcome, warnings = ensure(conversation, certificates=[root.pem], include_root=True)
        assert not outcome.changed
        assert warnings == ["The trust anchor holds the root CN=Root: every CA under it can vouch for workloads."]

    def test_three(self, conversation: Any, root: Any, issuing: Any, next_issuing: Any) -> None:
        third = type(root)("Issuing G3", root)
        with pytest.raises(RolesAnywhereError, match="at most 2 certificates, these are 3: CN=Issuing, CN=Issuing G2"):
            ensure(conversation, certificates=[issuing.pem, next_issuing.pem, third.pem])

    @pytest.mark.parametrize("kind", ["nonsense", "key"])
    def test_no_certificate(self, conversation: Any, tmp_path: Path, issuing: Any, kind: str) -> None:
        key = issuing.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        text, path = {"nonsense": "nonsense", "key": key}[kind], tmp_path / "ca.pem"
        path.write_text(text)
        for where, given in (
            ("certificates: the text", {"certificates": [issuing.pem, text]}),
            (f"certificate_paths: {path}", {"certificate_paths": [str(path)]}),
        ):
            with pytest.raises(CertificateError) as caught:
                ensure(conversation, **given)
            assert re.fullmatch(
                f"{re.escape(where)} is not one or more certificates in PEM: [^\n]+\\.", str(caught.value)
            )
            assert "http" not in str(caught.value)
            assert key.splitlines()[1] not in str(caught.value)

    def test_none_to_create_with(self, conversation: Any) -> None:
        listed(conversation)
        with pytest.raises(
            RolesAnywhereError,
            match=r"There is no trust anchor named 'fleet' .*: "
            "give certificates, certificate_paths or acm_pca_arn to create it.",
        ):
            ensure(conversation)


class TestTakingACertificateOut:
    """Nobody is cut off who came with a certificate under it last."""

    def test_in_use(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError, match="'fleet' cannot lose CN=Issuing: the last certificate of CN=web1"):
            ensure(conversation, certificates=[next_issuing.pem])

    def test_in_use_in_check_mode(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError, match="cannot lose"):
            ensure(conversation, check_mode=True, certificates=[next_issuing.pem])

    @pytest.mark.parametrize("case", ["moved on", "long ago", "failed", "nobody"])
    def test_not_in_use(self, conversation: Any, issuing: Any, next_issuing: Any, case: str) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, *([] if case == "nobody" else ["CN=web1"]), days_ago=31 if case == "long ago" else 1)
        if case == "moved on":
            seen(conversation, "CN=web1", next_issuing.workload("web1"), issuing.workload("web1"))
        if case == "failed":
            seen(conversation, "CN=web1", issuing.workload("web1"), failed=True)
        request = {"trustAnchorId": UUID, "source": source(next_issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(next_issuing.pem)})
        assert ensure(conversation, certificates=[next_issuing.pem])[0].changed

    @pytest.mark.parametrize(
        ("case", "cut_off"),
        [("revoked", False), ("not revoked", True), ("disabled", True), ("of another anchor", True), ("no CRL", True)],
    )
    def test_who_is_revoked_is_not_cut_off(
        self, conversation: Any, issuing: Any, next_issuing: Any, case: str, cut_off: bool
    ) -> None:
        pem = issuing.workload("web1")
        serial = x509.load_pem_x509_certificate(pem.encode()).serial_number
        found = crl(case != "disabled")
        found["crlData"] = issuing.crl(serials=() if case == "not revoked" else (serial,))
        if case == "of another anchor":
            found["trustAnchorArn"] = ARN.replace(UUID, UUID[::-1])
        if case == "no CRL":
            found["crlData"] = b"rubbish"
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", pem)
        revoking(conversation, found)
        if cut_off:
            with pytest.raises(RolesAnywhereError, match="cannot lose"):
                ensure(conversation, certificates=[next_issuing.pem])
            return
        request = {"trustAnchorId": UUID, "source": source(next_issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(next_issuing.pem)})
        assert ensure(conversation, certificates=[next_issuing.pem])[0].changed

    def test_by_force(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        request = {"trustAnchorId": UUID, "source": source(next_issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(next_issuing.pem)})
        assert ensure(conversation, certificates=[next_issuing.pem], force=True)[0].changed

    def test_days_are_the_users(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1", days_ago=8)
        request = {"trustAnchorId": UUID, "source": source(next_issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(next_issuing.pem)})
        assert ensure(conversation, certificates=[next_issuing.pem], seen_within=7)[0].changed

    @pytest.mark.parametrize("days", [-1, 0, 36501, 10**12])
    def test_no_number_of_days(self, conversation: Any, days: int) -> None:
        with pytest.raises(RolesAnywhereError, match=f"^seen_within: {days} is not a number of days from 1 to 36500.$"):
            ensure(conversation, seen_within=days)


class TestDeleting:
    """Nothing that is in use goes without force, and what belongs to an anchor goes with it."""

    def found(self, conversation: Any, *crls: dict[str, Any], **others: Any) -> None:
        listed(conversation, others.pop("current"))
        conversation.expect("list_crls", {}, {"crls": [*crls, crl(True, anchor_arn=ARN.replace("4e5a", "4e5b"))]})

    def goes(self, conversation: Any, current: dict[str, Any]) -> None:
        conversation.expect("delete_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": current})

    def test_needs_no_certificate(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, current=anchor(issuing.pem))
        subjects(conversation)
        self.goes(conversation, anchor(issuing.pem))
        outcome, _warnings = ensure(conversation, state="absent")
        assert outcome.changed
        assert outcome.facts == {"deleted_crls": []}

    def test_one_that_is_gone_is_one_call(self, conversation: Any) -> None:
        listed(conversation)
        outcome, _warnings = ensure(conversation, state="absent")
        assert (outcome.changed, outcome.facts) == (False, {})

    def test_disabled_crl_goes_first(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, crl(False), current=anchor(issuing.pem))
        subjects(conversation)
        conversation.expect("delete_crl", {"crlId": CRL}, {"crl": crl(False)})
        self.goes(conversation, anchor(issuing.pem))
        outcome, _warnings = ensure(conversation, state="absent")
        shown = {"crl_id": CRL, "crl_arn": crl(False)["crlArn"], "name": "revoked", "enabled": False}
        assert outcome.facts == {"deleted_crls": [shown]}

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_enabled_crl(self, conversation: Any, issuing: Any, check_mode: bool) -> None:
        self.found(conversation, crl(True), current=anchor(issuing.pem))
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, check_mode, state="absent")
        assert str(caught.value) == (
            "The trust anchor 'fleet' still has an enabled CRL, 'revoked', so it seems to be in use: disable that "
            "first, or set force to delete both."
        )

    def test_enabled_crls(self, conversation: Any, issuing: Any) -> None:
        second = {**crl(True), "name": "more"}
        self.found(conversation, crl(True), second, current=anchor(issuing.pem))
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, state="absent")
        assert str(caught.value) == (
            "The trust anchor 'fleet' still has 2 enabled CRLs, 'revoked', 'more', so it seems to be in use: disable "
            "those first, or set force to delete all of them."
        )

    def test_nobody_is_let_in_again_while_an_enabled_crl_goes_by_force(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, crl(True), current=anchor(issuing.pem))
        conversation.expect("disable_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": anchor(issuing.pem)})
        conversation.expect("delete_crl", {"crlId": CRL}, {"crl": crl(True)})
        self.goes(conversation, anchor(issuing.pem))
        assert ensure(conversation, state="absent", force=True)[0].changed

    def test_an_anchor_that_is_disabled_is_not_disabled_again(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, crl(True), current=anchor(issuing.pem, enabled=False))
        conversation.expect("delete_crl", {"crlId": CRL}, {"crl": crl(True)})
        self.goes(conversation, anchor(issuing.pem))
        assert ensure(conversation, state="absent", force=True)[0].changed

    def test_check_mode_deletes_nothing_and_foretells_all(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, crl(True), current=anchor(issuing.pem))
        outcome, _warnings = ensure(conversation, check_mode=True, state="absent", force=True)
        assert outcome.changed
        assert [deleted["name"] for deleted in outcome.facts["deleted_crls"]] == ["revoked"]
        assert [shown["name"] for shown in outcome.before["crls"]] == ["revoked"]

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_somebody_seen_lately(self, conversation: Any, issuing: Any, next_issuing: Any, check_mode: bool) -> None:
        self.found(conversation, current=anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", next_issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, check_mode, state="absent")
        assert str(caught.value) == (
            "The trust anchor 'fleet' cannot be deleted: the last certificate of CN=web1, seen within 30 days, is of "
            "CN=Issuing, CN=Issuing G2; renew it under another trust anchor, or set force to cut off whoever still "
            "needs this one."
        )

    def test_somebody_of_another_anchor(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        self.found(conversation, current=anchor(issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", next_issuing.workload("web1"))
        self.goes(conversation, anchor(issuing.pem))
        assert ensure(conversation, state="absent")[0].changed

    def test_somebody_seen_under_a_private_ca(self, conversation: Any, issuing: Any) -> None:
        self.found(conversation, current=anchor(source=PRIVATE))
        certified(conversation, issuing)
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError, match="cannot be deleted: the last certificate of CN=web1"):
            ensure(conversation, state="absent")

    def test_private_ca_that_is_gone(self, conversation: Any) -> None:
        self.found(conversation, current=anchor(source=PRIVATE))
        conversation.beside("acm-pca").refuse("get_certificate_authority_certificate", "ResourceNotFoundException")
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, state="absent")
        assert str(caught.value) == (
            "Who still needs the trust anchor 'fleet' cannot be told without the certificate of its Private CA: set "
            "force if nobody does. AWS Private CA found nothing for GetCertificateAuthorityCertificate: no"
        )


class TestPrivateCa:
    """An anchor follows its Private CA, and points to none that AWS would not take."""

    def test_creating_looks_at_the_ca_and_the_account(self, conversation: Any) -> None:
        listed(conversation)
        conversation.beside("sts").expect("get_caller_identity", {}, {"Account": "123456789012"})
        described(conversation)
        request = {"name": "fleet", "enabled": True, "source": PRIVATE}
        conversation.expect("create_trust_anchor", request, {"trustAnchor": anchor(source=PRIVATE)})
        outcome, warnings = ensure(conversation, acm_pca_arn=PRIVATE_CA)
        assert (outcome.changed, warnings) == (True, [])

    @pytest.mark.parametrize(
        "changed", [{}, {"LastStateChangeAt": NOW - timedelta(days=2)}, {"LastStateChangeAt": NOW - timedelta(days=1)}]
    )
    def test_unchanged_is_one_call_and_one_to_private_ca(self, conversation: Any, changed: dict[str, Any]) -> None:
        listed(conversation, anchor(source=PRIVATE, updatedAt=NOW - timedelta(days=1)))
        described(conversation, **changed)
        assert not ensure(conversation, acm_pca_arn=PRIVATE_CA)[0].changed

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_renewed_ca_refreshes_the_anchor_and_says_why(self, conversation: Any, check_mode: bool) -> None:
        made = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
        current = anchor(source=PRIVATE, updatedAt=made)
        listed(conversation, current)
        described(conversation, LastStateChangeAt=made + timedelta(seconds=1))
        refreshed = anchor(source=PRIVATE, updatedAt=made + timedelta(seconds=2))
        if not check_mode:
            request = {"trustAnchorId": UUID, "source": PRIVATE}
            conversation.expect("update_trust_anchor", request, {"trustAnchor": refreshed})
        outcome, _warnings = ensure(conversation, check_mode, acm_pca_arn=PRIVATE_CA)
        assert outcome.changed
        assert outcome.before["refreshDue"] == (
            "AWS Private CA changed the CA at 2026-11-20T10:00:01Z, the trust anchor is of 2026-11-20T10:00:00Z"
        )
        assert outcome.after == (current if check_mode else refreshed)

    def test_refreshing_goes_with_other_changes(self, conversation: Any) -> None:
        listed(conversation, anchor(source=PRIVATE, updatedAt=NOW - timedelta(days=1)))
        described(conversation, LastStateChangeAt=NOW)
        conversation.expect("disable_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": anchor(source=PRIVATE)})
        request = {"trustAnchorId": UUID, "source": PRIVATE}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(source=PRIVATE)})
        conversation.expect("get_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": anchor(source=PRIVATE)})
        assert ensure(conversation, acm_pca_arn=PRIVATE_CA, enabled=False)[0].changed

    def test_left_out_looks_at_no_ca(self, conversation: Any) -> None:
        listed(conversation, anchor(source=PRIVATE))
        assert not ensure(conversation)[0].changed

    @pytest.mark.parametrize("status", ["CREATING", "PENDING_CERTIFICATE", "DELETED", "DISABLED", "EXPIRED", "FAILED"])
    def test_ca_that_is_not_active(self, conversation: Any, status: str) -> None:
        listed(conversation, anchor(source=PRIVATE, updatedAt=NOW))
        described(conversation, Status=status, LastStateChangeAt=NOW + timedelta(days=1))
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, acm_pca_arn=PRIVATE_CA)
        assert str(caught.value) == (
            f"acm_pca_arn: the Private CA {PRIVATE_CA} is {status}, and a trust anchor can only point to one that is "
            "ACTIVE: activate it, or leave acm_pca_arn out to change something else of a trust anchor that exists."
        )

    def test_root(self, conversation: Any) -> None:
        current = anchor(source=PRIVATE, updatedAt=NOW)
        listed(conversation, current)
        described(conversation, Type="ROOT")
        with pytest.raises(RolesAnywhereError, match=f"^acm_pca_arn: the Private CA {PRIVATE_CA} is a root: give the"):
            ensure(conversation, acm_pca_arn=PRIVATE_CA)
        listed(conversation, current)
        described(conversation, Type="ROOT")
        outcome, warnings = ensure(conversation, acm_pca_arn=PRIVATE_CA, include_root=True)
        assert not outcome.changed
        assert warnings == [
            f"The trust anchor points to the root {PRIVATE_CA}: every CA under it can vouch for workloads."
        ]

    @pytest.mark.parametrize("exists", [True, False])
    def test_ca_of_another_account(self, conversation: Any, exists: bool) -> None:
        listed(conversation, *([anchor(source=PRIVATE)] if exists else []))
        if not exists:
            conversation.beside("sts").expect("get_caller_identity", {}, {"Account": "123456789012"})
        elsewhere = PRIVATE_CA.replace("123456789012", "210987654321")
        with pytest.raises(RolesAnywhereError) as caught:
            ensure(conversation, acm_pca_arn=elsewhere)
        assert str(caught.value) == (
            f"acm_pca_arn: the Private CA {elsewhere} is of the account 210987654321, but the trust anchor is of "
            "123456789012, for which AWS documents nothing: give the CA's certificate with certificates instead."
        )

    @pytest.mark.parametrize(
        ("arn", "reason"),
        [
            (
                PRIVATE_CA.replace("eu-central-1", "eu-west-1"),
                "is in the region eu-west-1, but this task works in eu-c",
            ),
            ("", "is not the ARN of a Private CA; it should look like arn:aws:acm-pca:<region>:<account>:cert"),
            (ARN, "is not the ARN of a Private CA"),
        ],
    )
    def test_no_arn_of_a_ca_here(self, conversation: Any, arn: str, reason: str) -> None:
        with pytest.raises(RolesAnywhereError, match=f"^acm_pca_arn: .*{reason}"):
            ensure(conversation, acm_pca_arn=arn)

    def test_bundle_of_its_certificate_cuts_off_nobody(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, anchor(source=PRIVATE))
        certified(conversation, issuing)
        request = {"trustAnchorId": UUID, "source": source(issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(issuing.pem)})
        assert ensure(conversation, certificates=[issuing.pem])[0].changed

    def test_bundle_of_another_ca_cuts_off_whom_it_vouched_for(
        self, conversation: Any, issuing: Any, next_issuing: Any
    ) -> None:
        listed(conversation, anchor(source=PRIVATE))
        certified(conversation, issuing)
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError, match="'fleet' cannot lose CN=Issuing: the last certificate of CN=web1"):
            ensure(conversation, certificates=[next_issuing.pem])

    def test_another_private_ca_cuts_off_whom_the_old_one_vouched_for(
        self, conversation: Any, issuing: Any, next_issuing: Any
    ) -> None:
        other = PRIVATE_CA.replace("4e5a", "4e5b")
        listed(conversation, anchor(source=PRIVATE))
        described(conversation, arn=other)
        certified(conversation, next_issuing, arn=other)
        certified(conversation, issuing)
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        revoking(conversation)
        with pytest.raises(RolesAnywhereError, match="'fleet' cannot lose CN=Issuing: the last certificate of CN=web1"):
            ensure(conversation, acm_pca_arn=other)

    def test_a_bundle_becomes_a_private_ca(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, updatedAt=NOW))
        described(conversation)
        certified(conversation, issuing)
        request = {"trustAnchorId": UUID, "source": PRIVATE}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(source=PRIVATE)})
        assert ensure(conversation, acm_pca_arn=PRIVATE_CA)[0].changed


class TestNotificationSettings:
    """They are given when an anchor is made, changed in place and read back."""

    def test_given_when_it_is_made(self, conversation: Any, issuing: Any) -> None:
        listed(conversation)
        request = {
            "name": "fleet",
            "enabled": True,
            "source": source(issuing.pem),
            "notificationSettings": [PUT],
        }
        conversation.expect("create_trust_anchor", request, {"trustAnchor": anchor(issuing.pem)})
        assert ensure(conversation, certificates=[issuing.pem], notification_settings=[SETTING])[0].changed

    def test_put_in_place_and_read_back(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, notificationSettings=[DEFAULT]))
        after = anchor(issuing.pem, notificationSettings=[SHOWN])
        conversation.expect(
            "put_notification_settings",
            {"trustAnchorId": UUID, "notificationSettings": [PUT]},
            {"trustAnchor": after},
        )
        conversation.expect("get_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": after})
        assert ensure(conversation, notification_settings=[SETTING])[0].after == after

    def test_reset_of_all(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, notificationSettings=[SHOWN]))
        after = anchor(issuing.pem, notificationSettings=[DEFAULT])
        keys = [{"event": "CA_CERTIFICATE_EXPIRY", "channel": "ALL"}]
        conversation.expect(
            "reset_notification_settings",
            {"trustAnchorId": UUID, "notificationSettingKeys": keys},
            {"trustAnchor": after},
        )
        conversation.expect("get_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": after})
        assert ensure(conversation, notification_settings=[])[0].after == after

    def test_unchanged_is_one_call(self, conversation: Any, issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, notificationSettings=[SHOWN]))
        assert not ensure(conversation, notification_settings=[SETTING])[0].changed

    def test_what_did_not_take_is_a_sentence(self, conversation: Any, issuing: Any) -> None:
        current = anchor(issuing.pem, notificationSettings=[DEFAULT])
        listed(conversation, current)
        conversation.expect(
            "put_notification_settings",
            {"trustAnchorId": UUID, "notificationSettings": [PUT]},
            {"trustAnchor": current},
        )
        conversation.expect("get_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": current})
        with pytest.raises(RolesAnywhereError, match="'fleet' has other notificationSettings than it was given"):
            ensure(conversation, notification_settings=[SETTING])
