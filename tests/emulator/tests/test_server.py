# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: what goes to whom, HTTP itself, TLS, faults, and the switches at run time."""

from __future__ import annotations

import http.client
import json
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer, start
from tests.emulator.tests.calls import refusal

ROOT = Path(__file__).parents[3]

ADMINISTRATOR = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def connection(emulator: EmulatorServer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    yield connection
    connection.close()


def _signed(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    """Sign a request of the administrator; returns its headers."""
    request = AWSRequest(method, f"http://{connection.host}:{connection.port}{path}", data=body)
    SigV4Auth(Credentials("test", "test"), "rolesanywhere", REGION).add_auth(request)
    return dict(request.headers)


def _answer(connection: http.client.HTTPConnection) -> tuple[int, str | None, dict[str, Any]]:
    response = connection.getresponse()
    return response.status, response.getheader("x-amzn-ErrorType"), json.loads(response.read())


def _call(connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b"") -> Any:
    connection.request(method, path, body, _signed(connection, method, path, body))
    return _answer(connection)


# Who answers


def test_everything_else_is_motos(emulator: EmulatorServer) -> None:
    assert client(emulator, "sts").get_caller_identity()["Account"] == "123456789012"
    s3 = client(emulator, "s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bucket", Key="a/b c", Body=b"content")
    assert s3.get_object(Bucket="bucket", Key="a/b c")["Body"].read() == b"content"
    assert client(emulator, "iam").list_roles()["Roles"] == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "AWS4-X509-RSA-SHA256 Credential=1"}])
