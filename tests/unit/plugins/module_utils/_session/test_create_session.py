# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession against a service that verifies with botocore and cryptography."""

from __future__ import annotations

import base64
import json
import socket
import threading
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.create_session import (
    SessionRequest,
    create_session,
    read_session,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.https import Answer, Request
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pair import open_directory
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pem import BEGIN, END, split_pem
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.session import (
    iso_time,
    session_document,
    session_from_document,
)
from cryptography.hazmat.primitives.serialization import Encoding

SERIAL = 0x4B1F6A0C2D3E4F5061728394A5B6C7D8


@pytest.fixture
def ask(arns):
    """Ask for a session with the pair of a directory."""

    def create(directory, url, *, ca_bundle=None, seconds=5, **wishes):
        with open_directory(str(directory)) as pair:
            wanted = SessionRequest(**arns, endpoint_url=url, **wishes)
            return create_session(pair, wanted, ca_bundle=ca_bundle, seconds=seconds)

    return create


@pytest.mark.parametrize("kind", ["EC-P256", "EC-P384", "RSA-2048"])
def test_a_session_of_each_kind_of_key(service, make_pair, ask, arns, kind):
    session = ask(make_pair(kind), service.url)
    assert session.credentials == ("ASIA1", "secret-key-1", "secret-token-1")
    assert session.assumed_role_arn == f"arn:aws:sts::123456789012:assumed-role/web/{SERIAL:x}"
    assert session.role_arn == arns["role_arn"]
    assert session.source_identity == "CN=web1"
    assert session.subject_arn.endswith("subject/1")
    ((path, headers, body),) = service.requests
    parts = urlsplit(path)
    assert parts.path == "/sessions"
    assert dict(parse_qsl(parts.query)) == {
        "profileArn": arns["profile_arn"],
        "roleArn": arns["role_arn"],
        "trustAnchorArn": arns["trust_anchor_arn"],
    }
    assert body == b"{}"
    assert headers["content-type"] == "application/json"
    assert f"Credential={SERIAL}/" in headers["authorization"]
    assert "x-amz-x509-chain" not in headers


def test_wishes_and_intermediates_are_sent(service, make_pair, make_certificate, ask):
    chain = [make_certificate("RSA-2048"), make_certificate("EC-P384")]
    directory = make_pair("RSA-2048", chain=chain)
    ask(directory, f"{service.url}/base/", duration=900, role_session_name="web1@x")
    ((path, headers, body),) = service.requests
    assert path.startswith("/base/sessions?")
    assert body == b'{"durationSeconds":900,"roleSessionName":"web1@x"}'
    sent = [base64.b64decode(der) for der in headers["x-amz-x509-chain"].split(",")]
    assert sent == [certificate.public_bytes(Encoding.DER) for certificate in chain]
    assert "x-amz-x509-chain" in headers["authorization"]


def test_a_key_of_another_certificate_is_noticed_before_anything_is_sent(service, make_pair, ask):
    with pytest.raises(SessionError, match=f"private-key.pem is not that of certificate {SERIAL:x}") as caught:
        ask(make_pair("EC-P256", key_of="EC-P384"), service.url)
    assert caught.value.certain
    assert service.requests == []


def test_a_key_that_openssl_cannot_read_is_named(service, make_pair, ask):
    directory = make_pair()
    (directory / "private-key.pem").write_text("no key")
    with pytest.raises(SessionError, match=f"The private key {directory}/private-key.pem cannot be used: openssl"):
        ask(directory, service.url)
    assert service.requests == []


def test_a_kind_of_key_that_roles_anywhere_refuses_is_noticed(service, make_pair, ask):
    directory = make_pair("EC-P256")
    certificate = split_pem((directory / "certificate.pem").read_bytes())[0]
    ec_key, other_key = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209")
    der = base64.encodebytes(certificate.replace(ec_key, other_key))
    (directory / "certificate.pem").write_bytes(BEGIN + b"\n" + der + END)
    with pytest.raises(SessionError, match="needs an RSA or EC key") as caught:
        ask(directory, service.url)
    assert caught.value.certain
    assert service.requests == []


def test_a_refusal_is_certain_and_final(service, make_pair, ask, no_pause):
    service.script.append((403, {"x-amzn-ErrorType": "AccessDeniedException"}, {"message": "Certificate revoked"}))
    with pytest.raises(SessionError, match="403 AccessDeniedException: Certificate revoked") as caught:
        ask(make_pair(), service.url)
    error = caught.value
    assert (error.certain, error.status, error.code) == (True, 403, "AccessDeniedException")
    assert error.reason == "Certificate revoked"
    assert len(service.requests) == 1


def test_what_may_pass_is_tried_again_with_a_new_signature(service, make_pair, ask, no_pause):
    service.script.extend([(500, {}, b""), "reset"])
    session = ask(make_pair(), service.url)
    assert session.credentials.access_key_id == "ASIA3"
    assert len({headers["authorization"] for _path, headers, _body in service.requests}) == 3
    assert len(no_pause) == 2


def test_silence_ends_with_the_time_limit(service, make_pair, ask, no_pause):
    service.script.extend(["silence"] * 3)
    with pytest.raises(SessionError, match=r"127\.0\.0\.1:\d+ gave no answer: .*timed out") as caught:
        ask(make_pair(), service.url, seconds=0.2)
    assert not caught.value.certain
    assert len(service.requests) == 3


def test_a_closed_port_is_one_sentence(make_pair, ask, no_pause):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(SessionError, match="gave no answer: Connection refused") as caught:
            ask(make_pair(), url)
    assert not caught.value.certain


def test_a_redirect_is_not_followed(service, make_pair, ask, no_pause):
    for status in (301, 302, 303, 307, 308):
        service.script.append((status, {"Location": f"{service.url}/elsewhere"}, b""))
        with pytest.raises(SessionError, match=f"answered with {status} "):
            ask(make_pair(), service.url)
        assert len(service.requests) == 1
        service.requests.clear()


def test_a_host_whose_certificate_is_trusted(tls_service, make_pair, ask, tmp_path, monkeypatch):
    service, ca_bundle = tls_service
    directory = make_pair()
    assert ask(directory, service.url, ca_bundle=ca_bundle).credentials.access_key_id == "ASIA1"
    monkeypatch.setenv("AWS_CA_BUNDLE", ca_bundle)
    assert ask(directory, service.url).credentials.access_key_id == "ASIA2"


def test_a_host_whose_certificate_is_not_trusted_gets_nothing(tls_service, make_pair, ask, no_pause):
    service, _ca_bundle = tls_service
    with pytest.raises(SessionError, match="its TLS certificate is not trusted"):
        ask(make_pair(), service.url)
    assert service.requests == []


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_ca_bundle_that_is_none_is_one_sentence(service, make_pair, ask, tmp_path, content, no_pause):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SessionError, match=f"The CA bundle {path} cannot be read"):
        ask(make_pair(), service.url.replace("http:", "https:"), ca_bundle=str(path))


