# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs of AWS Private CA: what they are asked, and which certificates an anchor stands for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import private_cas, trust_anchors
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError

ARN = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"


def test_description(conversation: Any) -> None:
    private_ca = conversation.beside("acm-pca")
    authority = {"Arn": ARN, "Status": "ACTIVE"}
    private_ca.expect(
        "describe_certificate_authority", {"CertificateAuthorityArn": ARN}, {"CertificateAuthority": authority}
    )
    assert private_cas.describe(conversation, ARN) == authority


def test_an_anchor_of_a_private_ca_stands_for_that_cas_certificate(conversation: Any, issuing: Any, root: Any) -> None:
    conversation.beside("acm-pca").expect(
        "get_certificate_authority_certificate",
        {"CertificateAuthorityArn": ARN},
        {"Certificate": issuing.pem, "CertificateChain": root.pem},
    )
    anchor = {"source": {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": ARN}}}
    assert trust_anchors.certificates_of(conversation, anchor) == [issuing.certificate]


def test_an_anchor_of_a_bundle_asks_nobody(conversation: Any, issuing: Any, next_issuing: Any) -> None:
    data = {"x509CertificateData": issuing.pem + next_issuing.pem}
    anchor = {"source": {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": data}}
    assert trust_anchors.certificates_of(conversation, anchor) == [issuing.certificate, next_issuing.certificate]


def test_a_ca_without_a_certificate_is_a_sentence(conversation: Any) -> None:
    conversation.beside("acm-pca").refuse("get_certificate_authority_certificate", "InvalidStateException")
    with pytest.raises(RolesAnywhereError, match="AWS Private CA refused GetCertificateAuthorityCertificate with Inv"):
        private_cas.certificate(conversation, ARN)
