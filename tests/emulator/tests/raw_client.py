# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CreateSession request written by hand from reference §2.2 and signed by the openssl program.

It shares nothing with the emulator's verifier nor with the collection's signer, so that the two cannot agree on a
mistake.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .issuing import Pair

REGION = "eu-central-1"


@dataclass
class SignedRequest:
    """A request to be signed; whatever is changed before signed() is signed as changed."""

    pair: Pair
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"durationSeconds":3600}'
    chain: Sequence[x509.Certificate] = ()
    region: str = REGION
    host: str = "127.0.0.1:5555"
    content_type: str | None = "application/json"
    algorithm: str | None = None
    credential: str | None = None
    service: str = "rolesanywhere"
    timestamp: str = ""
    scope_date: str | None = None
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    leave_unsigned: Sequence[str] = ()
    backwards: bool = False  # the signed headers in the wrong order
    space: str = "%20"  # how a space is sent in the query; it is signed as %20 always

    @property
    def query_string(self) -> str:
        """The query as it is sent."""
        return self._canonical_query.replace("%20", self.space)

    @property
    def _canonical_query(self) -> str:
        return "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(self.query.items()))

    def signed(self) -> dict[str, str]:
        """Write all headers, Authorization among them."""
        self.timestamp = self.timestamp or datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "host": self.host,
            "x-amz-date": self.timestamp,
            "x-amz-x509": encode(self.pair.certificate),
            **({"content-type": self.content_type} if self.content_type else {}),
            **({"x-amz-x509-chain": ",".join(map(encode, self.chain))} if self.chain else {}),
            **self.extra_headers,
        }
        signed_names = sorted(set(headers) - set(self.leave_unsigned), reverse=self.backwards)
        canonical = "\n".join(
            [
                "POST",
                "/sessions",
                self._canonical_query,
                *(f"{header}:{headers[header].strip()}" for header in signed_names),
                "",
                ";".join(signed_names),
                hashlib.sha256(self.body).hexdigest(),
            ]
        )
        algorithm = self.algorithm or algorithm_of(self.pair)
        scope = f"{self.scope_date or self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"
        string = f"{algorithm}\n{self.timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        credential = self.credential or str(self.pair.certificate.serial_number)
        signature = sign(self.pair, string.encode()).hex()
        authorization = (
            f"{algorithm} Credential={credential}/{scope}, "
            f"SignedHeaders={';'.join(signed_names)}, Signature={signature}"
        )
        return {**headers, "Authorization": authorization}


def body(**members: object) -> bytes:
    """Write a JSON body as the helper does."""
    return json.dumps(members, separators=(",", ":")).encode()


def encode(certificate: x509.Certificate) -> str:
    """Write a certificate as the headers have it: base64 of DER on one line."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def algorithm_of(pair: Pair) -> str:
    """Name the algorithm that goes with the key."""
    if isinstance(pair.private_key, rsa.RSAPrivateKey):
        return "AWS4-X509-RSA-SHA256"
    return "AWS4-X509-ECDSA-SHA256" if isinstance(pair.private_key, ec.EllipticCurvePrivateKey) else "AWS4-X509-MLDSA"


def sign(pair: Pair, data: bytes) -> bytes:
    """Sign with `openssl dgst`; ML-DSA, which OpenSSL has since 3.5 only, with the key itself."""
    if algorithm_of(pair) == "AWS4-X509-MLDSA":
        return pair.private_key.sign(data)
    with tempfile.TemporaryDirectory() as directory:
        key = Path(directory, "private-key.pem")
        key.write_bytes(pair.private_key_pem)
        command = ["openssl", "dgst", "-sha256", "-sign", str(key)]
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
