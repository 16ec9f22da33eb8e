# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declared conversation with AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from botocore.exceptions import StubResponseError
from botocore.stub import Stubber


class Conversation(Service):
    """A service that fails on any call that was not declared, and on one that was but is not made."""

    def __init__(self, name: str = "rolesanywhere") -> None:
        """Declare nothing yet."""
        client = boto3.client(name, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
        super().__init__(client, name=name)
        self.stubber = Stubber(client)
        self.stubber.activate()
        self.others: dict[str, Conversation] = {}

    def beside(self, name: str) -> Conversation:
        """Return the conversation with another service, in which calls are declared likewise."""
        return self.others.setdefault(name, Conversation(name))

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call as a service does; where that takes no refusal for the end, what was not declared still is one."""
        try:
            return super().call(operation, **request)
        except RolesAnywhereError as error:
            if isinstance(error.__cause__, StubResponseError):
                raise AssertionError(str(error)) from error
            raise

    def expect(self, method: str, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Declare the next call by its boto3 name."""
        self.stubber.add_response(method, response, request)

    def assert_all_said(self) -> None:
        """Fail if a call that was declared was not made, here or beside."""
        self.stubber.assert_no_pending_responses()
        for other in self.others.values():
            other.assert_all_said()

    def refuse(self, method: str, code: str, message: str = "no") -> None:
        """Declare that the next call is refused."""
        self.stubber.add_client_error(method, code, message)


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    """Return a conversation, all of which must have taken place when the test ends."""
    declared = Conversation()
    yield declared
    declared.assert_all_said()
