# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The openssl program (1.1.1 or 3) for all work with private keys on a host: signing, making keys and requests.

A private key is a PEM file. One of the kind TSS2 is wrapped by the TPM 2.0 that made it and of use nowhere else;
OpenSSL 3 has the provider tpm2 for it (the package tpm2-openssl), and AWS's aws_signing_helper reads the same file.

The program is a given absolute path, its environment and configuration are ours alone, and it gets private keys by
absolute path or descriptor, because a variable, a configuration file or a ``file:`` name could make it load or read
what somebody else chose.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple, Sequence, Union

from .errors import SessionError
from .key_types import FILE, KEY_TYPES, TSS2, TSS2_BEGIN, store_of
from .request_repair import without_null

PROGRAMS = (
    "/usr/bin/openssl",
    "/usr/local/bin/openssl",
    "/bin/openssl",
    "/opt/homebrew/bin/openssl",
    "/opt/local/bin/openssl",
    "/run/current-system/sw/bin/openssl",
)
SECONDS = 30
SECONDS_FOR_A_KEY = 300  # RSA-4096 on a small processor

REQUEST_CONFIGURATION = """\
[req]
prompt = no
distinguished_name = subject
attributes = attributes
[subject]
CN = rolesanywhere
[attributes]
challengePassword = {binding}
"""

# Only what has to do with the key is done by the TPM; a digest would take it long.
TSS2_ARGUMENTS = ("-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2,tpm2.digest!=yes")
TSS2_ADVICE = (
    "; a key in the TPM needs OpenSSL 3 with the provider tpm2 (tpm2-openssl), and a TPM that this user may use"
    " (/dev/tpmrm0, mostly for the group tss)"
)
# The provider's own variable says which TPM: only in forms that load no library of somebody else's choice.
TCTI = "TPM2OPENSSL_TCTI"
TCTI_FORMS = re.compile(
    r"device:/dev/tpm(rm)?[0-9]+|swtpm:host=127\.0\.0\.1,port=[0-9]{1,5}|tabrmd:bus_type=(system|session)"
)

PrivateKey = Union[str, int]  # an absolute path, or the open descriptor of a file


