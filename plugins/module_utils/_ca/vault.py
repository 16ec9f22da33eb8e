# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider vault: the PKI secrets engine of HashiCorp Vault or OpenBao signs, by one of its roles.

The role decides what it signs: it gives O and OU, and it may refuse names or shorten the time. The mount's default
issuer is the CA.

Source: Vault's HTTP API, PKI secrets engine (sign, revoke, certs, cert, ca/pem, crl/pem, roles).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, names, revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import program, secret_options
from .errors import AuthorityError
from .signer import Answer, Application, Lost

if TYPE_CHECKING:
    import hvac
    from cryptography import x509

TIMEOUT = 30  # seconds
SHORTEST_SECRET = 8
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


# By the names of the exceptions of hvac and requests, of which the nearest relative counts.
_REASONS = {
    "Forbidden": "the token or its policy does not allow it, or the token has expired",
    "InvalidPath": "there is no such thing; correct vault.mount or vault.role",
    "RateLimitExceeded": "it is asked too often; run this again later",
    "VaultDown": "it is sealed or in maintenance; unseal it and run this again",
    "SSLError": "its certificate is not trusted; give vault.ca_path, or correct it",
    "Timeout": f"it did not answer within {TIMEOUT} seconds; run this again",
    "RequestException": "it cannot be reached; look whether it runs, and correct vault.url",
}
_UNKNOWN = "it fails in a way that is not known here; look into its log"


class RoleNames(NamedTuple):
    """The names that a role of Vault puts into each certificate."""

    organization: list[str]
    organizational_units: list[str]