class Proxy:
    """Takes CONNECT, and passes bytes to and fro."""

    def __init__(self):
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for a client
        self.thread.join()
        self.socket.close()

    def serve(self):
        try:
            client, _address = self.socket.accept()
        except OSError:
            return
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.asked.append(target)
        host, _colon, port = target.rpartition(":")
        upstream = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self.copy, args=(upstream, client), daemon=True).start()
        self.copy(client, upstream)

    def copy(self, source, target):
        while True:
            try:
                part = source.recv(65536)
                target.sendall(part)
            except OSError:
                return
            if not part:
                return


@pytest.fixture
def proxy(monkeypatch):
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    running = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", running.url)
    yield running
    running.stop()


def test_a_proxy_of_the_environment_is_used(tls_service, make_pair, ask, proxy):
    service, ca_bundle = tls_service
    ask(make_pair(), service.url, ca_bundle=ca_bundle)
    assert proxy.asked == [service.url.partition("//")[2]]


def test_a_host_without_proxy_is_asked_directly(tls_service, make_pair, ask, proxy, monkeypatch):
    service, ca_bundle = tls_service
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ask(make_pair(), service.url, ca_bundle=ca_bundle)
    assert proxy.asked == []


def test_plain_http_never_leaves_the_machine_through_a_proxy(service, make_pair, ask, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    ask(make_pair(), service.url)
    assert proxy.asked == []


def test_plain_http_to_another_machine_is_refused_before_the_key_is_used(make_pair, ask, monkeypatch):
    monkeypatch.setattr(openssl, "run", lambda *_arguments, **_options: pytest.fail("the key was used"))
    with pytest.raises(SessionError, match="must use https"):
        ask(make_pair(), "http://rolesanywhere.eu-central-1.amazonaws.com")


def _answer(change=lambda document: None):
    document = {
        "credentialSet": [
            {
                "assumedRoleUser": {"arn": "arn:aws:sts::123456789012:assumed-role/web/1"},
                "credentials": {
                    "accessKeyId": "ASIA",
                    "secretAccessKey": "SENTINEL-KEY",
                    "sessionToken": "SENTINEL-TOKEN",
                    "expiration": "2026-11-20T08:26:56Z",
                },
            }
        ]
    }
    change(document)
    return Answer(201, {}, json.dumps(document).encode())


def test_the_least_that_an_answer_may_hold():
    session = read_session(_answer())
    assert iso_time(session.expiration) == "2026-11-20T08:26:56Z"
    assert (session.role_arn, session.subject_arn, session.source_identity) == ("", "", "")
    assert session_from_document(json.loads(json.dumps(session_document(session)))) == session


def test_secrets_do_not_show():
    session = read_session(_answer())
    for text in (repr(session), str(session), f"{session}", repr(session.credentials), "%r" % [session]):
        assert "SENTINEL" not in text
        assert "ASIA" in text


def test_neither_a_signed_request_nor_an_answer_shows():
    request = Request("https://host/sessions", {"Authorization": "SENTINEL"}, b"SENTINEL")
    assert repr(request) == "Request(https://host/sessions)"
    assert repr(_answer()) == "Answer(201)"


def _member(name, value):
    return lambda document: document["credentialSet"][0]["credentials"].update({name: value})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b""),
        Answer(200, {}, b"<html>SENTINEL"),
        Answer(200, {}, b"\xff"),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b"[" * 100000),
        Answer(200, {}, b'{"credentialSet":[]}'),
        Answer(200, {}, b'{"credentialSet":{}}'),
        Answer(200, {}, b'{"credentialSet":[null]}'),
        _answer(lambda document: document["credentialSet"][0].pop("credentials")),
        _answer(lambda document: document["credentialSet"][0].pop("assumedRoleUser")),
        _answer(lambda document: document.update(subjectArn=7)),
        _answer(_member("accessKeyId", "")),
        _answer(_member("secretAccessKey", None)),
        _answer(_member("sessionToken", "SENTINEL\r\nX-Evil: 1")),
        _answer(_member("expiration", "SENTINEL")),
        _answer(_member("expiration", "2026-11-20T08:26:56")),
        _answer(_member("expiration", 1)),
    ],
)
def test_success_without_credentials_is_one_sentence_without_secrets(answer):
    with pytest.raises(SessionError, match="success but without credentials") as caught:
        read_session(answer)
    assert not caught.value.certain
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"x" * (1024 * 1024 + 1), "it is too large"), (b"{}", "success but without credentials")],
)
def test_an_answer_has_a_largest_size(service, make_pair, ask, no_pause, body, reason):
    service.script.extend([(200, {}, body)] * 3)
    with pytest.raises(SessionError, match=reason):
        ask(make_pair(), service.url)
