# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module trust_anchor_info as Ansible runs it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .authority import Authority
from .controller import Controller

UNKNOWN = "4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"


def test_anchors_are_shown_as_trust_anchor_shows_them_with_their_certificates(
    controller: Controller, issuing: Authority, next_issuing: Authority
) -> None:
    pems = [issuing.pem, next_issuing.pem]
    make = {"fleet.rolesanywhere.trust_anchor": {"name": "fleet", "certificates": pems, "tags": {"Team": "Web"}}}
    look = {"fleet.rolesanywhere.trust_anchor_info": {"include_tags": True}}
    made, seen, foretold = controller.run([make, look, {**look, "check_mode": True}])
    [anchor] = seen["trust_anchors"]
    certificates = anchor.pop("certificates")
    assert anchor == made["trust_anchor"]
    assert seen["changed"] is False
    assert foretold["trust_anchors"][0]["name"] == "fleet"

    certificate = x509.load_pem_x509_certificate(issuing.pem.encode())
    assert [one["subject"] for one in certificates] == ["CN=Issuing CA G1", "CN=Issuing CA G2"]
    assert certificates[0] == {
        "subject": "CN=Issuing CA G1",
        "issuer": "CN=Root",
        "serial": certificates[0]["serial"],
        "not_before": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
    }
    assert int(certificates[0]["serial"], 16) == certificate.serial_number


def test_by_name_and_by_id(controller: Controller, issuing: Authority, next_issuing: Authority) -> None:
    task = "fleet.rolesanywhere.trust_anchor"
    a, b = controller.run(
        [
            {task: {"name": "a", "certificates": [issuing.pem]}},
            {task: {"name": "b", "certificates": [next_issuing.pem]}},
        ]
    )
    questions = [
        ({"name": "b"}, ["b"]),
        ({"id": a["trust_anchor"]["trust_anchor_id"]}, ["a"]),
        ({"id": b["trust_anchor"]["trust_anchor_arn"]}, ["b"]),
        ({"name": "nobody"}, []),
        ({"id": UNKNOWN}, []),
    ]
    results = controller.run([{f"{task}_info": question} for question, _ in questions])
    assert [[seen["name"] for seen in result["trust_anchors"]] for result in results] == [
        names for _, names in questions
    ]


def test_what_is_no_question_is_one_sentence(controller: Controller) -> None:
    mistakes = [
        ({"name": "a", "id": UNKNOWN}, "parameters are mutually exclusive: name|id"),
        ({"id": "fleet"}, "id: 'fleet' is neither the UUID nor the ARN of a trust anchor; an ARN"),
        ({"name": "a/b"}, "name: 'a/b' is not 1 to 255 letters"),
    ]
    tasks = [
        {"fleet.rolesanywhere.trust_anchor_info": question, "ignore_errors": True} for question, _sentence in mistakes
    ]
    for result, (_question, sentence) in zip(controller.run(tasks), mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