def test_create_session_answers_its_path(connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
    connection.request("POST", "/sessions", b"{}", headers)
    assert _answer(connection)[:2] == (400, "ValidationException")


def test_certificates_sign_nothing_else(connection: http.client.HTTPConnection) -> None:
    scope = f"1/20261120/{REGION}/rolesanywhere/aws4_request"
    header = f"AWS4-X509-RSA-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    connection.request("GET", "/profiles", headers={"Authorization": header})
    assert _answer(connection)[:2] == (403, "MissingAuthenticationTokenException")


def test_administrator_cannot_create_sessions(connection: http.client.HTTPConnection) -> None:
    assert _call(connection, "POST", "/sessions", b"{}")[:2] == (404, "UnknownOperationException")


def test_unsigned_calls_are_refused(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/profiles")
    assert connection.getresponse().status == 403


# HTTP


def test_connections_are_kept_alive(connection: http.client.HTTPConnection) -> None:
    _call(connection, "GET", "/profiles")
    kept = connection.sock
    assert kept is not None
    _call(connection, "GET", "/trustanchors")
    assert connection.sock is kept


def test_chunked_bodies(connection: http.client.HTTPConnection) -> None:
    chunks = [b'{"name": "web", ', b'"roleArns": []}']
    headers = {**_signed(connection, "POST", "/profiles", b"".join(chunks)), "Transfer-Encoding": "chunked"}
    connection.request("POST", "/profiles", iter(chunks), headers, encode_chunked=True)
    assert _answer(connection)[0] == 201


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error", "message"),
    [
        ("GET", "/nothing", b"", 404, "UnknownOperationException", "There is no such operation."),
        ("POST", "/profiles", b"{", 400, "SerializationException", "The request body is not JSON."),
        ("POST", "/profiles", b"[]", 400, "SerializationException", "The request body is not a JSON object."),
        (
            "POST",
            "/profiles",
            b'{"name": 1, "roleArns": []}',
            400,
            "SerializationException",
            "The value of name is not of type string.",
        ),
        (
            "POST",
            "/crls",
            b'{"name": "x", "crlData": "*"}',
            400,
            "SerializationException",
            "The value of crlData is not of type blob.",
        ),
        (
            "POST",
            "/profiles",
            b'{"name": "x", "roleArns": [], "durationSeconds": true}',
            400,
            "SerializationException",
            "The value of durationSeconds is not of type integer.",
        ),
        (
            "GET",
            "/profiles?pageSize=many",
            b"",
            400,
            "SerializationException",
            "The value of pageSize is not of type integer.",
        ),
        (
            "POST",
            "/profiles",
            b'{"name": "x", "roleArns": [], "aliasName": "x"}',
            400,
            "ValidationException",
            "There is no member 'aliasName'.",
        ),
        (
            "POST",
            "/trustanchors",
            b'{"name": "x", "source": {"typ": "x"}}',
            400,
            "ValidationException",
            "There is no member 'source.typ'.",
        ),
    ],
)
def test_requests_that_no_sdk_sends(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes,
    status: int,
    error: str,
    message: str,
) -> None:
    assert _call(connection, method, path, body) == (status, error, {"message": message})


def test_null_members_count_as_absent(connection: http.client.HTTPConnection) -> None:
    body = b'{"name": "web", "roleArns": [], "sessionPolicy": null}'
    status, _, answer = _call(connection, "POST", "/profiles", body)
    assert status == 201
    assert "sessionPolicy" not in answer["profile"]


# Faults


def _reset_fault(list_profiles: Callable[[], Any]) -> None:
    with pytest.raises(ConnectionClosedError):
        list_profiles()


def _silence(list_profiles: Callable[[], Any]) -> None:
    with pytest.raises(ReadTimeoutError):
        list_profiles()


def _internal_error(list_profiles: Callable[[], Any]) -> None:
    assert refusal(list_profiles)[:2] == (500, "InternalServerException")


def _throttling(list_profiles: Callable[[], Any]) -> None:
    assert refusal(list_profiles) == (429, "ThrottlingException", "Rate exceeded")


FAULTS = {"reset": _reset_fault, "silence": _silence, "internal_error": _internal_error, "throttling": _throttling}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_off_faults(emulator: EmulatorServer, fault: str) -> None:
    impatient = client(emulator, "rolesanywhere", read_timeout=0.3)
    emulator.switches.control_plane_faults = [fault]
    FAULTS[fault](impatient.list_profiles)
    assert emulator.switches.control_plane_faults == []
    impatient.list_profiles()


def test_a_reset_is_no_orderly_close(emulator: EmulatorServer, connection: http.client.HTTPConnection) -> None:
    emulator.switches.control_plane_faults = ["reset"]
    with pytest.raises(ConnectionResetError) as error:
        _call(connection, "GET", "/profiles")
    assert type(error.value) is ConnectionResetError  # and not RemoteDisconnected


def test_an_sdk_that_retries_gets_over_faults(emulator: EmulatorServer) -> None:
    patient = client(emulator, "rolesanywhere", retries={"total_max_attempts": 4, "mode": "standard"})
    emulator.switches.control_plane_faults = ["reset", "internal_error", "throttling"]
    assert patient.list_profiles()["profiles"] == []


def test_faults_of_create_session(emulator: EmulatorServer, connection: http.client.HTTPConnection) -> None:
    emulator.switches.data_plane_faults = ["throttling"]
    client(emulator, "rolesanywhere").list_profiles()
    connection.request("POST", "/sessions", b"{}")
    assert _answer(connection) == (429, "ThrottlingException", {"message": "Rate exceeded"})


def test_latency(emulator: EmulatorServer) -> None:
    emulator.switches.latency = 0.5
    with pytest.raises(ReadTimeoutError):
        client(emulator, "rolesanywhere", read_timeout=0.2).list_profiles()


def test_control_plane_rate(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator.application.pace, "clock", lambda: 0.0)
    emulator.switches.control_plane_rate = 1
    rolesanywhere = client(emulator, "rolesanywhere")
    rolesanywhere.list_profiles()
    assert refusal(rolesanywhere.list_profiles) == (429, "ThrottlingException", "Rate exceeded")
    rolesanywhere.list_crls()
    rolesanywhere.list_trust_anchors()
    rolesanywhere.list_subjects()
    client(emulator, "rolesanywhere", "eu-west-1").list_profiles()


def test_create_session_rate(
    emulator: EmulatorServer, connection: http.client.HTTPConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator.application.pace, "clock", lambda: 0.0)
    emulator.switches.create_session_rate = 10
    statuses = []
    for _ in range(11):
        connection.request("POST", "/sessions", b"{}")
        statuses.append(_answer(connection)[0])
    assert [status == 429 for status in statuses] == [False] * 10 + [True]


# Switches at run time


def test_switches_over_http(emulator: EmulatorServer, connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/emulator/switches")
    assert _answer(connection)[2]["stale_echo"] is False
    connection.request("POST", "/emulator/switches", json.dumps({"stale_echo": True, "latency": 0.01}))
    status, _, answer = _answer(connection)
    assert (status, answer["stale_echo"], answer["latency"]) == (200, True, 0.01)
    assert emulator.switches.stale_echo is True


@pytest.mark.parametrize("body", ["{", "[1]", '{"no_such": 1}', '{"latency": "long"}'])
def test_wrong_switches(connection: http.client.HTTPConnection, body: str) -> None:
    connection.request("POST", "/emulator/switches", body)
    assert _answer(connection)[:2] == (400, "ValidationException")


def test_reset_forgets_everything(emulator: EmulatorServer) -> None:
    client(emulator, "iam").create_user(UserName="somebody")
    client(emulator, "rolesanywhere").create_profile(name="web", roleArns=[])
    emulator.switches.latency = 0.01
    emulator.reset()
    assert client(emulator, "iam").list_users()["Users"] == []
    assert client(emulator, "rolesanywhere").list_profiles()["profiles"] == []
    assert emulator.switches.latency == 0


# Start and stop


def test_stop_closes_connections() -> None:
    server = start()
    rolesanywhere = client(server, "rolesanywhere")
    rolesanywhere.list_profiles()
    server.stop()
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        rolesanywhere.list_profiles()


def test_tls(tmp_path: Path) -> None:
    server = start(tls=True)
    try:
        certificate = tmp_path / "certificate.pem"
        certificate.write_bytes(server.certificate)
        rolesanywhere = boto3.client("rolesanywhere", endpoint_url=server.url, verify=str(certificate), **ADMINISTRATOR)
        assert rolesanywhere.list_profiles()["profiles"] == []
        with pytest.raises(ssl.SSLCertVerificationError):
            http.client.HTTPSConnection("127.0.0.1", server.port).connect()
    finally:
        server.stop()


def _program(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_program(stop: signal.Signals) -> None:
    program = _program("--switch", "stale_echo=true")
    port = re.fullmatch(r"ready http://127\.0\.0\.1:(\d+)\n", program.stdout.readline())[1]
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    connection.request("GET", "/emulator/switches")
    assert _answer(connection)[2]["stale_echo"] is True
    iam = boto3.client("iam", endpoint_url=f"http://127.0.0.1:{port}", **ADMINISTRATOR)
    assert iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")["Policy"]["IsAttachable"]
    program.send_signal(stop)
    output, errors = program.communicate(timeout=10)
    assert (program.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize("named", [True, False])
def test_program_with_tls(named: bool, tmp_path: Path) -> None:
    program = _program("--tls", *(["--tls-certificate", str(tmp_path / "certificate.pem")] if named else []))
    certificate = Path(program.stderr.readline().rpartition("AWS_CA_BUNDLE=")[2].rstrip())
    port = re.fullmatch(r"ready https://127\.0\.0\.1:(\d+)\n", program.stdout.readline())[1]
    context = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", int(port), context=context)
    connection.request("GET", "/emulator/switches")
    assert _answer(connection)[0] == 200
    program.terminate()
    program.communicate(timeout=10)
    assert certificate.exists() is named
    assert not named or certificate == tmp_path / "certificate.pem"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--switch", "nothing=1"], "There is no switch nothing"),
        (["--tls-certificate", "x"], "--tls-certificate needs --tls"),
    ],
)
def test_program_with_wrong_arguments(arguments: list[str], sentence: str) -> None:
    _, errors = _program(*arguments).communicate(timeout=10)
    assert sentence in errors


def test_port_that_is_taken(emulator: EmulatorServer) -> None:
    program = _program("--port", str(emulator.port))
    output, errors = program.communicate(timeout=10)
    assert (program.returncode, output) == (1, "")
    assert errors.startswith(f"Cannot listen on 127.0.0.1:{emulator.port}: ")
    assert errors.count("\n") == 1
