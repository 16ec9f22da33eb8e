# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role trust: from the CA's certificate and CRL to a working AWS side."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .authority import Authority
from .controller import Controller
from .private_ca import PrivateCa

FACTS = (
    "rolesanywhere_trust_anchor_arn",
    "rolesanywhere_crl_name",
    "rolesanywhere_crl_arn",
    "rolesanywhere_role_arn",
    "rolesanywhere_profile_arn",
)
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"}],
}
TASKS: list[dict[str, Any]] = [
    {"ansible.builtin.include_role": {"name": "fleet.rolesanywhere.trust"}},
    {"ansible.builtin.debug": {"msg": {fact: f"{{{{ {fact} | default('') }}}}" for fact in FACTS}}},
]


@pytest.fixture
def variables(issuing: Authority) -> dict[str, Any]:
    """Return what an administrator decides."""
    return {
        "trust_name": "web",
        "trust_certificates": [issuing.pem],
        "trust_crl": issuing.crl(1),
        "trust_subject": {"OU": "web"},
        "trust_role_policy": BUCKET_POLICY,
        "trust_session_policy": BUCKET_POLICY,
        "trust_tags": {"Team": "Web"},
    }


def failures(results: list[dict[str, Any]]) -> list[str]:
    """Return the sentences of the tasks that failed."""
    return [result["msg"] for result in results if result.get("failed")]


def changed(results: list[dict[str, Any]]) -> int:
    """Count the tasks that changed something, none of which may have failed."""
    assert failures(results) == []
    return sum(bool(result.get("changed")) for result in results)


def test_from_nothing_to_a_working_side_and_nothing_the_second_time(
    controller: Controller, emulator: EmulatorServer, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    first = controller.run(TASKS, variables=variables)
    assert changed(first) == 5  # trust anchor, CRL, IAM role, its policy, profile
    assert "instance_profile' option" not in str(first)  # amazon.aws warns those who leave its options out
    facts = first[-1]["msg"]

    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    [crl] = rolesanywhere.list_crls()["crls"]
    [profile] = rolesanywhere.list_profiles()["profiles"]
    role = client(emulator, "iam").get_role(RoleName="web")["Role"]
    assert facts == {
        "rolesanywhere_trust_anchor_arn": anchor["trustAnchorArn"],
        "rolesanywhere_crl_name": "web",
        "rolesanywhere_crl_arn": crl["crlArn"],
        "rolesanywhere_role_arn": role["Arn"],
        "rolesanywhere_profile_arn": profile["profileArn"],
    }
    assert [anchor["enabled"], crl["enabled"], profile["enabled"]] == [True] * 3
    assert crl["trustAnchorArn"] == anchor["trustAnchorArn"]
    assert profile["roleArns"] == [role["Arn"]]
    assert json.loads(profile["sessionPolicy"]) == BUCKET_POLICY
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": anchor["trustAnchorArn"]},
        "StringEquals": {"aws:PrincipalTag/x509Subject/OU": "web"},
    }
    inline = client(emulator, "iam").get_role_policy(RoleName="web", PolicyName="web")
    assert inline["PolicyDocument"] == BUCKET_POLICY
    assert {"Key": "Team", "Value": "Web"} in role["Tags"]

    second = controller.run(TASKS, variables=variables)
    assert changed(second) == 0
    assert second[-1]["msg"] == facts
    assert changed(controller.run(TASKS, "--check", "--diff", variables=variables)) == 0


def test_diff_mode_shows_the_trust_policy_that_the_role_is_to_have(
    controller: Controller, emulator: EmulatorServer, variables: dict[str, Any]
) -> None:
    made = controller.run(TASKS, variables=variables)
    assert changed(made) == 5
    other = {**variables, "trust_subject": {"OU": "db"}}
    foretold = controller.run(TASKS, "--check", "--diff", variables=other)
    assert changed(foretold) == 1
    [shown] = [result["msg"]["web"] for result in foretold if "web" in (result.get("msg") or ())]
    assert changed(controller.run(TASKS, variables=other)) == 1
    assert client(emulator, "iam").get_role(RoleName="web")["Role"]["AssumeRolePolicyDocument"] == shown
    assert [result for result in made if "web" in (result.get("msg") or ())] == []


