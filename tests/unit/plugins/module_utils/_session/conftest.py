# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs made with cryptography, and a small service that checks signatures with botocore and cryptography."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import attempts
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

TRUST_ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-2222-4333-8444-555555555555"
PROFILE = "arn:aws:rolesanywhere:eu-central-1:123456789012:profile/66666666-7777-4888-9999-000000000000"
ROLE = "arn:aws:iam::123456789012:role/fleet/web"
SERIAL = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8

KEYS = {
    "EC-P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EC-P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.fixture(scope="session")
def keys():
    """One private key of each kind."""
    return {kind: make() for kind, make in KEYS.items()}


@pytest.fixture
def arns():
    """What a session is asked for with."""
    return {"trust_anchor_arn": TRUST_ANCHOR, "profile_arn": PROFILE, "role_arn": ROLE}


@pytest.fixture
def make_certificate(keys):
    """Make a self-signed certificate; keyword arguments change one thing each."""

    def make(kind="EC-P256", *, subject=None, serial=SERIAL, not_before=None, not_after=None, extensions=()):
        key = keys[kind]
        name = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web1")])
        now = datetime.now(timezone.utc).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(not_before or now)
            .not_valid_after(not_after or now + timedelta(days=30))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, hashes.SHA256())

    return make


@pytest.fixture
def make_pair(tmp_path, keys, make_certificate):
    """Write a pair into a directory laid out like ours and return that directory."""

    def make(kind="EC-P256", *, key_of=None, chain=(), directory=None, **wishes):
        directory = directory or tmp_path / "pair"
        directory.mkdir(parents=True, exist_ok=True)
        pem = serialization.Encoding.PEM
        key = keys[key_of or kind].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (directory / "certificate.pem").write_bytes(make_certificate(kind, **wishes).public_bytes(pem))
        (directory / "private-key.pem").write_bytes(key)
        (directory / "chain.pem").write_bytes(b"".join(certificate.public_bytes(pem) for certificate in chain))
        return directory

    return make


def success(number):
    """Return the body of a successful answer; its secrets tell the number of the call."""
    expiration = datetime.now(timezone.utc) + timedelta(hours=1)
    return {
        "credentialSet": [
            {
                "assumedRoleUser": {"arn": f"arn:aws:sts::123456789012:assumed-role/web/{SERIAL:x}"},
                "credentials": {
                    "accessKeyId": f"ASIA{number}",
                    "secretAccessKey": f"secret-key-{number}",
                    "sessionToken": f"secret-token-{number}",
                    "expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "roleArn": ROLE,
                "sourceIdentity": "CN=web1",
            }
        ],
        "subjectArn": "arn:aws:rolesanywhere:eu-central-1:123456789012:subject/1",
    }


def verify(path, headers, body):
    """Verify a CreateSession request with botocore's canonical form and cryptography; raise when it is wrong."""
    algorithm, _space, rest = headers["authorization"].partition(" ")
    fields = dict(field.split("=", 1) for field in rest.split(", "))
    serial, scope = fields["Credential"].split("/", 1)
    signed = {name: headers[name] for name in fields["SignedHeaders"].split(";")}
    assert set(signed) >= {"host", "content-type", "x-amz-date", "x-amz-x509"}
    signer = SigV4Auth(None, "rolesanywhere", scope.split("/")[1])
    request = AWSRequest("POST", f"http://{headers['host']}{path}", signed, body)
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = signer.canonical_request(request)
    text = "\n".join([algorithm, headers["x-amz-date"], scope, _digest(canonical)])
    certificate = x509.load_der_x509_certificate(base64.b64decode(headers["x-amz-x509"]))
    assert serial == str(certificate.serial_number)
    assert scope == f"{headers['x-amz-date'][:8]}/eu-central-1/rolesanywhere/aws4_request"
    signature, public_key = bytes.fromhex(fields["Signature"]), certificate.public_key()
    if algorithm == "AWS4-X509-RSA-SHA256":
        public_key.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        assert algorithm == "AWS4-X509-ECDSA-SHA256"
        public_key.verify(signature, text.encode(), ec.ECDSA(hashes.SHA256()))


def _digest(text):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text.encode())
    return digest.finalize().hex()


class Service:
    """Answers POST requests of a thread; ``script`` holds what it answers before it answers with success.

    A step of the script is (status, headers, body), "reset", or "silence".
    """

    def __init__(self, tls=None):
        self.script = []
        self.requests = []
        self.mistakes = []
        self.stopping = threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                service.answer(self)

            def log_message(self, *_arguments):
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, handler):
        """Check and record one request, and answer as the script says."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(int(headers["content-length"]))
        path = "/sessions?" + urlsplit(handler.path).query
        self.requests.append((handler.path, headers, body))
        try:
            verify(path, headers, body)
        except Exception as mistake:  # noqa: BLE001 - told by the test's own thread
            self.mistakes.append(repr(mistake))
        step = self.script.pop(0) if self.script else (201, {}, success(len(self.requests)))
        if step == "reset":
            handler.close_connection = True
        elif step == "silence":
            self.stopping.wait(5)
        else:
            status, answer_headers, content = step
            content = content if isinstance(content, bytes) else json.dumps(content).encode()
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **answer_headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)

    def stop(self):
        """Close the port and let go of who waits."""
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    """A service over http on loopback."""
    running = Service()
    yield running
    running.stop()
    assert running.mistakes == []


@pytest.fixture
def tls_service(make_tls):
    """A service over https, and the file that its certificate is trusted by."""
    context, ca_bundle = make_tls
    running = Service(context)
    yield running, ca_bundle
    running.stop()
    assert running.mistakes == []


@pytest.fixture
def make_tls(tmp_path, make_pair):
    """A TLS context for 127.0.0.1 and the path of its certificate."""
    import ipaddress
    import ssl

    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    directory = make_pair(directory=tmp_path / "tls", extensions=[(names, False)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(directory / "certificate.pem"), str(directory / "private-key.pem"))
    return context, str(directory / "certificate.pem")


@pytest.fixture
def no_pause(monkeypatch):
    """Let attempts follow each other at once; return the pauses that were asked for."""
    pauses = []
    monkeypatch.setattr(attempts, "time", SimpleNamespace(sleep=pauses.append))
    return pauses
