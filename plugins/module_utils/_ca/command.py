# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider command: a program takes a request on its standard input and answers with the certificate in PEM.

What is wanted is told by environment variables, since the request has no names. The program decides what it signs, so
its answers are a stranger's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, names, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import program
from .errors import AuthorityError
from .private_files import explained
from .signer import Answer, Application, Lost

if TYPE_CHECKING:
    from cryptography import x509

LONGEST_TIMEOUT = 300  # seconds; well below the time after which a silent run is taken for dead
LARGEST_CERTIFICATE = 64 * 1024  # bytes
LARGEST_CRL = 1024 * 1024  # bytes
MOST_AT_ONCE = 32
# A CA that hangs so often one after the other is not asked any more.
HANGS_IN_A_ROW = 5

_PROGRAMS = ("issue", "find", "revoke", "crl", "certificate")


def why_not_options(options: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the options beyond their types, or None."""
    for option in _PROGRAMS:
        arguments = options[option]
        if arguments is not None and (not arguments or not os.path.isabs(arguments[0])):
            return f"command.{option} does not begin with the absolute path of a program"
    if not 1 <= options["timeout"] <= LONGEST_TIMEOUT:
        return f"command.timeout is {options['timeout']} seconds; give 1 to {LONGEST_TIMEOUT}"
    if not 1 <= options["parallel"] <= MOST_AT_ONCE:
        return f"command.parallel is {options['parallel']}; give 1 to {MOST_AT_ONCE}"
    for name in [*(options["environment"] or {}), *options["inherit"]]:
        if not name or "=" in name or "\0" in name or name.startswith("ROLESANYWHERE_"):
            return f"{name!r} in command.environment or command.inherit is no name of a variable to give"
    return None


@contextlib.contextmanager
def opened(options: Mapping[str, Any], _warn: Callable[[str], None]) -> Iterator[CommandAuthority]:
    """Open the CA behind a program.

    :raises AuthorityError: the options are wrong, or its certificate cannot be had.
    """
    reason = why_not_options(options)
    if reason:
        raise AuthorityError(f"{reason}.")
    yield CommandAuthority(options)


class CommandAuthority:
    """An issuing CA behind a program."""

    chain = ""  # the anchor holds the issuing CA itself

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        inherited = {name: os.environ[name] for name in options["inherit"] if name in os.environ}
        given = {name: str(value) for name, value in (options["environment"] or {}).items()}
        self._environment = {**inherited, **given}
        self.certificate = self._read_certificate()

    def issue(self, applications: Sequence[Application]) -> Iterator[tuple[Application, Answer]]:
        """Run the program for each application, several at once if that is wanted."""
        pool = ThreadPoolExecutor(self._options["parallel"])
        hangs = 0
        try:
            waiting = {pool.submit(self._issue, application): application for application in applications}
            for answered in as_completed(waiting):
                answer, hung = answered.result()
                yield waiting[answered], answer
                hangs = hangs + 1 if hung else 0
                if hangs == HANGS_IN_A_ROW:
                    raise AuthorityError(f"The CA does not answer: {answer}")
        finally:
            pool.shutdown(cancel_futures=True)

    def find(self, application: Application) -> x509.Certificate | None:
        """Ask the program for a certificate that was asked for before. Without such a program there is no answer."""
        if not self._options["find"]:
            return None
        said = self._say("find", application.csr.encode(), _wishes(application), LARGEST_CERTIFICATE)
        return self._certificate_in("find", said) if said.strip() else None

    def revoke(self, serial: str, reason: str) -> None:
        """Have the program revoke a certificate."""
        if not self._options["revoke"]:
            raise AuthorityError("command.revoke is missing: give it, or have the CA revoke by hand.")
        self._say("revoke", b"", {"SERIAL": serial, "REASON": revocation_lists.REASONS[reason]}, LARGEST_CERTIFICATE)

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """Have the program print the newest CRL, in PEM or DER."""
        if not self._options["crl"]:
            return None
        said = self._say("crl", b"", {}, LARGEST_CRL)
        try:
            return revocation_lists.load(said)
        except CertificateError as error:
            raise AuthorityError(f"What {self._name('crl')} printed cannot be taken: {error}") from None

    def _read_certificate(self) -> x509.Certificate:
        if self._options["certificate"]:
            return self._certificate_in("certificate", self._say("certificate", b"", {}, LARGEST_CERTIFICATE))
        path = Path(self._options["certificate_path"])
        with explained("read", path):
            pem = path.read_bytes()
        try:
            return certificates.load(pem.decode(errors="replace"))
        except CertificateError as error:
            raise AuthorityError(f"The CA certificate {path} cannot be read: {error}") from None

    def _issue(self, application: Application) -> tuple[Answer, bool]:
        """Run the program once. Whatever goes wrong, it may have signed before."""
        said = self._run("issue", application.csr.encode(), _wishes(application), LARGEST_CERTIFICATE)
        if said.trouble:
            return Lost(f"{self._name('issue')} {said.trouble}."), said.hung
        try:
            return self._certificate_in("issue", said.output), False
        except AuthorityError as error:
            return Lost(str(error)), False

    def _certificate_in(self, option: str, said: bytes) -> x509.Certificate:
        """Read the first certificate; programs like to print the chain behind it."""
        try:
            return certificates.load_pem_bundle(said.decode(errors="replace"))[0]
        except CertificateError:
            raise AuthorityError(f"{self._name(option)} printed no certificate in PEM: correct it.") from None

    def _say(self, option: str, given: bytes, wishes: Mapping[str, str], most: int) -> bytes:
        answer = self._run(option, given, wishes, most)
        if answer.trouble:
            raise AuthorityError(f"{self._name(option)} {answer.trouble}.")
        return answer.output

    def _run(self, option: str, given: bytes, wishes: Mapping[str, str], most: int) -> program.Answer:
        told = {f"ROLESANYWHERE_{name}": value for name, value in wishes.items()}
        environment = {**self._environment, **told}
        return program.run(self._options[option], environment, given, seconds=self._options["timeout"], most=most)

    def _name(self, option: str) -> str:
        return f"The program {self._options[option][0]} (command.{option})"


def serial_for(token: str) -> str:
    """Make a serial number out of a token, which a program may use: asked again, it is the same."""
    digest = hashlib.sha256(token.encode()).digest()[:16]
    return bytes([0x40 | digest[0] & 0x3F, *digest[1:]]).hex()


def _wishes(application: Application) -> dict[str, str]:
    """Write what is wanted; what can be more than one has one value a line."""
    wanted = application.wanted
    subject = names.attributes(wanted.subject)
    dns_names, uris = names.dns_names_and_uris(wanted.alternative_names)
    return {
        "TOKEN": application.token,
        "SERIAL": serial_for(application.token),
        "COMMON_NAME": "\n".join(subject["CN"]),
        "ORGANIZATION": "\n".join(subject["O"]),
        "ORGANIZATIONAL_UNITS": "\n".join(subject["OU"]),
        "DNS_NAMES": "\n".join(dns_names),
        "URIS": "\n".join(uris),
        "NOT_BEFORE": iso(wanted.validity.not_before),
        "NOT_AFTER": iso(wanted.validity.not_after),
    }
