# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the CA that the options name: its key, or the way to whoever has it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Callable, ContextManager, Mapping

from . import command, file, passphrase, pkcs11, private_ca, vault
from .argument_specs import OWN_OPTIONS
from .errors import AuthorityError
from .layout import AuthorityFiles
from .signer import RemoteAuthority, Signer

Opening = Callable[[Mapping[str, Any], Callable[[str], None]], ContextManager[RemoteAuthority]]

# How the CAs that are asked over a wire are opened, by the provider's name: given its own options and who is to be
# warned of a file with a secret that others may read.
REMOTE: Mapping[str, Opening] = {
    "private_ca": private_ca.opened,
    "vault": vault.opened,
    "command": command.opened,
}


def is_remote(parameters: Mapping[str, Any]) -> bool:
    """Say whether the CA is asked over a wire.

    :raises AuthorityError: the options of another provider are given, too.
    """
    check(parameters)
    return parameters["provider"] in REMOTE


def remote(parameters: Mapping[str, Any], warn: Callable[[str], None]) -> AbstractContextManager[RemoteAuthority]:
    """Open a CA that is asked over a wire.

    :param warn: is told of a file with a secret that others may read.
    :raises AuthorityError: it cannot be reached, or does not let us in.
    """
    provider = parameters["provider"]
    return REMOTE[provider](parameters[provider], warn)


@contextlib.contextmanager
def signer(parameters: Mapping[str, Any], files: AuthorityFiles, warn: Callable[[str], None]) -> Iterator[Signer]:
    """Open a CA for signing.

    :param warn: is told of a file with a secret that others may read.
    :raises AuthorityError: the key or the certificate cannot be opened, or they do not belong together.
    """
    with token(parameters, warn) as opened:
        if opened:
            yield opened.load_signer(files)
        else:
            yield file.load_signer(files, passphrase.read(parameters, warn))


def token(parameters: Mapping[str, Any], warn: Callable[[str], None]) -> AbstractContextManager[pkcs11.Token | None]:
    """Open the token that is to have the key; None stands for a file.

    :param warn: is told of a file with a PIN that others may read.
    :raises AuthorityError: the token cannot be opened, or the options of another provider are given.
    """
    if is_remote(parameters):
        raise AuthorityError(
            f"The provider {parameters['provider']} makes no key here: make the next CA there, "
            "and a folder for it with ca."
        )
    if parameters["provider"] == "pkcs11":
        options = parameters["pkcs11"]
        return pkcs11.opened(pkcs11.read(options), pkcs11.read_pin(options, warn))
    return contextlib.nullcontext()


def check(parameters: Mapping[str, Any]) -> None:
    """Check that only the chosen provider has options.

    :raises AuthorityError: another one has, too.
    """
    for option in OWN_OPTIONS:
        if parameters[option] and parameters["provider"] != option:
            raise AuthorityError(f"{option} would not count: say provider: {option}, or leave it out.")
