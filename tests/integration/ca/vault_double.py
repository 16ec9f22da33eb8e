# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Vault: the part of its HTTP API that a CA needs, as documented, with a CA that really signs; it can lie.

Source: HashiCorp Vault and OpenBao, HTTP API, PKI secrets engine and AppRole.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
TOKEN = "hvs.long-sesame-of-the-fleet"
SECRET_ID = "9f1c-secret-of-the-approle"


class Refusal(Exception):
    """An answer with an HTTP status and Vault's error shape."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)


class Call(NamedTuple):
    """One request that came."""

    method: str
    path: str
    body: dict[str, Any]
    namespace: str | None


class VaultDouble:
    """The server. *mood* says what it does wrong, *role* is the role ``fleet``, whose key usage is DigitalSignature."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.certificate = self._make()
        self.role: dict[str, Any] = {"organization": [], "ou": [], "max_ttl": 90 * 86400}
        self.stored: dict[str, x509.Certificate] = {}
        self.revoked: dict[str, datetime] = {}
        self.calls: list[Call] = []
        self.mood = "good"
        self.may_read_role = True
        self.token = TOKEN
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, content = double.answer(self.command, unquote(self.path), body, self.headers)
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if content.startswith(b"{") else "text/plain")
                if status == 307:
                    self.send_header("Location", "http://elsewhere.invalid/")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_LIST = _answer  # noqa: N815 - the library looks for these names

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any], headers: Any) -> tuple[int, bytes]:
        """Answer a request."""
        self.calls.append(Call(method, path, body, headers.get("X-Vault-Namespace")))
        try:
            answered = self._route(method, path, body, headers.get("X-Vault-Token"))
        except Refusal as refusal:
            return refusal.status, json.dumps({"errors": refusal.errors}).encode()
        if isinstance(answered, bytes):
            return 200, answered
        envelope = {"request_id": "1", "lease_id": "", "renewable": False, "lease_duration": 0, "auth": None}
        return 200, json.dumps({**envelope, "warnings": None, **answered}).encode()

    def _route(self, method: str, path: str, body: dict[str, Any], token: str | None) -> bytes | dict[str, Any]:
        if self.mood == "sealed":
            raise Refusal(503, "Vault is sealed")
        if self.mood == "redirects":
            raise Refusal(307)
        if self.mood == "something else":
            return b"<html>Welcome to nginx!</html>"
        if (method, path) == ("GET", "/v1/pki/ca/pem"):
            return self.certificate.public_bytes(PEM)
        if (method, path) == ("GET", "/v1/pki/crl/pem"):
            return self._crl()
        if (method, path) == ("POST", "/v1/auth/approle/login"):
            if body != {"role_id": "fleet", "secret_id": SECRET_ID}:
                raise Refusal(400, "invalid role or secret ID")
            return {"auth": {"client_token": self.token}}
        if token != self.token:
            raise Refusal(403, "permission denied")
        return self._authenticated(method, path, body)

    def _authenticated(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        exact: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
            ("POST", "/v1/pki/sign/fleet"): self._sign,
            ("POST", "/v1/pki/revoke"): self._revoke,
            ("LIST", "/v1/pki/certs"): self._list,
            ("GET", "/v1/pki/roles/fleet"): self._read_role,
        }
        if (method, path) in exact:
            return exact[method, path](body)
        serial = path.removeprefix("/v1/pki/cert/")
        if method == "GET" and serial in self.stored:
            return {"data": {"certificate": self.stored[serial].public_bytes(PEM).decode(), "revocation_time": 0}}
        raise Refusal(404)

    def _read_role(self, _body: dict[str, Any]) -> dict[str, Any]:
        if not self.may_read_role:
            raise Refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        return {"data": self.role}

    def _list(self, _body: dict[str, Any]) -> dict[str, Any]:
        if not self.stored:
            raise Refusal(404)
        return {"data": {"keys": list(self.stored)}}

    def _revoke(self, body: dict[str, Any]) -> dict[str, Any]:
        serial = body["serial_number"]
        if serial not in self.stored:
            raise Refusal(400, f"certificate with serial {serial} not found")
        when = self.revoked.setdefault(serial, datetime.now(timezone.utc))
        return {"data": {"revocation_time": int(when.timestamp()), "state": "revoked"}}

    def _sign(self, body: dict[str, Any]) -> dict[str, Any]:
        if "forbidden" in body["common_name"]:
            raise Refusal(400, f"common name {body['common_name']} not allowed by this role")
        if self.mood == "fails":
            raise Refusal(500, "1 error occurred:\n\t* storage is gone\n\n")
        if self.mood == "goes away" and self.stored:
            raise Refusal(503, "Vault is sealed")
        certificate, warnings = self._certificate(body)
        serial = certificate.serial_number.to_bytes((certificate.serial_number.bit_length() + 7) // 8).hex(":")
        self.stored[serial] = certificate
        if self.mood == "loses the answer":
            raise Refusal(500, "context deadline exceeded")
        if self.mood == "answers nothing":
            return {"data": {}}
        pem = certificate.public_bytes(PEM).decode()
        return {"data": {"certificate": pem, "serial_number": serial}, "warnings": warnings or None}

    def _certificate(self, body: dict[str, Any]) -> tuple[x509.Certificate, list[str]]:
        now = datetime.now(timezone.utc).replace(microsecond=0)
        public_key = x509.load_pem_x509_csr(body["csr"].encode()).public_key()
        end, warnings = datetime.fromisoformat(body["not_after"]), []
        longest = now + timedelta(seconds=self.role["max_ttl"])
        if end > longest:
            end = longest
            warnings.append("TTL is longer than permitted maxTTL, so maxTTL is being used")
        common_name = "administrator" if self.mood == "wrong name" else body["common_name"]
        if self.mood == "wrong key":
            public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        if self.mood == "ten years":
            end += timedelta(days=3650)
        # Go writes all values of one kind into one RDN.
        kinds = [(NameOID.ORGANIZATION_NAME, "organization"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "ou")]
        rdns = [[x509.NameAttribute(kind, value) for value in self.role[option]] for kind, option in kinds]
        rdns.append([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        subject = x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in rdns if rdn])
        builder = (
            x509.CertificateBuilder(self.certificate.subject, subject, public_key, x509.random_serial_number())
            .not_valid_before(now - timedelta(seconds=30))
            .not_valid_after(end)
            .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(self._authority(), critical=False)
        )
        if self.mood == "CA:TRUE":
            builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        dns_names = [name for name in body["alt_names"].split(",") if name]
        if not body.get("exclude_cn_from_sans"):
            dns_names.append(body["common_name"])
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
        names += [x509.UniformResourceIdentifier(uri) for uri in body["uri_sans"].split(",") if uri]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA384()), warnings

    def _crl(self) -> bytes:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(hours=72))
            .add_extension(x509.CRLNumber(sum(call.path == "/v1/pki/crl/pem" for call in self.calls)), critical=False)
            .add_extension(self._authority(), critical=False)
        )
        for serial, when in self.revoked.items():
            number = int(serial.replace(":", ""), 16)
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(number, when).build())
        return b"" if self.mood == "no CRL" else builder.sign(self.key, hashes.SHA384()).public_bytes(PEM)

    def _authority(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    def _make(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vault Issuing CA")])
        now = datetime.now(timezone.utc)
        return (
            x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(x509.KeyUsage(*[False] * 5, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA384())
        )
