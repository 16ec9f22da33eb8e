# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small account in which CreateSession succeeds, for tests that then change one thing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from cryptography import x509
from moto.iam.models import Role, iam_backends
from moto.sts.models import sts_backends
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from tests.emulator import create_session
from tests.emulator.state import Crl, Profile, State, Store, TrustAnchor
from tests.emulator.switches import Switches

from .issuing import Pair, authority, leaf
from .pki import pem_of
from .raw_client import REGION, SignedRequest

ACCOUNT = "123456789012"
ACTIONS = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
DEFAULT_MAPPINGS = {"x509Issuer": ["*"], "x509SAN": ["DNS", "URI", "Name/*"], "x509Subject": ["*"]}


class Answer(NamedTuple):
    """What came back: the sentence of a refusal, or the body of a success."""

    status: int
    code: str | None
    message: str | None
    body: dict[str, Any]

    @property
    def credential_set(self) -> dict[str, Any]:
        """The one entry of a success."""
        return self.body["credentialSet"][0]


def trust_policy(*actions: str, **elements: Any) -> dict[str, Any]:
    """Write a role's trust policy for Roles Anywhere."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": list(actions or ACTIONS),
        **elements,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


class World:
    """One issuing CA in one trust anchor, one profile with one role, one leaf.

    A world beside another one is of the same AWS and trusts the same CA, in another account or region.
    """

    def __init__(self, account: str = ACCOUNT, region: str = REGION, beside: World | None = None) -> None:
        self.account = account
        self.region = region
        if beside is None:
            iam_backends.reset()
            sts_backends.reset()
        self.state = beside.state if beside else State()
        self.switches = beside.switches if beside else Switches()
        self.issuing = beside.issuing if beside else authority("Issuing CA")
        self.leaf = beside.leaf if beside else leaf(self.issuing)
        self.role = beside.role if beside and beside.account == account else self.add_role("web")
        self.anchor = self.add_anchor(self.issuing)
        self.profile = self.add_profile(self.role.arn)

    @property
    def store(self) -> Store:
        """Everything of Roles Anywhere in the account and region."""
        return self.state.store(self.account, self.region)

    def add_role(self, name: str, policy: dict[str, Any] | None = None, **options: Any) -> Role:
        """Make a role; options are those of moto's create_role."""
        defaults: dict[str, Any] = {
            "path": "/",
            "permissions_boundary": None,
            "description": "",
            "tags": [],
            "max_session_duration": "3600",
        }
        document = json.dumps(policy or trust_policy())
        return iam_backends[self.account]["aws"].create_role(
            role_name=name, assume_role_policy_document=document, **{**defaults, **options}
        )

    def add_anchor(self, *authorities: Pair) -> TrustAnchor:
        """Make an enabled trust anchor that holds these CAs."""
        identifier, arn = self.store.new_name("trust-anchor")
        now = datetime.now(timezone.utc)
        certificates = [pair.certificate for pair in authorities]
        anchor = TrustAnchor(identifier, arn, "anchor", {}, certificates, True, now, now, [])
        self.store.trust_anchors[identifier] = anchor
        return anchor

    def add_profile(self, *role_arns: str) -> Profile:
        """Make an enabled profile with these roles."""
        identifier, arn = self.store.new_name("profile")
        now = datetime.now(timezone.utc)
        mappings = {field: list(specifiers) for field, specifiers in DEFAULT_MAPPINGS.items()}
        profile = Profile(identifier, arn, "profile", list(role_arns), True, "someone", now, now, mappings)
        self.store.profiles[identifier] = profile
        return profile

    def add_crl(self, revocation_list: x509.CertificateRevocationList, enabled: bool = True) -> Crl:
        """Give the anchor a CRL."""
        identifier, arn = self.store.new_name("crl")
        now = datetime.now(timezone.utc)
        crl = Crl(identifier, arn, "crl", enabled, pem_of(revocation_list), revocation_list, self.anchor.arn, now, now)
        self.store.crls[identifier] = crl
        return crl

    def trust(self, policy: dict[str, Any]) -> None:
        """Give the role another trust policy."""
        self.role.assume_role_policy_document = json.dumps(policy)

    def request(self, chain: Sequence[x509.Certificate] = (), **changes: Any) -> SignedRequest:
        """Write a good request; changes are fields of SignedRequest."""
        query = {
            "trustAnchorArn": self.anchor.arn,
            "profileArn": self.profile.profile_arn,
            "roleArn": self.role.arn,
        }
        return SignedRequest(**{"pair": self.leaf, "query": query, "chain": chain, "region": self.region, **changes})

    def create_session(self, chain: Sequence[x509.Certificate] = (), **changes: Any) -> Answer:
        """Send a good request with these changes."""
        return self.send(self.request(chain, **changes))

    def send(self, request: SignedRequest, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        """Send a request, with other headers and another body than were signed if a test gives them."""
        environ = EnvironBuilder(
            path="/sessions",
            query_string=request.query_string,
            method="POST",
            headers={**request.signed(), **(headers or {})},
            data=request.body if body is None else body,
        ).get_environ()
        response = create_session.handle(Request(environ), self.state, self.switches)
        answer = json.loads(response.get_data())
        return Answer(response.status_code, response.headers.get("x-amzn-ErrorType"), answer.get("message"), answer)

    def later(self, seconds: float) -> None:
        """Let time pass for the service."""
        self.switches.clock_offset += timedelta(seconds=seconds).total_seconds()