def test_without_a_crl_its_arn_is_empty(controller: Controller, emulator: EmulatorServer, root: Authority) -> None:
    private_ca = PrivateCa(client(emulator, "acm-pca"))
    private_ca.certify(root)
    show = {"ansible.builtin.debug": {"msg": "{{ rolesanywhere_crl_arn }}"}}
    without = {"trust_acm_pca_arn": private_ca.arn, "trust_subject": {"OU": "web"}}
    results = controller.run([TASKS[0], show], variables=without)
    assert changed(results) == 3  # trust anchor, IAM role, profile
    assert results[-1]["msg"] == ""


def test_check_mode_before_anything_exists(
    controller: Controller, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    results = controller.run(TASKS, "--check", variables=variables)
    assert changed(results) == 1
    assert "follow when the trust anchor exists" in str(results)
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []


def test_check_mode_before_the_ca_exists(controller: Controller, variables: dict[str, Any]) -> None:
    not_yet = {**variables, "trust_certificates": [""], "trust_crl": ""}  # what the role ca hands on in check mode
    results = controller.run(TASKS, "--check", variables=not_yet)
    assert changed(results) == 0
    assert "The AWS side follows when the CA is made" in str(results)
    assert "Give the CA's CRL" in str(failures(controller.run(TASKS, variables=not_yet)))


def test_a_crl_may_leave_out_what_has_expired(
    controller: Controller, issuing: Authority, variables: dict[str, Any]
) -> None:
    controller.run(TASKS, variables={**variables, "trust_crl": issuing.crl(1, 0x4001)})
    shorter = {**variables, "trust_crl": issuing.crl(2)}
    assert failures(controller.run(TASKS, variables=shorter))
    assert changed(controller.run(TASKS, variables={**shorter, "trust_crl_expired_serials": ["4001"]})) == 1


def test_check_mode_when_only_the_trust_anchor_exists(
    controller: Controller, rolesanywhere: Any, issuing: Authority, variables: dict[str, Any]
) -> None:
    controller.module("trust_anchor", name="web", certificates=[issuing.pem], tags={"Team": "Web"})
    results = controller.run(TASKS, "--check", variables=variables)
    assert changed(results) == 3  # CRL, IAM role, profile; the policy waits for the role
    assert results[-1]["msg"]["rolesanywhere_crl_arn"] == ""  # the service gives it
    assert results[-1]["msg"]["rolesanywhere_role_arn"] == "arn:aws:iam::123456789012:role/web"
    assert rolesanywhere.list_profiles()["profiles"] == []


def test_a_second_workload_under_the_same_trust_anchor(
    controller: Controller, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    second = {"trust_name": "db", "trust_trust_anchor_name": "web", "trust_subject": {"OU": "db"}}
    tasks = [TASKS[0], {**TASKS[0], "vars": second}]
    assert changed(controller.run(tasks, variables=variables)) == 8
    assert len(rolesanywhere.list_trust_anchors()["trustAnchors"]) == 1
    assert len(rolesanywhere.list_crls()["crls"]) == 1
    assert sorted(profile["name"] for profile in rolesanywhere.list_profiles()["profiles"]) == ["db", "web"]


def test_what_is_refused_in_one_sentence_before_anything_is_made(
    controller: Controller, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"trust_certificates": []}, "Give the issuing CA's certificate with trust_certificates"),
        ({"trust_crl": ""}, "Give the CA's CRL"),
        ({"trust_crl": "", "trust_crl_path": "/nowhere/crl.pem"}, "There is no file /nowhere/crl.pem; give the path"),
        ({"trust_session_duration": 7200}, "trust_session_duration is longer than"),
        ({"trust_subject": {}}, "allow_any_certificate"),
        (
            {"trust_attribute_mappings": {"x509Subject": ["CN"]}},
            "on aws:PrincipalTag/x509Subject/OU, a field that the profile's attribute mappings leave out",
        ),
        ({"trust_subject": {"OU": "*"}}, "subject OU: '*' holds a wildcard"),
    ]
    go_on = [{"ansible.builtin.meta": "clear_host_errors"}]
    tasks = [{"block": [{**TASKS[0], "vars": wrong}], "rescue": go_on} for wrong, _ in mistakes]
    refusals = failures(controller.run(tasks, variables=variables))
    assert len(refusals) == len(mistakes)
    assert all(sentence in refusal for refusal, (_, sentence) in zip(refusals, mistakes, strict=True))
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []
