# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM users and their keys live under the same enforcement as sessions of roles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.fixtures import client
from tests.emulator.server import EmulatorServer

from .account import ACCOUNT, FLEET, Account, allow, deny, document, put
from .calls import refusal


@pytest.fixture
def account(emulator: EmulatorServer) -> Account:
    return Account(emulator)


class Users:
    """An IAM user with one key."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.iam.create_user(UserName="ann")
        self.key = account.iam.create_access_key(UserName="ann")["AccessKey"]

    def client(self, service: str) -> Any:
        """Make a client with the user's key."""
        return client(
            self.account.emulator, service, access_key=self.key["AccessKeyId"], secret=self.key["SecretAccessKey"]
        )


def test_users(account: Account) -> None:
    ann = Users(account)
    s3 = ann.client("s3")
    assert not put(s3, "fleet")
    account.iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document(allow("s3:*", FLEET)))
    assert put(s3, "fleet")
    assert not put(s3, "other")
    assert ann.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    account.iam.put_user_policy(
        UserName="ann",
        PolicyName="p",
        PolicyDocument=document(allow("s3:*", "arn:aws:s3:::fleet/${aws:username}/*")),
    )
    assert put(s3, "fleet", "ann/new")
    assert not put(s3, "fleet", "bob/new")


def test_groups_and_managed_policies_of_users(account: Account) -> None:
    s3 = Users(account).client("s3")
    account.iam.create_group(GroupName="admins")
    account.iam.put_group_policy(GroupName="admins", PolicyName="p", PolicyDocument=document(allow("s3:*", FLEET)))
    assert not put(s3, "fleet")
    account.iam.add_user_to_group(GroupName="admins", UserName="ann")
    assert put(s3, "fleet")
    policy = account.iam.create_policy(PolicyName="deny", PolicyDocument=document(deny("s3:PutObject")))
    account.iam.attach_user_policy(UserName="ann", PolicyArn=policy["Policy"]["Arn"])
    assert not put(s3, "fleet")


def test_inactive_key(account: Account) -> None:
    ann = Users(account)
    account.iam.update_access_key(UserName="ann", AccessKeyId=ann.key["AccessKeyId"], Status="Inactive")
    assert refusal(ann.client("sts").get_caller_identity)[:2] == (403, "InvalidClientTokenId")
