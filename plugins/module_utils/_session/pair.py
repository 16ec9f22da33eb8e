# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate, intermediates and private key, opened as they belong together.

A renewal switches the symlink ``current`` to another directory. A directory is therefore opened once and its files are
opened relative to it: they are all of the old pair or all of the new one. The key is used through its open descriptor.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager
from typing import Iterator, NamedTuple

from .errors import SessionError
from .pem import split_pem

CERTIFICATE, CHAIN, PRIVATE_KEY = "certificate.pem", "chain.pem", "private-key.pem"
LARGEST_FILE = 1024 * 1024  # bytes


class Pair(NamedTuple):
    """An open pair; see :func:`open_pair`."""

    certificate: bytes  # DER
    chain: list[bytes]  # DER of the intermediates, in file order
    private_key: int  # an open descriptor, for openssl.sign and its like
    private_key_path: str  # for messages only


@contextmanager
def open_directory(directory: str) -> Iterator[Pair]:
    """Open the pair of a directory laid out like ours, for instance ``/etc/rolesanywhere/default/current``.

    :raises SessionError: see :func:`open_pair`.
    """
    paths = [os.path.join(directory, name) for name in (CERTIFICATE, PRIVATE_KEY, CHAIN)]
    with open_pair(*paths) as pair:
        yield pair


@contextmanager
def open_pair(certificate_path: str, private_key_path: str, chain_path: str | None = None) -> Iterator[Pair]:
    """Open the files of a pair; those of one directory are of one version of it. The key is closed at the end.

    :raises SessionError: a file is missing, not a regular one, too large, or does not hold what it should.
    """
    with ExitStack() as opened:
        directories: dict[str, int] = {}

        def descriptor_of(path: str) -> int:
            directory, name = os.path.split(os.path.abspath(path))
            try:
                if directory not in directories:
                    directories[directory] = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                    opened.callback(os.close, directories[directory])
                # Not blocking: a FIFO in a file's place must not hold us.
                flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                descriptor = os.open(name, flags, dir_fd=directories[directory])
                opened.callback(os.close, descriptor)
            except OSError as error:
                raise SessionError(f"{path} cannot be read: {error.strerror}.") from error
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
                raise SessionError(f"{path} must be a regular file of at most {LARGEST_FILE} bytes.")
            return descriptor

        certificates = split_pem(_content(descriptor_of(certificate_path)))
        if not certificates:
            raise SessionError(f"There is no certificate in {certificate_path}; it must hold one in PEM form.")
        chain = split_pem(_content(descriptor_of(chain_path))) if chain_path else []
        yield Pair(certificates[0], chain, descriptor_of(private_key_path), private_key_path)


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read(LARGEST_FILE)
