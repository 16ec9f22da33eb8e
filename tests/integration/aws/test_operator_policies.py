# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each operator does its tasks with exactly the policy that operator_policy makes, and is refused one task more."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import NameOID

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.issuing import authority, leaf, name
from tests.emulator.tests.pki import make_crl, pem_of
from tests.emulator.tests.raw_client import SignedRequest

from .authority import Authority
from .controller import Controller
from .private_ca import PrivateCa

ACCOUNT = "123456789012"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/workloads/web"
BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"}],
}
END_SESSIONS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-11-20T10:00:00Z"}},
        }
    ],
}
GO_ON = {"ignore_errors": True}

Task = dict[str, Any]


class Account:
    """The emulated account, as its administrator's key sees it."""

    def __init__(self, emulator: EmulatorServer, directory: Path) -> None:
        self._emulator = emulator
        self._directory = directory
        self.root = Controller(directory, emulator.url)
        self.rolesanywhere = client(emulator, "rolesanywhere")
        self.iam = client(emulator, "iam")

    def operator(self, persona: str, **options: Any) -> Controller:
        """Make an IAM user whose only policy is the persona's, as the filter's examples do it."""
        call = ", ".join(f"{option}={value!r}" for option, value in options.items())
        place = f"account_id='{ACCOUNT}', region='{REGION}'"
        document = f"{{{{ '{persona}' | fleet.rolesanywhere.operator_policy({place}, {call}) }}}}"
        [made] = self.root.run([{"amazon.aws.iam_managed_policy": {"name": persona, "policy": document}}])
        assert made["changed"], made
        self.iam.create_user(UserName=persona)
        self.iam.attach_user_policy(UserName=persona, PolicyArn=made["policy"]["arn"])
        key = self.iam.create_access_key(UserName=persona)["AccessKey"]
        operator = Controller(self._directory, self._emulator.url)
        operator.connection.update(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
        return operator

    def everything(self) -> dict[str, Any]:
        """Read all that an operator could change."""
        arns = [anchor["trustAnchorArn"] for anchor in self.rolesanywhere.list_trust_anchors()["trustAnchors"]]
        found = {
            "trust anchors": self.rolesanywhere.list_trust_anchors()["trustAnchors"],
            "profiles": self.rolesanywhere.list_profiles()["profiles"],
            "crls": self.rolesanywhere.list_crls()["crls"],
            "tags": [self.rolesanywhere.list_tags_for_resource(resourceArn=arn)["tags"] for arn in arns],
            "iam": self.iam.get_account_authorization_details(),
        }
        found["iam"].pop("ResponseMetadata")
        return found

    def add_role(self, role_name: str) -> str:
        """Make an IAM role that is nobody's business here."""
        arn: str = self.iam.create_role(
            RoleName=role_name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
        )["Role"]["Arn"]
        return arn

    def set_up(self, **variables: Any) -> dict[str, str]:
        """Run the role trust with the administrator's key; return the ARNs of what it made."""
        done(self.root.run([TRUST], variables=variables))
        anchors, profiles, crls = (
            self.rolesanywhere.list_trust_anchors()["trustAnchors"],
            self.rolesanywhere.list_profiles()["profiles"],
            self.rolesanywhere.list_crls()["crls"],
        )
        return {
            "trust_anchor_arns": anchors[0]["trustAnchorArn"],
            "profile_arns": profiles[0]["profileArn"],
            "crl_arns": crls[0]["crlArn"],
        }


TRUST: Task = {"ansible.builtin.include_role": {"name": "fleet.rolesanywhere.trust"}}


def variables_of(pem: str, crl: str) -> dict[str, Any]:
    """Return what the role trust is told."""
    return {
        "trust_name": "web",
        "trust_certificates": [pem],
        "trust_crl": crl,
        "trust_subject": {"OU": "web"},
        "trust_role_path": "/workloads/",
        "trust_role_policy": BUCKET_POLICY,
        "trust_tags": {"Team": "Web"},
    }


@pytest.fixture
def account(emulator: EmulatorServer, tmp_path: Path) -> Account:
    return Account(emulator, tmp_path)


def done(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of tasks, none of which failed."""
    assert [result["msg"] for result in results if result.get("failed")] == []
    return results


def refuse(account: Account, operator: Controller, *tasks: tuple[Task, str]) -> None:
    """Run tasks that IAM must refuse for want of an action each, and that must change nothing."""
    before = account.everything()
    results = operator.run([{**task, **GO_ON} for task, _ in tasks])
    assert len(results) == len(tasks)
    for result, (_, action) in zip(results, tasks, strict=True):
        assert result["failed"], result
        assert f"is not authorized to perform: {action} " in str(result)
    assert account.everything() == before


def ours(module: str, /, **options: Any) -> Task:
    return {f"fleet.rolesanywhere.{module}": options}


# The administrator


def test_an_administrator_sets_up_changes_and_removes_a_workload(account: Account, issuing: Authority) -> None:
    other = account.add_role("other")
    managed = account.iam.create_policy(PolicyName="reports", PolicyDocument=json.dumps(BUCKET_POLICY))
    administrator = account.operator("administrator", role_arns=[ROLE_ARN])
    variables = variables_of(issuing.pem, issuing.crl(1))
    made = done(administrator.run([TRUST], variables=variables))
    assert sum(bool(result.get("changed")) for result in made) == 5  # trust anchor, CRL, IAM role, its policy, profile
    again = done(administrator.run([TRUST], variables=variables))
    assert not any(result.get("changed") for result in again)

    different = {
        **variables,
        "trust_crl": issuing.crl(2),
        "trust_subject": {"OU": ["db", "web"]},
        "trust_role_policy": END_SESSIONS,
        "trust_role_managed_policies": [managed["Policy"]["Arn"]],
        "trust_role_maximum_session_duration": 7200,
        "trust_session_duration": 7200,
        "trust_tags": {"Team": "Databases"},
    }
    changed = done(administrator.run([TRUST], variables=different))
    assert sum(bool(result.get("changed")) for result in changed) == 5
    assert account.iam.get_role(RoleName="web")["Role"]["MaxSessionDuration"] == 7200

    warn = [{"event": "CA_CERTIFICATE_EXPIRY", "threshold": 90}]
    done(
        administrator.run(
            [
                ours("trust_anchor", name="web", notification_settings=warn, enabled=False),
                ours("trust_anchor", name="web", notification_settings=[], enabled=True),
                ours("profile", name="web", attribute_mappings={"x509Subject": ["CN", "OU"]}, enabled=False),
                ours("profile", name="web", enabled=True),
                ours("crl", name="web", enabled=False),
                ours("subject_info"),
            ]
        )
    )
    refuse(
        account,
        administrator,
        (ours("profile", name="web", role_arns=[ROLE_ARN, other]), "iam:PassRole"),
        (ours("profile", name="new", role_arns=[other]), "iam:PassRole"),
        (
            {"amazon.aws.iam_policy": {**INLINE_POLICY, "iam_name": "other"}},
            "iam:PutRolePolicy",
        ),
        (
            {"amazon.aws.iam_role": {"name": "new", "assume_role_policy_document": {}}},
            "iam:GetRole",
        ),
        ({"amazon.aws.iam_managed_policy": {"name": "new", "policy": BUCKET_POLICY}}, "iam:ListPolicies"),
        (ours("trust_anchor_info", region="us-east-1"), "rolesanywhere:ListTrustAnchors"),
    )

    gone = done(administrator.run([TRUST], variables={**different, "trust_state": "absent"}))
    assert sum(bool(result.get("changed")) for result in gone) == 3
    left = account.everything()
    assert [left["trust anchors"], left["profiles"], left["crls"]] == [[], [], []]
    assert [found["RoleName"] for found in left["iam"]["RoleDetailList"]] == ["other"]


def test_an_administrator_gives_rights_within_its_permissions_boundary_only(
    account: Account, issuing: Authority
) -> None:
    boundary, other = (
        account.iam.create_policy(PolicyName=policy, PolicyDocument=json.dumps(BUCKET_POLICY))["Policy"]["Arn"]
        for policy in ("workloads", "other")
    )
    variables = variables_of(issuing.pem, issuing.crl(1))
    bounded = {**variables, "trust_role_permissions_boundary": boundary, "trust_role_managed_policies": [other]}
    administrator = account.operator("administrator", role_arns=[ROLE_ARN], permissions_boundary_arn=boundary)
    for unbounded in (variables, {**variables, "trust_role_permissions_boundary": other}):
        refused = administrator.run([TRUST], variables=unbounded)[-1]
        assert "is not authorized to perform: iam:CreateRole " in refused["msg"]
        assert account.everything()["iam"]["RoleDetailList"] == []

    done(administrator.run([TRUST], variables=bounded))
    assert not any(result.get("changed") for result in done(administrator.run([TRUST], variables=bounded)))
    role = {
        "name": "web",
        "path": "/workloads/",
        "assume_role_policy_document": account.iam.get_role(RoleName="web")["Role"]["AssumeRolePolicyDocument"],
        "create_instance_profile": False,
    }
    refuse(
        account,
        administrator,
        ({"amazon.aws.iam_role": {**role, "boundary": ""}}, "iam:DeleteRolePermissionsBoundary"),
        ({"amazon.aws.iam_role": {**role, "boundary": other}}, "iam:PutRolePermissionsBoundary"),
    )
    account.iam.delete_role_permissions_boundary(RoleName="web")
    refuse(
        account, administrator, ({"amazon.aws.iam_policy": {**INLINE_POLICY, "iam_name": "web"}}, "iam:PutRolePolicy")
    )
    adopted = done(administrator.run([TRUST], variables={**bounded, "trust_role_policy": END_SESSIONS}))
    assert sum(bool(result.get("changed")) for result in adopted) == 2  # the boundary again, and then the policy
    gone = done(administrator.run([TRUST], variables={**bounded, "trust_state": "absent", "trust_force": True}))
    assert sum(bool(result.get("changed")) for result in gone) == 3


INLINE_POLICY = {"iam_type": "role", "policy_name": "end-sessions", "policy_json": END_SESSIONS}


def test_an_administrator_of_named_resources_changes_these_and_creates_no_others(
    account: Account, issuing: Authority
) -> None:
    arns = account.set_up(**variables_of(issuing.pem, issuing.crl(1)))
    done(account.root.run([ours("profile", name="other", role_arns=[])]))
    administrator = account.operator("administrator", role_arns=ROLE_ARN, **arns)
    done(
        administrator.run(
            [
                ours("trust_anchor", name="web", enabled=False, tags={"Team": "Databases"}),
                ours("profile", name="web", duration=900),
                ours("crl", name="web", crl=issuing.crl(2)),
            ]
        )
    )
    trust_anchor_arn = arns["trust_anchor_arns"]
    refuse(
        account,
        administrator,
        (ours("trust_anchor", name="new", certificates=[issuing.pem]), "rolesanywhere:CreateTrustAnchor"),
        (ours("profile", name="new", role_arns=[ROLE_ARN]), "rolesanywhere:CreateProfile"),
        (ours("crl", name="new", crl=issuing.crl(3), trust_anchor_arn=trust_anchor_arn), "rolesanywhere:ImportCrl"),
        (ours("profile", name="other", duration=900), "rolesanywhere:UpdateProfile"),
    )


def test_an_administrator_uses_the_private_cas_that_are_named(
    account: Account, emulator: EmulatorServer, root: Authority
) -> None:
    named, other = (PrivateCa(client(emulator, "acm-pca"), common_name) for common_name in ("CA 1", "CA 2"))
    for private_ca in (named, other):
        private_ca.certify(root)
    administrator = account.operator("administrator", role_arns=ROLE_ARN, acm_pca_arns=named.arn)
    done(administrator.run([ours("trust_anchor", name="private", acm_pca_arn=named.arn)]))
    refuse(
        account,
        administrator,
        (ours("trust_anchor", name="new", acm_pca_arn=other.arn), "acm-pca:DescribeCertificateAuthority"),
    )


# Those who revoke


def test_a_publisher_replaces_its_crl_and_nothing_else(account: Account, issuing: Authority) -> None:
    arns = account.set_up(**variables_of(issuing.pem, issuing.crl(1)))
    trust_anchor_arn = arns["trust_anchor_arns"]
    done(account.root.run([ours("crl", name="other", crl=issuing.crl(1), trust_anchor_arn=trust_anchor_arn)]))
    publisher = account.operator("crl_publisher", trust_anchor_arns=trust_anchor_arn, crl_arns=[arns["crl_arns"]])
    newer = ours("crl", name="web", crl=issuing.crl(2, 0x4001), trust_anchor_arn=trust_anchor_arn)
    there = {**ours("crl", name="web", trust_anchor_arn=trust_anchor_arn), "check_mode": True}
    steps = done(publisher.run([there, {**newer, "check_mode": True}, newer, newer, ours("crl_info", name="web")]))
    assert [step["changed"] for step in steps] == [False, True, True, False, False]
    newest = issuing.crl(3, 0x4001)
    refuse(
        account,
        publisher,
        (ours("crl", name="web", crl=newest, enabled=False), "rolesanywhere:DisableCrl"),
        (ours("crl", name="web", state="absent"), "rolesanywhere:DeleteCrl"),
        (ours("crl", name="new", crl=newest, trust_anchor_arn=trust_anchor_arn), "rolesanywhere:ImportCrl"),
        (ours("crl", name="other", crl=newest), "rolesanywhere:UpdateCrl"),
        (ours("crl", name="web", tags={"Team": "Databases"}), "rolesanywhere:ListTagsForResource"),
        (ours("trust_anchor", id=trust_anchor_arn, enabled=False), "rolesanywhere:DisableTrustAnchor"),
        ({"amazon.aws.iam_policy": {**INLINE_POLICY, "iam_name": "web"}}, "iam:PutRolePolicy"),
    )


def test_a_publisher_reads_the_objects_and_private_cas_that_are_named(
    account: Account, emulator: EmulatorServer, root: Authority, issuing: Authority
) -> None:
    emulator.switches.crl_verified_at_import = False  # it is about who may look, so any CRL will do to begin with
    s3 = client(emulator, "s3")
    s3.create_bucket(Bucket="crls", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, number in (("web.crl", 2), ("other.crl", 3)):
        s3.put_object(Bucket="crls", Key=key, Body=issuing.crl(number).encode())
    named, other = (PrivateCa(client(emulator, "acm-pca"), common_name) for common_name in ("CA 1", "CA 2"))
    for anchor_name, private_ca in (("named", named), ("other", other)):
        private_ca.certify(root)
        made = done(account.root.run([ours("trust_anchor", name=anchor_name, acm_pca_arn=private_ca.arn)]))
        trust_anchor_arn = made[0]["trust_anchor"]["trust_anchor_arn"]
        crl = {"crl": issuing.crl(1), "trust_anchor_arn": trust_anchor_arn, "force": True}
        done(account.root.run([ours("crl", name=anchor_name, **crl)]))
    publisher = account.operator("crl_publisher", acm_pca_arns=named.arn, s3_object_arns="arn:aws:s3:::crls/web.crl")
    read, judged = publisher.run(
        [
            {**ours("crl", name="named", s3_uri="s3://crls/web.crl", force=True), "check_mode": True},
            ours("crl", name="named", s3_uri="s3://crls/web.crl"),
        ]
    )
    assert read["changed"]
    assert "is not signed by a certificate of the trust anchor 'named' (CN=CA 1)" in judged["msg"]
    refuse(
        account,
        publisher,
        (ours("crl", name="named", s3_uri="s3://crls/other.crl"), "s3:GetObject"),
        (ours("crl", name="other", s3_uri="s3://crls/web.crl"), "acm-pca:GetCertificateAuthorityCertificate"),
    )


def test_a_publisher_cannot_enable_a_crl_that_was_disabled(account: Account, issuing: Authority) -> None:
    arns = account.set_up(**variables_of(issuing.pem, issuing.crl(1)))
    account.rolesanywhere.disable_crl(crlId=arns["crl_arns"].rpartition("/")[2])
    publisher = account.operator("crl_publisher")
    refuse(account, publisher, (ours("crl", name="web"), "rolesanywhere:EnableCrl"))


def test_a_revoker_publishes_and_ends_sessions_of_named_roles(account: Account, issuing: Authority) -> None:
    arns = account.set_up(**variables_of(issuing.pem, issuing.crl(1)))
    account.add_role("other")
    revoker = account.operator("revoker", crl_arns=arns["crl_arns"], role_arns=[ROLE_ARN])
    end = ours("session_deny", name="web1", all_sessions=True, issued_before="2026-11-20T10:00:00Z")
    steps = done(revoker.run([ours("crl", name="web", crl=issuing.crl(2, 0x4001)), end, end]))
    assert [step["changed"] for step in steps] == [True, True, False]
    kept = account.iam.get_role_policy(RoleName="web", PolicyName="RolesAnywhereEndSessions-web1")
    assert kept["PolicyDocument"] == END_SESSIONS
    let_go = ours("session_deny", name="web1", state="absent", force=True)
    assert [step["changed"] for step in done(revoker.run([let_go, let_go]))] == [True, False]
    assert account.iam.list_role_policies(RoleName="web")["PolicyNames"] == ["web"]
    trusting = {"name": "web", "path": "/workloads/", "create_instance_profile": False}
    refuse(
        account,
        revoker,
        ({"amazon.aws.iam_policy": {**INLINE_POLICY, "iam_name": "other"}}, "iam:PutRolePolicy"),
        (
            {"amazon.aws.iam_role": {**trusting, "assume_role_policy_document": BUCKET_POLICY}},
            "iam:UpdateAssumeRolePolicy",
        ),
        (ours("crl", name="web", enabled=False), "rolesanywhere:DisableCrl"),
        (ours("profile", name="web", enabled=False), "rolesanywhere:DisableProfile"),
    )


# Those who look


def come(account: Account, emulator: EmulatorServer, pair: Any, arns: dict[str, str]) -> None:
    """Ask for a session, so that there is a subject."""
    query = {
        "profileArn": arns["profile_arns"],
        "roleArn": ROLE_ARN,
        "trustAnchorArn": arns["trust_anchor_arns"],
    }
    host = f"127.0.0.1:{emulator.port}"
    request = SignedRequest(pair, query, host=host)
    connection = http.client.HTTPConnection(host)
    connection.request("POST", f"/sessions?{request.query_string}", request.body, request.signed())
    assert connection.getresponse().status == 201
    connection.close()


@pytest.fixture
def site(account: Account, emulator: EmulatorServer) -> dict[str, str]:
    """Set up a workload of which one host came; return the ARNs."""
    own = authority("Issuing CA", authority("Root"))
    arns = account.set_up(**variables_of(own.pem.decode(), pem_of(make_crl(own)).decode()))
    come(account, emulator, leaf(own, name("web1", (NameOID.ORGANIZATIONAL_UNIT_NAME, "web"))), arns)
    return arns


def test_an_auditor_reads_everything_and_judges_trust_policies(account: Account, site: dict[str, str]) -> None:
    auditor = account.operator("auditor")
    anchors, profiles, crls, subjects, roles, judged, faults = done(
        auditor.run(
            [
                ours("trust_anchor_info", include_tags=True),
                {**ours("profile_info", name="web", include_tags=True), "register": "profiles"},
                ours("crl_info", id=site["crl_arns"], include_tags=True),
                ours("subject_info", include_tags=True),
                {"amazon.aws.iam_role_info": {"name": "web"}, "register": "roles"},
                {"ansible.builtin.assert": {"that": JUDGED}},
                {"ansible.builtin.debug": {"msg": FAULTS}},
            ]
        )
    )
    assert anchors["trust_anchors"][0]["tags"] == profiles["profiles"][0]["tags"] == {"Team": "Web"}
    assert crls["crls"][0]["crl_number"] == 1
    assert subjects["subjects"][0]["x509_subject"]
    assert roles["iam_roles"][0]["inline_policies"] == ["web"]
    assert judged["msg"] == "All assertions passed"
    assert faults["msg"] == [[], ["No statement allows sts:TagSession, which Roles Anywhere needs to make a session."]]
    refuse(
        account,
        auditor,
        (ours("trust_anchor", name="web", tags={"Team": "Databases"}), "rolesanywhere:TagResource"),
        (ours("profile", name="web", duration=900), "rolesanywhere:UpdateProfile"),
        (ours("crl", name="web", enabled=False), "rolesanywhere:DisableCrl"),
        ({"amazon.aws.iam_policy": {**INLINE_POLICY, "iam_name": "web"}}, "iam:PutRolePolicy"),
    )


POLICY = "roles.iam_roles[0].assume_role_policy_document"
MAPPINGS = "attribute_mappings=profiles.profiles[0].attribute_mappings"
WITHOUT_TAGS = (
    f"{{'Statement': [{POLICY}.Statement[0] | combine({{'Action': ['sts:AssumeRole', 'sts:SetSourceIdentity']}})]}}"
)
JUDGED = [
    f"{POLICY} is fleet.rolesanywhere.trust_policy",
    f"{POLICY} is fleet.rolesanywhere.trust_policy({MAPPINGS})",
    f"{WITHOUT_TAGS} is not fleet.rolesanywhere.trust_policy",
    f"{POLICY} is not fleet.rolesanywhere.trust_policy(attribute_mappings=[])",
]
FAULTS = [
    f"{{{{ {POLICY} | fleet.rolesanywhere.trust_policy_faults({MAPPINGS}) }}}}",
    f"{{{{ {WITHOUT_TAGS} | fleet.rolesanywhere.trust_policy_faults }}}}",
]


def test_a_fleet_operator_sees_what_hosts_need_and_which_came(account: Account, site: dict[str, str]) -> None:
    operator = account.operator(
        "fleet_operator", trust_anchor_arns=site["trust_anchor_arns"], profile_arns=site["profile_arns"]
    )
    anchors, profiles, subjects, again = done(
        operator.run(
            [
                ours("trust_anchor_info", name="web"),
                ours("profile_info", id=site["profile_arns"]),
                ours("subject_info", seen_within=1),
                {**ours("trust_anchor", name="web"), "check_mode": True},
            ]
        )
    )
    assert anchors["trust_anchors"][0]["trust_anchor_arn"] == site["trust_anchor_arns"]
    assert profiles["profiles"][0]["role_arns"] == [ROLE_ARN]
    assert len(subjects["subjects"][0]["certificates"]) == 1
    assert not again["changed"]
    refuse(
        account,
        operator,
        (ours("crl_info"), "rolesanywhere:ListCrls"),
        (ours("trust_anchor", name="web", enabled=False), "rolesanywhere:DisableTrustAnchor"),
        (ours("profile", name="web", role_arns=[]), "rolesanywhere:UpdateProfile"),
        (ours("profile_info", include_tags=True), "rolesanywhere:ListTagsForResource"),
    )
