# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload with a certificate: its session, and the calls that it makes with it.

The request is signed with nothing of the collection's.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.issuing import Pair, authority, leaf, name
from tests.emulator.tests.pki import Authority, make_crl, pem_of
from tests.emulator.tests.raw_client import SignedRequest


class Refused(Exception):
    """CreateSession said no; the text is its sentence."""


class IssuingCa:
    """A CA under a root, which signs certificates of workloads and an empty CRL."""

    def __init__(self) -> None:
        self._pair = authority("Issuing CA", authority("Root CA"))
        self.pem = self._pair.pem.decode()
        self.crl = pem_of(make_crl(Authority(self._pair.certificate, self._pair.private_key))).decode()

    def issue(self, common_name: str, *organizational_units: str) -> Pair:
        """Make a certificate and its key."""
        units = [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in organizational_units]
        return leaf(self._pair, name(*units, common_name), serial_number=x509.random_serial_number())


class Workload:
    """One who has a certificate and its key, and has been told the ARNs."""

    def __init__(
        self, emulator: EmulatorServer, pair: Pair, *, trust_anchor_arn: str, profile_arn: str, role_arn: str
    ) -> None:
        self._emulator = emulator
        self._pair = pair
        self._query = {"trustAnchorArn": trust_anchor_arn, "profileArn": profile_arn, "roleArn": role_arn}

    def create_session(self, chain: Sequence[x509.Certificate] = ()) -> dict[str, str]:
        """Ask for a session, in the region of the profile; return its credentials, or raise Refused."""
        region = self._query["profileArn"].split(":")[3]
        host = f"127.0.0.1:{self._emulator.port}"
        request = SignedRequest(self._pair, self._query, host=host, region=region, chain=chain)
        connection = http.client.HTTPConnection("127.0.0.1", self._emulator.port, timeout=60)
        connection.request("POST", f"/sessions?{request.query_string}", request.body, request.signed())
        answer = json.loads(connection.getresponse().read())
        connection.close()
        if "credentialSet" not in answer:
            raise Refused(answer["message"])
        return dict(answer["credentialSet"][0]["credentials"])

    def client(self, service: str) -> Any:
        """Return a client of a service with the credentials of a session."""
        session = self.create_session()
        return client(
            self._emulator,
            service,
            REGION,
            session["accessKeyId"],
            session["secretAccessKey"],
            session["sessionToken"],
        )
