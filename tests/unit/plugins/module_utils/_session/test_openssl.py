# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the openssl program makes, checked with cryptography; and each way to lead it astray."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import key_types, openssl
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from cryptography.x509.oid import AttributeOID

BINDING = "0123456789abcdef" * 4


@pytest.fixture
def private_directory(tmp_path):
    directory = tmp_path / "pending"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def key_path(private_directory):
    path = str(private_directory / "private-key.pem")
    openssl.generate_key(path, "ECDSA-P256")
    return path


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a shell script in the place of openssl."""

    def put(script):
        path = tmp_path / "openssl"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(openssl, "PROGRAMS", (str(tmp_path / "absent"), str(path)))

    return put


def is_curve(curve):
    return lambda key: isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == curve


def is_rsa(bits):
    return lambda key: isinstance(key, rsa.RSAPrivateKey) and key.key_size == bits


KEY_TYPES = {
    "ECDSA-P256": is_curve("secp256r1"),
    "ECDSA-P384": is_curve("secp384r1"),
    "RSA-2048": is_rsa(2048),
    "RSA-3072": is_rsa(3072),
    "RSA-4096": is_rsa(4096),
}


@pytest.mark.parametrize("key_type", sorted(key_types.KEY_TYPES))
def test_a_key_is_pkcs8_and_signs_and_requests(private_directory, key_type):
    path = private_directory / "private-key.pem"
    openssl.generate_key(str(path), key_type)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert KEY_TYPES[key_type](key)
    public_key = key.public_key()
    expected = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, 7, os.SEEK_SET)
    for given in (str(path), descriptor, descriptor):
        assert openssl.public_key_of(given) == expected
        signature = openssl.sign(given, b"text")
        if key_type.startswith("RSA"):
            public_key.verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())
        else:
            public_key.verify(signature, b"text", ec.ECDSA(hashes.SHA256()))
        request = x509.load_pem_x509_csr(openssl.request(given, BINDING).encode())
        assert request.is_signature_valid
        assert request.public_key() == public_key
        assert request.subject.rfc4514_string() == "CN=rolesanywhere"
        assert request.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value == BINDING.encode()
        assert len(request.attributes) == 1
    os.close(descriptor)


def test_a_descriptor_is_read_from_its_beginning_where_dev_fd_is_a_duplicate(program, key_path):
    # As on macOS: the program reads on from the shared offset.
    reader = "import os, sys; os.write(1, os.read(int(os.path.basename(sys.argv[-1])), 10000))"
    program(f"exec {sys.executable} -c '{reader}' \"$@\"")
    descriptor = os.open(key_path, os.O_RDONLY)
    os.lseek(descriptor, 7, os.SEEK_SET)
    assert [openssl.sign(descriptor, b"") for _time in range(2)] == [Path(key_path).read_bytes()] * 2
    os.close(descriptor)


def test_a_key_file_of_the_same_name_stays_as_it_is(key_path):
    before = Path(key_path).read_bytes()
    with pytest.raises(SessionError, match=f"{key_path} cannot be written: File exists"):
        openssl.generate_key(key_path, "ECDSA-P256")
    assert Path(key_path).read_bytes() == before


def test_a_symlink_in_the_key_files_place_is_not_followed(private_directory, tmp_path):
    (private_directory / "private-key.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SessionError, match="cannot be written"):
        openssl.generate_key(str(private_directory / "private-key.pem"), "ECDSA-P256")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_key_is_only_made_in_a_private_directory(private_directory, mode):
    private_directory.chmod(mode)
    with pytest.raises(SessionError, match="with mode 0700"):
        openssl.generate_key(str(private_directory / "private-key.pem"), "ECDSA-P256")
    assert list(private_directory.iterdir()) == []


def test_a_private_directory_of_another_user_or_behind_a_symlink_is_refused(private_directory, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(private_directory)
    with pytest.raises(SessionError, match="with mode 0700"):
        openssl.generate_key(str(tmp_path / "link" / "private-key.pem"), "ECDSA-P256")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(SessionError, match="of our own"):
        openssl.generate_key(str(private_directory / "private-key.pem"), "ECDSA-P256")


@pytest.mark.parametrize("path", ["file:k.pem", "k.pem", "./k.pem", "", "pkcs11:object=k"])
def test_a_key_is_named_by_its_absolute_path(path, tmp_path, monkeypatch, key_path):
    # openssl would read the first one as a URI.
    os.link(key_path, tmp_path / "k.pem")
    monkeypatch.chdir(tmp_path)
    for use in (lambda: openssl.sign(path, b""), lambda: openssl.public_key_of(path)):
        with pytest.raises(SessionError, match="absolute path"):
            use()
    with pytest.raises(SessionError, match="absolute path"):
        openssl.request(path, BINDING)


@pytest.mark.parametrize("binding", ["", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "\n", "0" * 64 + "\n", "g" * 64])
def test_a_binding_is_64_hex_digits(key_path, binding):
    # It is written into a configuration file.
    with pytest.raises(SessionError, match="64 lower-case hex digits"):
        openssl.request(key_path, binding)


def test_a_configuration_named_by_the_environment_is_not_read(key_path, tmp_path, monkeypatch):
    hijack = tmp_path / "openssl.cnf"
    hijack.write_text(
        "openssl_conf = all\n[all]\nproviders = providers\nengines = engines\n"
        "[providers]\nevil = evil\n[evil]\nmodule = /nowhere/evil.so\nactivate = 1\n"
        "[engines]\nevil = evil_engine\n[evil_engine]\ndynamic_path = /nowhere/evil.so\ninit = 1\n"
    )
    monkeypatch.setenv("OPENSSL_CONF", str(hijack))
    command = [openssl.program(), "pkey", "-in", key_path, "-pubout"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0, (
        "the hijack works on an unguarded openssl"
    )
    openssl.sign(key_path, b"text")
    openssl.public_key_of(key_path)
    openssl.request(key_path, BINDING)


def test_the_environment_is_ours_alone(program, monkeypatch):
    for name in ("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE", "LD_PRELOAD", "RANDFILE", "X"):
        monkeypatch.setenv(name, "/nowhere/evil.so" if name != "LD_PRELOAD" else "")
    program("exec env")
    environment = dict(line.split("=", 1) for line in openssl.run(["dgst"]).decode().splitlines())
    given = {name: value for name, value in environment.items() if name not in ("PWD", "SHLVL", "_", "OLDPWD")}
    assert given == {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "OPENSSL_CONF": "/dev/null"}


def test_an_openssl_of_the_search_path_is_not_taken(tmp_path, monkeypatch, key_path):
    evil = tmp_path / "openssl"
    evil.write_text("#!/bin/sh\necho evil\n")
    evil.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert openssl.program().startswith("/")
    assert openssl.sign(key_path, b"text") != b"evil\n"


def test_an_encrypted_key_is_told_and_never_asked_about(private_directory, keys):
    path = private_directory / "private-key.pem"
    encryption = serialization.BestAvailableEncryption(b"sesame")
    path.write_bytes(keys["EC-P256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(SessionError, match="openssl dgst failed: "):
        openssl.sign(str(path), b"text")
    with pytest.raises(SessionError, match="openssl pkey failed: "):
        openssl.public_key_of(str(path))


def test_no_openssl_is_one_sentence(monkeypatch):
    monkeypatch.setattr(openssl, "PROGRAMS", ("/nowhere/openssl", "/etc/passwd"))
    with pytest.raises(SessionError, match="There is no openssl program here; install OpenSSL") as caught:
        openssl.run(["version"])
    assert not caught.value.certain


def test_a_program_that_does_not_end_is_stopped(program):
    program("exec sleep 60")
    with pytest.raises(SessionError, match=r"openssl dgst gave no answer within 0\.2 seconds"):
        openssl.run(["dgst"], seconds=0.2)


def test_a_program_that_cannot_be_started_is_one_sentence(program, tmp_path):
    program("")
    (tmp_path / "openssl").write_text("#!/nowhere/interpreter\n")
    with pytest.raises(SessionError, match="cannot be started: No such file"):
        openssl.run(["dgst"])


def test_a_failure_is_told_with_its_first_line(program):
    program("echo ' first. ' >&2; echo second >&2; exit 3")
    with pytest.raises(SessionError, match=r"^openssl dgst failed: first\.$"):
        openssl.run(["dgst"])


# ---- keys in the TPM; tests/tpm has one ----

TSS2_KEY = "-----BEGIN TSS2 PRIVATE KEY-----\nAAAA\n-----END TSS2 PRIVATE KEY-----\n"
TELL_ARGUMENTS = 'echo "$@" > "$(dirname "$0")/arguments"; echo "$TPM2OPENSSL_TCTI" > "$(dirname "$0")/tcti"'
PROVIDERS = "-provider tpm2 -provider default -propquery ?provider=tpm2,tpm2.digest!=yes"


@pytest.mark.parametrize("by_descriptor", [True, False])
@pytest.mark.parametrize(("content", "providers"), [(TSS2_KEY, True), ("-----BEGIN PRIVATE KEY-----\n", False)])
@pytest.mark.parametrize(
    ("command", "act"),
    [
        ("dgst", lambda key: openssl.sign(key, b"data")),
        ("pkey", openssl.public_key_of),
        ("req", lambda key: openssl.request(key, BINDING)),
    ],
)
def test_a_key_of_the_tpm_is_used_through_its_provider(
    tmp_path, program, command, act, content, providers, by_descriptor
):
    program(TELL_ARGUMENTS)
    path = tmp_path / "private-key.pem"
    path.write_text(content)
    descriptor = os.open(path, os.O_RDONLY)
    act(descriptor if by_descriptor else str(path))
    os.close(descriptor)
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith(f"{command} {PROVIDERS} " if providers else f"{command} -")
    assert ("tpm2" in arguments) == providers


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        ("device:/dev/tpmrm0", True),
        ("device:/dev/tpm1", True),
        ("swtpm:host=127.0.0.1,port=2321", True),
        ("tabrmd:bus_type=session", True),
        ("", False),
        ("/home/web/evil.so", False),
        ("libevil.so:x", False),
        ("evil:device:/dev/tpmrm0", False),
        ("device:/home/web/evil", False),
        ("device:/dev/tpm0/../../home/web/evil", False),
        ("swtpm:host=192.0.2.1,port=2321", False),
        ("cmd:/bin/sh", False),
        ("device:/dev/tpmrm0\n", False),
    ],
)
def test_the_environment_names_a_tpm_and_no_library(tmp_path, program, monkeypatch, value, passed):
    program(TELL_ARGUMENTS)
    monkeypatch.setenv("TPM2OPENSSL_TCTI", value)
    openssl.run(["version"])
    assert (tmp_path / "tcti").read_text() == (f"{value}\n" if passed else "\n")


def test_what_the_libraries_of_the_tpm_say_is_passed_over(tmp_path, program):
    program("echo 'WARNING:tcti:x' >&2; echo 'ERROR:tcti:y' >&2; echo 'dgst: unable to load provider tpm2' >&2; exit 1")
    path = tmp_path / "private-key.pem"
    path.write_text(TSS2_KEY)
    with pytest.raises(SessionError) as error:
        openssl.sign(str(path), b"data")
    assert str(error.value) == (
        "openssl dgst failed: dgst: unable to load provider tpm2; a key in the TPM needs OpenSSL 3 with the provider"
        " tpm2 (tpm2-openssl), and a TPM that this user may use (/dev/tpmrm0, mostly for the group tss)."
    )


def test_a_key_that_is_not_the_tpms_is_not_taken_for_one(private_directory, program):
    program("echo '-----BEGIN PRIVATE KEY-----'")
    with pytest.raises(SessionError, match="openssl genpkey made no key of the store tss2"):
        openssl.generate_key(str(private_directory / "private-key.pem"), "ECDSA-P256", "tss2")
    assert list(private_directory.iterdir()) == []
