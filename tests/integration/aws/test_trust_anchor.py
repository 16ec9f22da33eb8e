# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module trust_anchor as Ansible runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .authority import Authority
from .controller import Controller


def test_life_of_a_trust_anchor(
    controller: Controller, rolesanywhere: Any, issuing: Authority, next_issuing: Authority
) -> None:
    made = controller.four_steps("trust_anchor", name="fleet", certificates=[issuing.pem])
    arn = made["trust_anchor"]["trust_anchor_arn"]
    assert made["trust_anchor"]["enabled"] is True
    assert made["diff"]["before"] == {}

    changed = controller.four_steps(
        "trust_anchor",
        name="fleet",
        certificates=[issuing.pem, next_issuing.pem],
        tags={"Team": "Platform", "stage": "trial"},
    )["trust_anchor"]
    assert changed["source"]["source_data"]["x509_certificate_data"].count("BEGIN CERTIFICATE") == 2

    renamed = controller.four_steps("trust_anchor", id=arn, name="fleet of 2026", enabled=False, tags={"Team": "Web"})
    assert renamed["trust_anchor"]["tags"] == {"Team": "Web"}
    assert rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "Team", "value": "Web"}]
    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    assert (anchor["trustAnchorArn"], anchor["name"], anchor["enabled"]) == (arn, "fleet of 2026", False)

    gone = controller.four_steps("trust_anchor", id=arn, state="absent")
    assert "trust_anchor" not in gone
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []


def test_certificates_from_files_and_a_root_that_is_insisted_on(
    controller: Controller, tmp_path: Path, root: Authority, issuing: Authority
) -> None:
    path = tmp_path / "issuing.pem"
    path.write_text(issuing.pem)
    assert controller.module("trust_anchor", name="fleet", certificate_paths=[str(path)])["changed"]
    refused = controller.module("trust_anchor", name="other", certificates=[root.pem])
    assert refused["msg"].startswith("The certificate CN=Root is self-signed, a root: ")
    insisted = controller.module("trust_anchor", name="other", certificates=[root.pem], include_root=True)
    assert insisted["warnings"] == [
        "The trust anchor holds the root CN=Root: every CA under it can vouch for workloads."
    ]


def test_two_of_one_name(controller: Controller, rolesanywhere: Any, issuing: Authority) -> None:
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": issuing.pem}}
    anchors = [rolesanywhere.create_trust_anchor(name="fleet", source=source)["trustAnchor"] for _ in range(2)]
    refused = controller.module("trust_anchor", name="fleet", state="absent")
    identifiers = sorted(anchor["trustAnchorId"] for anchor in anchors)
    assert refused["msg"] == (
        "There are 2 trust anchors named 'fleet' in eu-central-1: say which with id, one of "
        + ", ".join(identifiers)
        + "."
    )
    assert controller.module("trust_anchor", id=identifiers[0], state="absent")["changed"]
    assert not controller.module("trust_anchor", id=identifiers[0], state="absent")["changed"]


def test_the_stale_answer_to_enable_is_not_believed(
    controller: Controller, emulator: Any, rolesanywhere: Any, issuing: Authority
) -> None:
    emulator.switches.stale_echo = True
    controller.module("trust_anchor", name="fleet", certificates=[issuing.pem])
    assert controller.module("trust_anchor", name="fleet", enabled=False)["trust_anchor"]["enabled"] is False
    assert controller.module("trust_anchor", name="fleet", enabled=True)["trust_anchor"]["enabled"] is True


def test_one_sentence_for_each_mistake(controller: Controller, issuing: Authority) -> None:
    mistakes = [
        (
            {"name": "fleet"},
            "There is no trust anchor named 'fleet' in eu-central-1 yet: give certificates, certificate_paths or",
        ),
        (
            {"name": "a/b", "certificates": [issuing.pem]},
            "name: 'a/b' is not 1 to 255 letters, digits, spaces, hyphens",
        ),
        ({"name": "fleet", "certificates": ["x"]}, "certificates: the text is not one or more certificates in PEM"),
        (
            {"id": "arn:aws:iam::1:role/x"},
            "id: 'arn:aws:iam::1:role/x' is neither the UUID nor the ARN of a trust anchor; an ARN",
        ),
        ({}, "one of the following is required: name, id"),
    ]
    results = controller.run(
        [{"fleet.rolesanywhere.trust_anchor": options, "ignore_errors": True} for options, _ in mistakes]
    )
    for result, (_, sentence) in zip(results, mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
        assert "Traceback" not in result.get("exception", "")
