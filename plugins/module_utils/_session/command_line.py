# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portable helper's command line: ``credential-process`` with the flags of aws_signing_helper 1.8.0.

SDKs start it for every new process of theirs, so what only a new session needs is imported when it is needed.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import NoReturn, Sequence

from . import session_cache
from .errors import SessionError
from .pair import Pair, open_pair
from .session import Session, credential_process_document
from .version import VERSION

PROGRAM = "rolesanywhere-helper"

# Flags of aws_signing_helper that this helper does not serve, with what stands after them, and why.
REFUSED_FLAGS = {
    "--cert-selector": (1, "certificate stores are not supported; give --certificate"),
    "--system-store-name": (1, "certificate stores are not supported; give --certificate"),
    "--use-latest-expiring-certificate": (0, "certificate stores are not supported; give --certificate"),
    "--pkcs11-lib": (1, "keys in PKCS#11 tokens are not supported; use aws_signing_helper"),
    "--reuse-pin": (0, "keys in PKCS#11 tokens are not supported; use aws_signing_helper"),
    "--tpm-key-password": (1, "keys in a TPM are used without a password; use aws_signing_helper"),
    "--pkcs8-password": (1, "other users can read a command line; give an unencrypted key in a private directory"),
    "--no-verify-ssl": (0, "the endpoint is always verified; name its CA in AWS_CA_BUNDLE"),
    "--debug": (0, "it would write credentials to stderr"),
}
NO_FILES = ("pkcs11:", "handle:")


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line, with the exit status of aws_signing_helper."""

    def error(self, message: str) -> NoReturn:
        raise SessionError(f"{message}; see {PROGRAM} credential-process --help")


class _Refuse(argparse.Action):
    """A flag that is known and not served."""

    def __call__(self, _parser: object, _namespace: object, _values: object, option: str | None = None) -> NoReturn:
        raise SessionError(f"{option} is refused: {REFUSED_FLAGS[str(option)][1]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the helper and return its exit status: 0, or 1 with one line on stderr and nothing on stdout."""
    try:
        options = _parser().parse_args(arguments)
        if options.command == "version":
            sys.stdout.write(f"{VERSION}\n")
        else:
            sys.stdout.write(json.dumps(credential_process_document(_session(options))))
        sys.stdout.flush()
    except (SessionError, BrokenPipeError) as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, allow_abbrev=False, description="Credentials from AWS IAM Roles Anywhere.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    commands.add_parser("version", help="print the version")
    process = commands.add_parser("credential-process", allow_abbrev=False, help="print credentials for an AWS SDK")
    for flag, meaning in (
        ("--certificate", "the certificate, PEM"),
        ("--private-key", "its private key, unencrypted PEM, or PEM wrapped by a TPM (TSS2)"),
        ("--trust-anchor-arn", "the trust anchor that the certificate leads to"),
        ("--profile-arn", "the Roles Anywhere profile"),
        ("--role-arn", "the role to take on"),
    ):
        process.add_argument(flag, required=True, help=meaning)
    process.add_argument("--intermediates", help="the certificates between certificate and trust anchor, PEM")
    process.add_argument("--region", help="by default the trust anchor's")
    process.add_argument("--endpoint", help="another URL than AWS's own")
    process.add_argument("--session-duration", type=int, default=3600, help="seconds, by default %(default)s")
    process.add_argument("--role-session-name", help="by default the certificate's serial number")
    process.add_argument("--with-proxy", action="store_true", help="no effect: HTTPS_PROXY and NO_PROXY always count")
    process.add_argument("--no-tpm-key-password", action="store_true", help="no effect: there is none")
    process.add_argument("--cache-directory", help="where sessions are kept, by default ~/.cache/rolesanywhere")
    process.add_argument("--no-cache", action="store_true", help="ask for a new session each time")
    for flag, (values, _reason) in REFUSED_FLAGS.items():
        process.add_argument(flag, action=_Refuse, nargs=None if values else 0, help=argparse.SUPPRESS)
    return parser


def _session(options: argparse.Namespace) -> Session:
    for path in (options.certificate, options.private_key):
        if path.startswith(NO_FILES):
            raise SessionError(f"{path.split(':')[0]}: names no file; this helper reads certificate and key from files")
    with open_pair(options.certificate, options.private_key, options.intermediates) as pair:
        directory = None if options.no_cache else options.cache_directory or session_cache.default_directory()
        if directory is None:
            return _create(options, pair)
        return session_cache.cached(directory, _identity(options, pair), lambda: _create(options, pair))


def _identity(options: argparse.Namespace, pair: Pair) -> str:
    wanted = (
        options.trust_anchor_arn,
        options.profile_arn,
        options.role_arn,
        options.region or "",
        options.endpoint or "",
        str(options.session_duration),
        options.role_session_name or "",
    )
    return session_cache.identity(pair.certificate.hex(), *wanted)


def _create(options: argparse.Namespace, pair: Pair) -> Session:
    from .create_session import SessionRequest, create_session

    wanted = SessionRequest(
        trust_anchor_arn=options.trust_anchor_arn,
        profile_arn=options.profile_arn,
        role_arn=options.role_arn,
        region=options.region,
        endpoint_url=options.endpoint,
        duration=options.session_duration,
        role_session_name=options.role_session_name,
    )
    return create_session(pair, wanted)
