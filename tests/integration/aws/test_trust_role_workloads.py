# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role trust: several workloads, several regions, IAM roles of somebody else's, and the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .controller import Controller
from .workload import IssuingCa, Refused, Workload

OTHER_REGION = "us-east-1"
FACTS = {
    fact: f"{{{{ {fact} | default('') }}}}"
    for fact in (
        "rolesanywhere_trust_anchor_arn",
        "rolesanywhere_role_arn",
        "rolesanywhere_profile_arn",
        "rolesanywhere_workloads",
    )
}
TRUST = {"ansible.builtin.include_role": {"name": "fleet.rolesanywhere.trust"}}


def writes_to(bucket: str) -> dict[str, Any]:
    """Write the policy of those who fill a bucket."""
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def step(check_mode: bool = False, **variables: Any) -> dict[str, Any]:
    """Write one run of the role, which ends with the facts that it leaves."""
    return {
        "block": [TRUST, {"ansible.builtin.debug": {"msg": FACTS}}],
        "check_mode": check_mode,
        "vars": variables,
    }


def run(controller: Controller, variables: dict[str, Any], *steps: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Run the role some times in one play; return how much each run changed, and its facts."""
    results = controller.run(list(steps), variables=variables)
    assert [result["msg"] for result in results if result.get("failed")] == []
    ran, changed = [], 0
    for result in results:
        changed += bool(result.get("changed"))
        if isinstance(result.get("msg"), dict):
            ran.append((changed, result["msg"]))
            changed = 0
    assert len(ran) == len(steps)
    return ran


def refusal(controller: Controller, variables: dict[str, Any]) -> str:
    """Run the role, which must fail with one sentence."""
    [sentence] = [result["msg"] for result in controller.run([TRUST], variables=variables) if result.get("failed")]
    return str(sentence)


@pytest.fixture(scope="module")
def ca() -> IssuingCa:
    return IssuingCa()


@pytest.fixture
def variables(ca: IssuingCa) -> dict[str, Any]:
    """Return what an administrator decides for two workloads: what both share, and what each has for itself."""
    return {
        "trust_name": "fleet",
        "trust_certificates": [ca.pem],
        "trust_crl": ca.crl,
        "trust_tags": {"Team": "Platform"},
        "trust_session_duration": 1800,
        "trust_workloads": [
            {"name": "web", "subject": {"OU": "web"}, "role_policy": writes_to("reports")},
            {
                "name": "db",
                "subject": {"OU": "db"},
                "role_name": "database",
                "role_policy": writes_to("dumps"),
                "session_duration": 900,
                "accept_role_session_name": True,
                "attribute_mappings": {"x509Subject": ["OU"]},
            },
        ],
    }


@pytest.fixture
def iam(emulator: EmulatorServer) -> Any:
    return client(emulator, "iam")


def role_names(iam: Any) -> list[str]:
    return sorted(role["RoleName"] for role in iam.list_roles()["Roles"])


def names(found: list[dict[str, Any]]) -> list[str]:
    return sorted(each["name"] for each in found)


def test_each_workload_has_its_own_role_and_no_other(
    controller: Controller,
    emulator: EmulatorServer,
    rolesanywhere: Any,
    iam: Any,
    ca: IssuingCa,
    variables: dict[str, Any],
) -> None:
    foretold, made, again, checked = run(
        controller, variables, step(check_mode=True), step(), step(), step(check_mode=True)
    )
    # Trust anchor; then CRL, and IAM role, policy and profile of each.
    assert [changed for changed, _ in (foretold, made, again, checked)] == [1, 8, 0, 0]

    profiles = {profile["name"]: profile for profile in rolesanywhere.list_profiles()["profiles"]}
    assert sorted(profiles) == ["db", "web"]
    assert [profiles[name]["durationSeconds"] for name in ("db", "web")] == [900, 1800]
    assert [profiles[name]["acceptRoleSessionName"] for name in ("db", "web")] == [True, False]
    [subject] = [each for each in profiles["db"]["attributeMappings"] if each["certificateField"] == "x509Subject"]
    assert subject["mappingRules"] == [{"specifier": "OU"}]
    arns = {
        name: {"profile_arn": profiles[name]["profileArn"], "role_arn": f"arn:aws:iam::123456789012:role/{role}"}
        for name, role in (("web", "web"), ("db", "database"))
    }
    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    facts = {
        "rolesanywhere_trust_anchor_arn": anchor["trustAnchorArn"],
        "rolesanywhere_role_arn": arns["web"]["role_arn"],
        "rolesanywhere_profile_arn": arns["web"]["profile_arn"],
        "rolesanywhere_workloads": arns,
    }
    assert [made[1], again[1]] == [facts, facts]

    s3 = client(emulator, "s3")
    for bucket in ("reports", "dumps"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for unit, own, other in (("web", "reports", "dumps"), ("db", "dumps", "reports")):
        pair, elsewhere = ca.issue(f"{unit}1", unit), arns["db" if unit == "web" else "web"]
        anchor_arn = anchor["trustAnchorArn"]
        mine = Workload(emulator, pair, trust_anchor_arn=anchor_arn, **arns[unit]).client("s3")
        mine.put_object(Bucket=own, Key="today", Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            mine.put_object(Bucket=other, Key="today", Body=b"x")
        with pytest.raises(Refused, match="Unable to assume role"):
            Workload(emulator, pair, trust_anchor_arn=anchor_arn, **elsewhere).create_session()
        with pytest.raises(Refused):  # nor the other's role through one's own profile
            Workload(
                emulator, pair, trust_anchor_arn=anchor_arn, **{**arns[unit], "role_arn": elsewhere["role_arn"]}
            ).create_session()


def test_the_way_back_leaves_what_others_made(
    controller: Controller,
    emulator: EmulatorServer,
    rolesanywhere: Any,
    iam: Any,
    ca: IssuingCa,
    variables: dict[str, Any],
) -> None:
    theirs = iam.create_role(RoleName="borrowed", AssumeRolePolicyDocument=json.dumps(writes_to("x")))["Role"]["Arn"]
    iam.put_role_policy(RoleName="borrowed", PolicyName="web", PolicyDocument=json.dumps(writes_to("x")))
    policy = iam.create_policy(PolicyName="shared", PolicyDocument=json.dumps(writes_to("x")))["Policy"]["Arn"]
    rolesanywhere.create_profile(name="theirs", roleArns=[theirs], enabled=True)
    with_theirs = {
        "trust_workloads": [
            {**variables["trust_workloads"][0], "role_managed_policies": [policy]},
            {"name": "borrowed", "role_arn": theirs},
        ]
    }
    gone, forced = {"trust_state": "absent"}, {"trust_state": "absent", "trust_force": True}
    [(changed, facts)] = run(controller, variables, step(**with_theirs))
    assert changed == 6  # trust anchor, CRL, one IAM role and its policy, two profiles
    assert facts["rolesanywhere_workloads"]["borrowed"]["role_arn"] == theirs

    guarded = refusal(controller, {**variables, **with_theirs, **gone})
    assert "The trust anchor 'fleet' still has an enabled CRL, 'fleet'" in guarded
    arns = {"trust_anchor_arn": facts["rolesanywhere_trust_anchor_arn"], **facts["rolesanywhere_workloads"]["web"]}
    Workload(emulator, ca.issue("web1", "web"), **arns).create_session()
    rolesanywhere.disable_crl(crlId=rolesanywhere.list_crls()["crls"][0]["crlId"])
    guarded = refusal(controller, {**variables, **with_theirs, **gone})
    assert "The trust anchor 'fleet' cannot be deleted: the last certificate of CN=web1,OU=web" in guarded
    assert names(rolesanywhere.list_profiles()["profiles"]) == ["borrowed", "theirs", "web"]

    ran = run(
        controller,
        variables,
        step(check_mode=True, **with_theirs, **forced),
        step(**with_theirs, **forced),
        step(**with_theirs, **forced),
        step(**with_theirs, **gone),  # nothing is left that force could be needed for
    )
    assert [changed for changed, _ in ran] == [4, 4, 0, 0]  # two profiles, IAM role, trust anchor with its CRL
    assert [left for _, left in ran] == [{**dict.fromkeys(FACTS, ""), "rolesanywhere_workloads": {}}] * 4
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []
    assert rolesanywhere.list_crls()["crls"] == []
    assert names(rolesanywhere.list_profiles()["profiles"]) == ["theirs"]
    assert role_names(iam) == ["borrowed"]
    assert iam.list_role_policies(RoleName="borrowed")["PolicyNames"] == ["web"]
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 0


def test_one_workload_goes_and_the_others_stay(
    controller: Controller, rolesanywhere: Any, iam: Any, variables: dict[str, Any]
) -> None:
    web, db = variables["trust_workloads"]
    without_web = {"trust_workloads": [{**web, "state": "absent"}, db]}
    ran = run(controller, variables, step(), step(**without_web), step(**without_web))
    assert [changed for changed, _ in ran] == [8, 2, 0]
    assert list(ran[1][1]["rolesanywhere_workloads"]) == ["db"]
    assert ran[1][1]["rolesanywhere_role_arn"].endswith(":role/database")
    assert names(rolesanywhere.list_profiles()["profiles"]) == ["db"]
    assert role_names(iam) == ["database"]
    [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
    assert anchor["enabled"]


def test_a_boundary_limits_an_iam_role_and_stays_when_nothing_is_said_of_it(
    controller: Controller, emulator: EmulatorServer, iam: Any, ca: IssuingCa, variables: dict[str, Any]
) -> None:
    wide, narrow = (
        iam.create_policy(PolicyName=bucket, PolicyDocument=json.dumps(writes_to(bucket)))["Policy"]["Arn"]
        for bucket in ("*", "dumps")
    )
    web, db = variables["trust_workloads"]
    bound = {
        "trust_role_permissions_boundary": wide,
        "trust_workloads": [{**web, "role_permissions_boundary": narrow}, db],
    }

    def boundaries() -> list[str]:
        roles = [iam.get_role(RoleName=name)["Role"] for name in ("web", "database")]
        return [role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles]

    ran = run(controller, variables, step(**bound), step(**bound), step())
    assert [changed for changed, _ in ran] == [8, 0, 0]
    assert boundaries() == [narrow, wide]
    client(emulator, "s3").create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})
    facts = ran[0][1]
    arns = {"trust_anchor_arn": facts["rolesanywhere_trust_anchor_arn"], **facts["rolesanywhere_workloads"]["web"]}
    s3 = Workload(emulator, ca.issue("web1", "web"), **arns).client("s3")
    with pytest.raises(ClientError, match="no permissions boundary allows"):
        s3.put_object(Bucket="reports", Key="today", Body=b"x")
    other = {"trust_role_permissions_boundary": wide}
    ran = run(controller, variables, step(check_mode=True, **other), step(**other), step(**other))
    assert [changed for changed, _ in ran] == [1, 1, 0]
    assert boundaries() == [wide, wide]
    s3.put_object(Bucket="reports", Key="today", Body=b"x")


def test_two_regions_in_one_play(
    controller: Controller, emulator: EmulatorServer, ca: IssuingCa, variables: dict[str, Any]
) -> None:
    one = {key: value for key, value in variables.items() if key != "trust_workloads"}
    one = {**one, "trust_subject": {"OU": "web"}, "trust_session_duration": 3600}
    here, there = {"trust_name": "web"}, {"trust_name": "web-us"}
    # The groups of a block stand in place of the play's, they do not add to them.
    elsewhere = {**controller.connection, "region": OTHER_REGION}
    defaults = {"group/fleet.rolesanywhere.aws": elsewhere, "group/amazon.aws.aws": elsewhere}
    regions = [step(**here), {**step(**there), "module_defaults": defaults}]
    ran = run(controller, one, *regions, *regions)
    assert [changed for changed, _ in ran] == [4, 4, 0, 0]
    pair = ca.issue("web1", "web")
    for region, (_, facts) in zip((REGION, OTHER_REGION), ran[:2], strict=True):
        arns = {f"{each}_arn": facts[f"rolesanywhere_{each}_arn"] for each in ("trust_anchor", "profile", "role")}
        assert {arn.split(":")[3] for arn in arns.values()} == {region, ""}
        assert len(client(emulator, "rolesanywhere", region).list_trust_anchors()["trustAnchors"]) == 1
        assert Workload(emulator, pair, **arns).create_session()


def test_notifications_are_as_the_list_says_and_left_alone_without_one(
    controller: Controller, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    early = {"trust_notification_settings": [{"event": "CA_CERTIFICATE_EXPIRY", "threshold": 180}]}
    none: dict[str, Any] = {"trust_notification_settings": []}

    def thresholds() -> dict[str, int]:
        [anchor] = rolesanywhere.list_trust_anchors()["trustAnchors"]
        return {setting["event"]: setting["threshold"] for setting in anchor["notificationSettings"]}

    assert [changed for changed, _ in run(controller, variables, step(**early), step())] == [8, 0]
    assert thresholds() == {"CA_CERTIFICATE_EXPIRY": 180, "END_ENTITY_CERTIFICATE_EXPIRY": 45}
    assert [changed for changed, _ in run(controller, variables, step(**none))] == [1]
    assert thresholds() == {"CA_CERTIFICATE_EXPIRY": 45, "END_ENTITY_CERTIFICATE_EXPIRY": 45}


def test_what_is_refused_in_one_sentence_before_anything_is_made(
    controller: Controller, rolesanywhere: Any, variables: dict[str, Any]
) -> None:
    web = {"name": "web", "subject": {"OU": "web"}}
    role_arn = "arn:aws:iam::123456789012:role/theirs"
    mistakes: list[tuple[dict[str, Any], str]] = [
        ({"trust_workloads": [web, web]}, "two workloads with the same name, profile_name or role_name"),
        ({"trust_workloads": [web, {**web, "name": "x", "role_name": "web"}]}, "of IAM roles web, web."),
        ({"trust_workloads": [web, {**web, "name": "x", "profile_name": "web"}]}, "of profiles web, web,"),
        ({"trust_workloads": [web, {"name": "db"}]}, "allow_any_certificate"),
        ({"trust_workloads": [{**web, "colour": "red"}]}, "colour"),
        ({"trust_workloads": [{**web, "role_arn": role_arn}]}, "leave out what would be said of it, subject."),
        (
            {"trust_workloads": [{"role_arn": role_arn, "role_permissions_boundary": role_arn}]},
            "leave out what would be said of it, role_permissions_boundary.",
        ),
        (
            {"trust_workloads": [{**web, "session_duration": 7200}]},
            "The workload web: trust_session_duration is longer",
        ),
        (
            {"trust_workloads": [{**web, "state": "present"}], "trust_state": "absent"},
            "state present of web, for which",
        ),
        ({"trust_crl_s3_uri": "s3://crls/fleet.crl"}, "Give the CA's CRL with trust_crl, trust_crl_path or"),
        ({"trust_certificate_paths": ["/fleet.pem"]}, "Give the issuing CA's certificate with trust_certificates,"),
    ]
    go_on = [{"ansible.builtin.meta": "clear_host_errors"}]
    tasks = [{"block": [{**TRUST, "vars": wrong}], "rescue": go_on} for wrong, _ in mistakes]
    results = controller.run(tasks, variables=variables)
    refusals = [result["msg"] for result in results if result.get("failed")]
    assert len(refusals) == len(mistakes), refusals
    for said, (_, sentence) in zip(refusals, mistakes, strict=True):
        assert sentence in said
    assert rolesanywhere.list_trust_anchors()["trustAnchors"] == []
