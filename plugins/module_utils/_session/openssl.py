# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The openssl program (1.1.1 or 3) for all work with private keys on a host: signing, making keys and requests.

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
from typing import Sequence, Union

from .errors import SessionError
from .key_types import KEY_TYPES

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

PrivateKey = Union[str, int]  # an absolute path, or the open descriptor of a file


def sign(private_key: PrivateKey, data: bytes) -> bytes:
    """Sign with SHA-256: PKCS#1 v1.5 for an RSA key, ECDSA in DER for an EC key.

    :param private_key: absolute path or open descriptor of an unencrypted PEM file.
    :raises SessionError: the key cannot be read or used.
    """
    key, descriptors = _key(private_key)
    return run(["dgst", "-sha256", "-passin", "pass:", "-sign", key], data, descriptors=descriptors)


def public_key_of(private_key: PrivateKey) -> bytes:
    """Return the SubjectPublicKeyInfo (DER) of a private key, given as in :func:`sign`.

    :raises SessionError: the key cannot be read.
    """
    key, descriptors = _key(private_key)
    return run(["pkey", "-in", key, "-passin", "pass:", "-pubout", "-outform", "DER"], descriptors=descriptors)


def generate_key(path: str, key_type: str) -> None:
    """Make a private key as a new PKCS#8 PEM file of mode 0600 in a private directory.

    :param path: absolute; its directory exists, is ours and closed to everybody else.
    :param key_type: one of ``KEY_TYPES``.
    :raises SessionError: the directory is not private, the file exists, or the key cannot be made.
    """
    kind = KEY_TYPES[key_type]
    _require_private_directory(Path(_absolute(path)).parent)
    options = [word for option in kind.options for word in ("-pkeyopt", option)]
    private_key = run(["genpkey", "-algorithm", kind.algorithm, *options], seconds=SECONDS_FOR_A_KEY)
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
    key, descriptors = _key(private_key)
    arguments = ["req", "-new", "-sha256", "-utf8", "-batch", "-config", "/dev/stdin", "-key", key, "-passin", "pass:"]
    configuration = REQUEST_CONFIGURATION.format(binding=binding).encode("ascii")
    return run(arguments, configuration, descriptors=descriptors).decode("ascii")


def run(
    arguments: Sequence[str], stdin: bytes = b"", *, descriptors: Sequence[int] = (), seconds: float = SECONDS
) -> bytes:
    """Run openssl with a clean environment and no configuration file, and return what it writes to stdout.

    :param descriptors: open files that the program may read as ``/dev/fd/N``.
    :raises SessionError: there is no openssl, it failed, or it took longer than ``seconds``.
    """
    command = [program(), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "OPENSSL_CONF": os.devnull}
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


def _key(private_key: PrivateKey) -> tuple[str, tuple[int, ...]]:
    if isinstance(private_key, str):
        return _absolute(private_key), ()
    os.lseek(private_key, 0, os.SEEK_SET)  # where /dev/fd/N is a duplicate, it reads on from the shared offset
    return f"/dev/fd/{private_key}", (private_key,)


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
    # The first line names the cause in words; those below it are the error stack of the library.
    return (lines[0] if lines else "it gave no reason").rstrip(".")
