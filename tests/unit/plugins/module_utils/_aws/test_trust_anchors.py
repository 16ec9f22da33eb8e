# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors: certificates are checked before any call, compared by what they are, and not lost by accident."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.resources import Resources
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

UUID = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
SUBJECT = "00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/{UUID}"
NOW = datetime.now(timezone.utc)


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
    names = ("id", "certificates", "certificate_paths", "enabled", "tags")
    options = {
        **dict.fromkeys(names),
        "name": "fleet",
        "purge_tags": True,
        "state": "present",
        "include_root": False,
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
    path = tmp_path / "ca.pem"
    path.write_text(issuing.pem)
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

    def test_no_pem(self, conversation: Any) -> None:
        with pytest.raises(CertificateError, match="not one or more certificates in PEM"):
            ensure(conversation, certificates=["nonsense"])

    def test_none_to_create_with(self, conversation: Any) -> None:
        listed(conversation)
        with pytest.raises(
            RolesAnywhereError, match=r"no trust anchor named 'fleet' .* give certificates to create it"
        ):
            ensure(conversation)


class TestTakingACertificateOut:
    """Nobody is cut off who came with a certificate under it last."""

    def test_in_use(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
        with pytest.raises(RolesAnywhereError, match="'fleet' cannot lose CN=Issuing: the last certificate of CN=web1"):
            ensure(conversation, certificates=[next_issuing.pem])

    def test_in_use_in_check_mode(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        subjects(conversation, "CN=web1")
        seen(conversation, "CN=web1", issuing.workload("web1"))
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

    def test_by_force(self, conversation: Any, issuing: Any, next_issuing: Any) -> None:
        listed(conversation, anchor(issuing.pem, next_issuing.pem))
        request = {"trustAnchorId": UUID, "source": source(next_issuing.pem)}
        conversation.expect("update_trust_anchor", request, {"trustAnchor": anchor(next_issuing.pem)})
        assert ensure(conversation, certificates=[next_issuing.pem], force=True)[0].changed


def test_deleting_needs_no_certificate(conversation: Any, issuing: Any) -> None:
    listed(conversation, anchor(issuing.pem))
    conversation.expect("delete_trust_anchor", {"trustAnchorId": UUID}, {"trustAnchor": anchor(issuing.pem)})
    assert ensure(conversation, state="absent")[0].changed


def test_an_anchor_of_a_private_ca_becomes_a_bundle(conversation: Any, issuing: Any) -> None:
    private = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": "arn:aws:acm-pca:eu-central-1:1:x"}}
    listed(conversation, anchor(source=private))
    conversation.expect(
        "update_trust_anchor",
        {"trustAnchorId": UUID, "source": source(issuing.pem)},
        {"trustAnchor": anchor(issuing.pem)},
    )
    assert ensure(conversation, certificates=[issuing.pem])[0].changed
