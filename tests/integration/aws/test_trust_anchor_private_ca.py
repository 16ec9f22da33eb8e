# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors that point to AWS Private CA."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .authority import Authority
from .controller import Controller
from .private_ca import PrivateCa

ACCOUNT = "123456789012"


@pytest.fixture
def acm_pca(emulator: EmulatorServer) -> Any:
    return client(emulator, "acm-pca")


@pytest.fixture
def private_ca(acm_pca: Any, root: Authority) -> PrivateCa:
    made = PrivateCa(acm_pca)
    made.certify(root)
    return made


def test_life_of_a_trust_anchor_that_follows_its_ca(
    controller: Controller, emulator: EmulatorServer, private_ca: PrivateCa, root: Authority
) -> None:
    options = {"name": "private", "acm_pca_arn": private_ca.arn}
    made = controller.four_steps("trust_anchor", **options)
    assert made["trust_anchor"]["source"] == {
        "source_type": "AWS_ACM_PCA",
        "source_data": {"acm_pca_arn": private_ca.arn},
    }
    assert "refresh_due" not in made["diff"]["before"]

    renewed = private_ca.certify(root)
    refreshed = controller.four_steps("trust_anchor", **options)
    assert refreshed["diff"]["before"].pop("refresh_due").startswith("AWS Private CA changed the CA at 20")
    assert refreshed["diff"]["before"] == refreshed["diff"]["after"]
    [known] = emulator.state.store(ACCOUNT, REGION).trust_anchors.values()
    assert [certificate.public_bytes(Encoding.PEM).decode() for certificate in known.certificates] == [renewed]

    private_ca.certify(root)
    together = controller.four_steps("trust_anchor", **options, enabled=False, tags={"team": "a"})
    assert together["diff"]["before"]["refresh_due"]
    assert together["trust_anchor"]["enabled"] is False

    controller.four_steps("trust_anchor", name="private", state="absent")


def test_a_bundle_goes_over_to_private_ca_and_back(
    controller: Controller, private_ca: PrivateCa, root: Authority, issuing: Authority
) -> None:
    pem = private_ca.certify(root)
    controller.four_steps("trust_anchor", name="fleet", certificates=[pem])
    moved = controller.four_steps("trust_anchor", name="fleet", acm_pca_arn=private_ca.arn)
    assert moved["trust_anchor"]["source"]["source_type"] == "AWS_ACM_PCA"
    back = controller.four_steps("trust_anchor", name="fleet", certificates=[issuing.pem])
    assert back["trust_anchor"]["source"]["source_type"] == "CERTIFICATE_BUNDLE"


def test_a_ca_that_is_not_active(
    controller: Controller, acm_pca: Any, private_ca: PrivateCa, rolesanywhere: Any
) -> None:
    pending = PrivateCa(acm_pca, "Pending").arn
    refused = controller.module("trust_anchor", name="private", acm_pca_arn=pending)
    assert refused["msg"].startswith(
        f"acm_pca_arn: the Private CA {pending} is PENDING_CERTIFICATE, and a trust anchor"
    )
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []

    controller.four_steps("trust_anchor", name="private", acm_pca_arn=private_ca.arn)
    private_ca.switch("DISABLED")
    refused = controller.module("trust_anchor", name="private", acm_pca_arn=private_ca.arn)
    assert refused["msg"].startswith(f"acm_pca_arn: the Private CA {private_ca.arn} is DISABLED, and a trust anchor")
    controller.four_steps("trust_anchor", name="private", enabled=False)
    private_ca.switch("ACTIVE")
    controller.four_steps("trust_anchor", name="private", acm_pca_arn=private_ca.arn, enabled=True)


def test_a_root_that_is_insisted_on(controller: Controller, acm_pca: Any) -> None:
    top = PrivateCa(acm_pca, "Private root", kind="ROOT")
    top.certify_itself()
    refused = controller.module("trust_anchor", name="private", acm_pca_arn=top.arn)
    assert refused["msg"].startswith(f"acm_pca_arn: the Private CA {top.arn} is a root: give the issuing CA instead")
    insisted = controller.four_steps("trust_anchor", name="private", acm_pca_arn=top.arn, include_root=True)
    assert insisted["warnings"] == [
        f"The trust anchor points to the root {top.arn}: every CA under it can vouch for workloads."
    ]


def test_one_sentence_for_each_mistake(
    controller: Controller, emulator: EmulatorServer, private_ca: PrivateCa, issuing: Authority
) -> None:
    unknown = f"arn:aws:acm-pca:{REGION}:{ACCOUNT}:certificate-authority/00000000-0000-0000-0000-000000000000"
    another_account = unknown.replace(ACCOUNT, "210987654321")
    elsewhere = PrivateCa(client(emulator, "acm-pca", "eu-west-1")).arn
    mistakes = [
        (
            {"acm_pca_arn": unknown},
            "AWS Private CA found nothing for DescribeCertificateAuthority: Could not find",
        ),
        ({"acm_pca_arn": another_account}, f"acm_pca_arn: the Private CA {another_account} is of the account 210987"),
        ({"acm_pca_arn": elsewhere}, f"acm_pca_arn: {elsewhere!r} is in the region eu-west-1, but this task works in"),
        ({"acm_pca_arn": "private"}, "acm_pca_arn: 'private' is not the ARN of a Private CA; it should look like arn"),
        (
            {"acm_pca_arn": private_ca.arn, "certificates": [issuing.pem]},
            "parameters are mutually exclusive: certificates|certificate_paths|acm_pca_arn",
        ),
    ]
    results = controller.run(
        [
            {"fleet.rolesanywhere.trust_anchor": {"name": "x", **options}, "ignore_errors": True}
            for options, _ in mistakes
        ]
    )
    for result, (_, sentence) in zip(results, mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
        assert "Traceback" not in result.get("exception", "")


def test_a_ca_that_was_made_anew_is_no_renewal(
    controller: Controller, emulator: EmulatorServer, private_ca: PrivateCa, issuing: Authority
) -> None:
    controller.four_steps("trust_anchor", name="private", acm_pca_arn=private_ca.arn)
    # AWS Private CA lets nobody do that; the trust anchor must not count on it.
    replaced = emulator.state.store(ACCOUNT, REGION).private_cas.authorities[private_ca.arn]
    replaced.certificate = x509.load_pem_x509_certificate(issuing.pem.encode())
    replaced.changed_at = emulator.switches.now()
    refused = controller.module("trust_anchor", name="private", acm_pca_arn=private_ca.arn)
    assert refused["msg"] == (
        "Roles Anywhere refused UpdateTrustAnchor with ValidationException: Only the validity of the CA certificate "
        "may change"
    )
