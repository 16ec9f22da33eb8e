# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane of Roles Anywhere, and of what stands beside it: one door for every call.

Private to the collection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .errors import RolesAnywhereError

try:
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
except ImportError:  # AnsibleAWSModule has told the user by the time that anything here is called
    pass

# A group of operations has one request a second for the whole account and region
# (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/quotas.html), and a play runs several tasks at once:
# ten attempts with botocore's backoff, up to 20 seconds and jittered, add up to about a minute of patience.
RETRIES = {"mode": "standard", "max_attempts": 10}

# Roles Anywhere as IAM knows it: in trust policies, as whom roles are passed to, and as who configured a default.
PRINCIPAL = "rolesanywhere.amazonaws.com"

# What the caller needs besides the action that has the operation's name.
_FURTHER_ACTIONS = {
    "CreateTrustAnchor": "iam:CreateServiceLinkedRole for the first trust anchor of the account",
    "CreateProfile": f"iam:PassRole on each of the profile's roles (iam:PassedToService {PRINCIPAL})",
    "UpdateProfile": f"iam:PassRole on each of the profile's roles (iam:PassedToService {PRINCIPAL})",
}
# What to do about a limit that an operation meets; with which code AWS answers is not documented.
_ROOM = {
    "ImportCrl": "update a CRL of the trust anchor by its name or id, or delete one that it needs no more",
}

_TITLES = {
    "rolesanywhere": "Roles Anywhere",
    "acm-pca": "AWS Private CA",
    "dynamodb": "Amazon DynamoDB",
    "iam": "IAM",
    "s3": "Amazon S3",
    "sts": "AWS STS",
}
"""What a service is called in a sentence, by the name that boto3 and IAM actions have for it."""


class RefusedError(RolesAnywhereError):
    """The service has answered, and said no; *code* is its word for it."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NotFoundError(RefusedError):
    """The service knows nothing of that identifier."""


class Service:
    """Roles Anywhere in one account and region, or another service there."""

    def __init__(self, client: Any, connect: Callable[[str], Any] | None = None, name: str = "rolesanywhere") -> None:
        """Make no call yet.

        client: a boto3 client of the service with this name.
        connect: a service's name to a client of it, for those that stand beside this one.
        """
        self._client = client
        self._connect = connect
        self._name = name

    @classmethod
    def of(cls, module: Any) -> Service:
        """Connect as the AnsibleAWSModule was told to; its option aws_config has the last word on retries."""

        def connect(name: str) -> Any:
            return module.client(name, config=Config(retries=dict(RETRIES)))  # botocore rewrites what it is given

        return cls(connect("rolesanywhere"), connect)

    def beside(self, name: str) -> Service:
        """Return another service of AWS, by boto3's name, with the same credentials and options."""
        if self._connect is None:
            raise TypeError(f"nothing says how to connect to {name}")
        return Service(self._connect(name), self._connect, name)

    @property
    def region(self) -> str:
        """The region that answers."""
        return str(self._client.meta.region_name)

    @property
    def partition(self) -> str:
        """The partition of that region."""
        return str(self._client.meta.partition)

    def account_id(self) -> str:
        """Return the account that calls: one call to AWS STS, which no policy can deny. Raises what call raises."""
        return str(self.beside("sts").call("GetCallerIdentity")["Account"])

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation, named and filled in AWS's own words, and return the response.

        Raises NotFoundError or RefusedError with a sentence about the refusal, RolesAnywhereError where no answer came.
        """
        with _explained(self._name, operation):
            response: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
        return response

    def content(self, operation: str, limit: int, **request: Any) -> bytes:
        """Call an operation that answers with a body, and return its first bytes, up to the limit.

        Raises what call raises.
        """
        body = self.call(operation, **request)["Body"]
        content = bytearray()
        with _explained(self._name, operation), contextlib.closing(body):
            # A body that broke off is an error only to who reads its end.
            while len(content) < limit and (chunk := body.read(limit - len(content))):
                content += chunk
        return bytes(content)

    def all_pages(self, operation: str, member: str, **request: Any) -> list[dict[str, Any]]:
        """Return what a List operation lists, over all its pages, from the response's member of that name.

        Raises what call raises.
        """
        with _explained(self._name, operation):
            pages = self._client.get_paginator(xform_name(operation)).paginate(**request)
            listed: list[dict[str, Any]] = pages.build_full_result().get(member, [])
        return listed

    def wait(self, waiter: str, **request: Any) -> None:
        """Wait with a waiter of botocore, named in AWS's own words, for as long as it is patient.

        Raises RolesAnywhereError if what it waits for does not come, or if AWS refuses to say.
        """
        with _explained(self._name, waiter):
            self._client.get_waiter(xform_name(waiter)).wait(**request)


@contextlib.contextmanager
def _explained(name: str, operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _refusal(name, operation, error) from error
    except (BotoCoreError, ResponseParserError) as error:  # the latter where endpoint_url leads to another service
        raise RolesAnywhereError(f"{_TITLES[name]} could not be asked for {operation}: {error}") from error


def _refusal(name: str, operation: str, error: ClientError) -> RefusedError:
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "")
    if code in ("ResourceNotFoundException", "NoSuchEntity"):  # the latter is IAM's
        return NotFoundError(f"{_TITLES[name]} found nothing for {operation}: {message}", code)
    if code in ("AccessDeniedException", "AccessDenied"):
        needed = f"{name}:{operation}"
        if operation in _FURTHER_ACTIONS:
            needed += f" and {_FURTHER_ACTIONS[operation]}"
        return RefusedError(f"AWS denied {operation}; the caller needs {needed}. AWS's words: {message}", code)
    sentence = f"{_TITLES[name]} refused {operation} with {code}: {message}"
    if operation in _ROOM and "limit exceeded" in message.lower():
        sentence = f"{sentence.rstrip('.')}; {_ROOM[operation]}."
    return RefusedError(sentence, code)