def why_not_url(url: str) -> str | None:
    """Say why a token must not be sent to an address, or None."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        return "is no address such as https://vault.example.com:8200"
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return "would carry the token unencrypted: give one with https"
    return None


def why_not_names(subject: x509.Name, role: RoleNames) -> str | None:
    """Say that a role would put other names into a certificate than those that are wanted, or None."""
    wanted = names.attributes(subject)
    for letters, what, given in (
        ("O", "organization", role.organization),
        ("OU", "organizational units", role.organizational_units),
    ):
        if wanted[letters] != given:
            return (
                f"The role in Vault gives the {what} {given}, but {wanted[letters]} is wanted: "
                "change the one or the other."
            )
    return None


@contextlib.contextmanager
def opened(options: Mapping[str, Any], warn: Callable[[str], None]) -> Iterator[VaultAuthority]:
    """Log in to Vault.

    :param warn: is told of a file with a secret that others may read, and of what Vault warns of.
    :raises AuthorityError: hvac is not there, the options are wrong, or Vault cannot be reached or does not let us in.
    """
    try:
        import hvac
    except ImportError:
        raise AuthorityError(
            f"Install the Python library hvac for {sys.executable}: provider: vault needs it."
        ) from None
    reason = why_not_url(options["url"])
    if reason:
        raise AuthorityError(f"vault.url {options['url']} {reason}.")
    client = hvac.Client(
        url=options["url"],
        token=_read(options, "token", "Vault token", warn) or "",
        verify=options["ca_path"] or True,
        timeout=TIMEOUT,
        # A token must not follow a redirection to somebody else.
        allow_redirects=False,
        namespace=options["namespace"],
    )
    try:
        if options["approle"]:
            _log_in(client, options, warn)
        yield VaultAuthority(client, options, warn)
    finally:
        client.adapter.close()


class VaultAuthority:
    """The default issuer of a mount of Vault's PKI engine."""

    chain = ""  # the anchor holds the issuing CA itself

    def __init__(self, client: hvac.Client, options: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self._pki = client.secrets.pki
        self._url = options["url"]
        self._mount = options["mount"]
        self._role = options["role"]
        self._warn = warn
        self._warned: set[str] = set()
        self._stored: list[x509.Certificate] | None = None
        with self._explained("show its CA"):
            pem = self._pki.read_ca_certificate(mount_point=self._mount)
        try:
            self.certificate = certificates.load(pem)
        except CertificateError as error:
            raise AuthorityError(f"Vault's {self._mount} has no CA certificate: {error}") from None

    def issue(self, applications: Sequence[Application]) -> Iterator[tuple[Application, Answer]]:
        """Ask for one certificate after the other."""
        role = self._role_names() if applications else None
        for application in applications:
            refused = why_not_names(application.wanted.subject, role) if role else None
            yield application, refused or self._sign(application)

    def find(self, application: Application) -> x509.Certificate | None:
        """Look for the newest certificate of the application's key among all that Vault has stored."""
        if self._stored is None:
            self._stored = list(self._read_stored())
        key = application.wanted.public_key_fingerprint
        found = [certificate for certificate in self._stored if certificates.public_key_fingerprint(certificate) == key]
        return max(found, key=lambda certificate: certificate.not_valid_before_utc, default=None)

    def revoke(self, serial: str, reason: str) -> None:  # noqa: ARG002 - Vault keeps no reasons
        """Have Vault revoke a certificate; one that is revoked already keeps its time."""
        with self._explained(f"revoke {serial}"):
            self._pki.revoke_certificate(_vault_serial(serial), mount_point=self._mount)

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """Fetch the CRL of the mount's default issuer, or None when CRLs are turned off."""
        with self._explained("show its CRL"):
            answer = self._pki.read_crl(mount_point=self._mount)
        text = answer if isinstance(answer, str) else getattr(answer, "text", "")
        if not text.strip():
            return None
        try:
            return revocation_lists.load(text)
        except CertificateError as error:
            raise AuthorityError(f"The CRL of Vault's {self._mount} cannot be taken: {error}") from None

    def _sign(self, application: Application) -> Answer:
        import hvac

        wanted = application.wanted
        dns_names, uris = names.dns_names_and_uris(wanted.alternative_names)
        more = {
            "alt_names": ",".join(dns_names),
            "uri_sans": ",".join(uris),
            "exclude_cn_from_sans": True,
            "not_after": iso(wanted.validity.not_after),
            "format": "pem",
        }
        common_name = names.attributes(wanted.subject)["CN"][0]
        try:
            with self._explained("sign"):
                answer = self._pki.sign_certificate(self._role, application.csr, common_name, more, self._mount)
        except hvac.exceptions.InvalidRequest as error:
            return f"Vault does not sign: {_complaint(error)}."
        except hvac.exceptions.InternalServerError as error:
            return Lost(f"Vault failed: {_complaint(error)}.")
        self._pass_on_warnings(answer)
        try:
            return certificates.load(str(answer["data"]["certificate"]))
        except (CertificateError, KeyError, TypeError):
            return Lost("Vault answered without a certificate: look into its log.")

    def _pass_on_warnings(self, answer: object) -> None:
        warnings = answer.get("warnings") if isinstance(answer, dict) else None
        for warning in warnings or []:
            text = program.clean(str(warning).encode())
            if text not in self._warned:
                self._warned.add(text)
                self._warn(f"Vault warns: {text}")

    def _role_names(self) -> RoleNames | None:
        """Read what the role adds to each name; None when the token may not look, or Vault does not say."""
        import hvac

        try:
            with self._explained("show its role"):
                role = self._pki.read_role(self._role, mount_point=self._mount)["data"]
        except (AuthorityError, KeyError, TypeError, hvac.exceptions.VaultError):
            return None
        return RoleNames(_texts(role.get("organization")), _texts(role.get("ou")))

    def _read_stored(self) -> Iterator[x509.Certificate]:
        import hvac

        with self._explained("list its certificates"):
            try:
                serials = self._pki.list_certificates(mount_point=self._mount)["data"]["keys"]
            except hvac.exceptions.InvalidPath:  # there is none
                return
        for serial in serials:
            with self._explained(f"show the certificate {serial}"):
                answer = self._pki.read_certificate(serial, mount_point=self._mount)
            with contextlib.suppress(CertificateError, KeyError, TypeError, ValueError):
                yield certificates.load(str(answer["data"]["certificate"]))

    @contextlib.contextmanager
    def _explained(self, action: str) -> Iterator[None]:
        with explained(f"Vault at {self._url} does not {action} ({self._mount})", signing=action == "sign"):
            yield


@contextlib.contextmanager
def explained(what: str, *, signing: bool = False) -> Iterator[None]:
    """Turn what hvac and the network say into one sentence, which never quotes what was sent.

    :param signing: lets the answers through that concern one certificate alone.
    :raises AuthorityError: instead of hvac's and the network's exceptions.
    """
    import hvac
    import requests

    try:
        yield
    except (hvac.exceptions.InvalidRequest, hvac.exceptions.InternalServerError) as error:
        if signing:
            raise
        raise AuthorityError(f"{what}: {_complaint(error)}.") from None
    except (hvac.exceptions.VaultError, requests.exceptions.RequestException) as error:
        kinds = (kind.__name__ for kind in type(error).__mro__)
        reason = next((_REASONS[kind] for kind in kinds if kind in _REASONS), _UNKNOWN)
        raise AuthorityError(f"{what}: {reason}.") from None
    except (ValueError, AttributeError):  # hvac takes what comes for what it expects
        raise AuthorityError(f"{what}: it answers something else than Vault does; correct vault.url.") from None


def _log_in(client: hvac.Client, options: Mapping[str, Any], warn: Callable[[str], None]) -> None:
    approle = options["approle"]
    secret_id = _read(approle, "secret_id", "secret ID", warn)
    with explained(f"Vault at {options['url']} does not let the AppRole in"):
        client.auth.approle.login(approle["role_id"], secret_id, mount_point=approle["mount"])


def _read(options: Mapping[str, Any], option: str, noun: str, warn: Callable[[str], None]) -> str | None:
    secret = secret_options.read(options, option, noun, SHORTEST_SECRET, warn)
    try:
        return None if secret is None else secret.decode("ascii")
    except UnicodeDecodeError:
        raise AuthorityError(f"The {noun} is not ASCII text: correct it.") from None


def _complaint(error: hvac.exceptions.VaultError) -> str:
    """Say what Vault objects to, in one line."""
    said = "; ".join(map(str, error.errors)) if error.errors else type(error).__name__
    return program.clean(said.encode()).rstrip(".")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _vault_serial(serial: str) -> str:
    """Write a serial number as Vault does: pairs of digits with colons, none of them a leading zero."""
    number = int(serial, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex(":")