class _Key(NamedTuple):
    """A private key as openssl is to be told of it."""

    name: str
    descriptors: Sequence[int]
    arguments: Sequence[str]  # of its store

    def run(self, command: str, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
        """Run a command of openssl with the key; an option of it takes the key's name."""
        try:
            return run([command, *self.arguments, *arguments], stdin, descriptors=self.descriptors)
        except SessionError as error:
            raise _advised(error, self.arguments) from error


def sign(private_key: PrivateKey, data: bytes) -> bytes:
    """Sign with SHA-256: PKCS#1 v1.5 for an RSA key, ECDSA in DER for an EC key.

    :param private_key: absolute path or open descriptor of an unencrypted PEM file.
    :raises SessionError: the key cannot be read or used.
    """
    key = _key(private_key)
    return key.run("dgst", ["-sha256", "-passin", "pass:", "-sign", key.name], data)


def public_key_of(private_key: PrivateKey) -> bytes:
    """Return the SubjectPublicKeyInfo (DER) of a private key, given as in :func:`sign`.

    :raises SessionError: the key cannot be read.
    """
    key = _key(private_key)
    return key.run("pkey", ["-in", key.name, "-passin", "pass:", "-pubout", "-outform", "DER"])


def generate_key(path: str, key_type: str, store: str = FILE) -> None:
    """Make a private key as a new PEM file of mode 0600 in a private directory: PKCS#8, or wrapped by the TPM.

    :param path: absolute; its directory exists, is ours and closed to everybody else.
    :param key_type: one of ``KEY_TYPES``.
    :param store: ``FILE`` or ``TSS2``.
    :raises SessionError: the directory is not private, the file exists, or the key cannot be made.
    """
    kind = KEY_TYPES[key_type]
    _require_private_directory(Path(_absolute(path)).parent)
    arguments = _arguments_of(store)
    # The provider tpm2 names its curves always, and does not know the option that says so.
    wishes = [option for option in kind.options if store == FILE or not option.startswith("ec_param_enc:")]
    options = [word for option in wishes for word in ("-pkeyopt", option)]
    try:
        private_key = run(["genpkey", *arguments, "-algorithm", kind.algorithm, *options], seconds=SECONDS_FOR_A_KEY)
    except SessionError as error:
        raise _advised(error, arguments) from error
    if store_of(private_key) != store:  # a key that anybody could copy must not pass for one of the TPM's
        raise SessionError(f"openssl genpkey made no key of the store {store}; look at the provider tpm2.")
    # openssl would write into a file that exists and keep its mode: we create the file ourselves.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private_key)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise SessionError(f"The private key {path} cannot be written: {error.strerror}.") from error


def request(private_key: PrivateKey, binding: str) -> str:
    """Return a certificate request (PKCS #10, PEM) with the constant subject ``CN=rolesanywhere``.

    :param binding: 64 hex digits; they become the challengePassword attribute (RFC 2985 section 5.4.1).
    :raises SessionError: the binding has another form, or the key cannot be used.
    """
    if not re.fullmatch("[0-9a-f]{64}", binding):
        raise SessionError("The binding of a certificate request must be 64 lower-case hex digits.")
    key = _key(private_key)
    arguments = ["-new", "-sha256", "-utf8", "-batch", "-config", "/dev/stdin", "-key", key.name, "-passin", "pass:"]
    pem = key.run("req", arguments, REQUEST_CONFIGURATION.format(binding=binding).encode("ascii")).decode("ascii")
    return without_null(pem)


def run(
    arguments: Sequence[str], stdin: bytes = b"", *, descriptors: Sequence[int] = (), seconds: float = SECONDS
) -> bytes:
    """Run openssl with a clean environment and no configuration file, and return what it writes to stdout.

    :param descriptors: open files that the program may read as ``/dev/fd/N``.
    :raises SessionError: there is no openssl, it failed, or it took longer than ``seconds``.
    """
    command = [program(), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "OPENSSL_CONF": os.devnull}
    if TCTI_FORMS.fullmatch(os.environ.get(TCTI, "")):
        environment[TCTI] = os.environ[TCTI]
    try:
        # The helper has no AnsibleModule, whose run_command core's linter would have.
        finished = subprocess.run(  # pylint: disable=ansible-bad-function
            command,
            input=stdin,
            capture_output=True,
            env=environment,
            pass_fds=tuple(descriptors),
            timeout=seconds,
            check=False,
            start_new_session=True,  # no terminal: it can never ask for a passphrase
        )
    except subprocess.TimeoutExpired:
        raise SessionError(f"openssl {arguments[0]} gave no answer within {seconds:g} seconds.") from None
    except OSError as error:
        raise SessionError(f"{command[0]} cannot be started: {error.strerror}.") from error
    if finished.returncode != 0:
        raise SessionError(f"openssl {arguments[0]} failed: {_complaint(finished.stderr)}.")
    return finished.stdout


def program() -> str:
    """Return the absolute path of the openssl program.

    :raises SessionError: there is none in the known places.
    """
    for path in PROGRAMS:
        if Path(path).is_file() and os.access(path, os.X_OK):
            return path
    raise SessionError(f"There is no openssl program here; install OpenSSL 1.1.1 or 3 as one of {', '.join(PROGRAMS)}.")


def _key(private_key: PrivateKey) -> _Key:
    if isinstance(private_key, str):
        return _Key(_absolute(private_key), (), _arguments_of(store_of(_begin(private_key))))
    os.lseek(private_key, 0, os.SEEK_SET)  # where /dev/fd/N is a duplicate, it reads on from the shared offset
    arguments = _arguments_of(store_of(os.pread(private_key, len(TSS2_BEGIN), 0)))
    return _Key(f"/dev/fd/{private_key}", (private_key,), arguments)


def _begin(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(len(TSS2_BEGIN))
    except OSError:
        return b""  # openssl tells why


def _arguments_of(store: str) -> Sequence[str]:
    return TSS2_ARGUMENTS if store == TSS2 else ()


def _advised(error: SessionError, arguments: Sequence[str]) -> SessionError:
    return SessionError(f"{error.message.rstrip('.')}{TSS2_ADVICE}.") if arguments else error


def _absolute(path: str) -> str:
    if not Path(path).is_absolute():
        raise SessionError(f"The private key {path!r} must be named by its absolute path.")
    return path


def _require_private_directory(directory: Path) -> None:
    try:
        status = directory.lstat()
    except OSError as error:
        raise SessionError(f"The directory {directory} cannot be used for a private key: {error.strerror}.") from error
    private = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
    if not private:
        raise SessionError(f"A private key is only made in a directory of our own with mode 0700; {directory} is not.")


def _complaint(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    # The TPM's libraries talk before openssl does, and genpkey of patience.
    said = [line for line in lines if not line.startswith(("WARNING:", "ERROR:", "Warning:", "if the system has"))]
    # The first line names the cause in words; those below it are the error stack of the library.
    return (said[0] if said else "it gave no reason").rstrip(".")
