# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts and two regions in one emulator: each has its own, and nothing of one counts in the other."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import refusals
from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer

from .account import allow, document
from .calls import refusal
from .issuing import authority, leaf
from .pki import SERIAL_NUMBER, Authority, bundle, make_authority, make_crl
from .world import ACCOUNT, World

OTHER = "111122223333"
ELSEWHERE = "us-east-1"
SOURCE = bundle(make_authority())


def trusting(*principals: str) -> str:
    """Write the trust policy of a role for these principals of AWS accounts."""
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return document(statement)


def add_user(emulator: EmulatorServer, account: str) -> tuple[Any, dict[str, str]]:
    """Make a user who may do anything in an account; return the account's IAM and the user's key for clients."""
    iam = client(emulator, "iam", access_key=account)
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="anything", PolicyDocument=document(allow()))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return iam, {"access_key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def test_each_account_and_region_has_its_own(emulator: EmulatorServer) -> None:
    here = client(emulator, "rolesanywhere")
    there = client(emulator, "rolesanywhere", access_key=OTHER)
    arn = there.create_trust_anchor(name="x", source=SOURCE)["trustAnchor"]["trustAnchorArn"]
    assert arn.startswith(f"arn:aws:rolesanywhere:eu-central-1:{OTHER}:trust-anchor/")
    assert here.list_trust_anchors()["trustAnchors"] == []
    assert client(emulator, "rolesanywhere", ELSEWHERE, OTHER).list_trust_anchors()["trustAnchors"] == []
    assert len(there.list_trust_anchors()["trustAnchors"]) == 1
    assert refusal(here.get_trust_anchor, trustAnchorId=arn[-36:])[1] == "ResourceNotFoundException"
    assert refusal(here.list_tags_for_resource, resourceArn=arn)[1] == "ResourceNotFoundException"


def test_iam_and_sts_too_know_whose_key_it_is(emulator: EmulatorServer) -> None:
    for account in (ACCOUNT, OTHER):
        administrator = client(emulator, "sts", access_key=account)
        assert administrator.get_caller_identity()["Account"] == account
        iam, key = add_user(emulator, account)
        assert client(emulator, "sts", **key).get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/ann"
        role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=trusting("*"))["Role"]
        assert role["Arn"] == f"arn:aws:iam::{account}:role/web"
        assert len(client(emulator, "iam", **key).list_roles()["Roles"]) == 1
    assert client(emulator, "sts").get_caller_identity()["Account"] == ACCOUNT
    wrong = client(emulator, "sts", access_key=OTHER, secret="guessed")
    assert refusal(wrong.get_caller_identity)[1] == "SignatureDoesNotMatch"


def test_assume_role_leads_into_another_account(emulator: EmulatorServer) -> None:
    """Both must allow it: the caller's own account, and the role's trust policy."""
    here, key = add_user(emulator, ACCOUNT)
    there = client(emulator, "iam", access_key=OTHER)
    arn = there.create_role(RoleName="setup", AssumeRolePolicyDocument=trusting(OTHER))["Role"]["Arn"]
    there.put_role_policy(RoleName="setup", PolicyName="anything", PolicyDocument=document(allow()))
    sts = client(emulator, "sts", **key)

    def credentials() -> dict[str, str]:
        made = sts.assume_role(RoleArn=arn, RoleSessionName="ann")["Credentials"]
        return {
            "access_key": made["AccessKeyId"],
            "secret": made["SecretAccessKey"],
            "session_token": made["SessionToken"],
        }

    with pytest.raises(ClientError, match="AccessDenied"):
        credentials()
    there.update_assume_role_policy(RoleName="setup", PolicyDocument=trusting(ACCOUNT))
    session = credentials()
    assert client(emulator, "sts", **session).get_caller_identity()["Account"] == OTHER
    made = client(emulator, "rolesanywhere", **session).create_trust_anchor(name="x", source=SOURCE)["trustAnchor"]
    assert made["trustAnchorArn"].split(":")[4] == OTHER
    here.put_user_policy(UserName="ann", PolicyName="anything", PolicyDocument=document(allow("s3:*")))
    with pytest.raises(ClientError, match="AccessDenied"):
        credentials()


def test_a_role_is_passed_within_its_account_only(emulator: EmulatorServer) -> None:
    service = client(emulator, "rolesanywhere")
    call = {"name": "x", "roleArns": [f"arn:aws:iam::{OTHER}:role/web"]}
    expected = (403, "AccessDeniedException", "Cross-account pass role is not allowed.")
    assert refusal(service.create_profile, **call) == expected
    profile = service.create_profile(name="x", roleArns=[])["profile"]
    assert refusal(service.update_profile, profileId=profile["profileId"], roleArns=call["roleArns"]) == expected
    assert service.list_profiles()["profiles"] == [profile]


@pytest.fixture
def here() -> World:
    """Return a world with a leaf that pki.make_crl revokes."""
    world = World()
    world.leaf = leaf(world.issuing, serial_number=SERIAL_NUMBER)
    return world


PLACES = [(OTHER, ELSEWHERE), (OTHER, REGION), (ACCOUNT, ELSEWHERE)]


@pytest.mark.parametrize(("account", "region"), PLACES)
def test_each_place_makes_sessions_by_its_own_crl_only(here: World, account: str, region: str) -> None:
    there = World(account, region, beside=here)
    for place in (here, there):
        answer = place.create_session()
        assert answer.status == 201
        assert answer.credential_set["assumedRoleUser"]["arn"].split(":")[4] == place.account
        assert answer.body["subjectArn"].split(":")[3:5] == [place.region, place.account]
    there.add_crl(make_crl(Authority(here.issuing.certificate, here.issuing.private_key), entries=1))
    assert there.create_session().message == refusals.REVOKED
    assert here.create_session().status == 201


# From which place profile, trust anchor and role are; and what CreateSession says in another account, another region.
MIXED = [
    ({"profileArn"}, refusals.NO_PROFILE, refusals.NO_PROFILE),
    ({"profileArn", "roleArn"}, refusals.NO_PROFILE, refusals.NO_PROFILE),
    # The trust anchor says which account and region are asked; a signature is for one region.
    ({"trustAnchorArn"}, refusals.NO_PROFILE, refusals.INVALID_SIGNATURE),
    ({"trustAnchorArn", "roleArn"}, refusals.NO_PROFILE, refusals.INVALID_SIGNATURE),
]


@pytest.mark.parametrize(("foreign", "of_another_account", "of_another_region"), MIXED)
def test_a_mixture_is_refused(here: World, foreign: set[str], of_another_account: str, of_another_region: str) -> None:
    for place, sentence in (((OTHER, REGION), of_another_account), ((ACCOUNT, ELSEWHERE), of_another_region)):
        query = World(*place, beside=here).request().query
        mixed = {name: (query if name in foreign else here.request().query)[name] for name in query}
        assert here.create_session(query=mixed).message == sentence


def test_the_role_must_be_of_the_profiles_account(here: World) -> None:
    there = World(OTHER, beside=here)
    query = {**here.request().query, "roleArn": there.role.arn}
    assert here.create_session(query=query).message == refusals.ROLE_NOT_LISTED
    here.profile.role_arns.append(there.role.arn)  # CreateProfile would not take it
    assert here.create_session(query=query).message == f"Unable to assume role for {there.role.arn}."


def test_an_anchor_trusts_its_own_ca_only_whoever_else_is_trusted_elsewhere(here: World) -> None:
    there = World(OTHER, beside=here)
    there.anchor.certificates = [authority("Another CA").certificate]
    assert there.create_session().message == refusals.UNTRUSTED
    assert here.create_session().status == 201
