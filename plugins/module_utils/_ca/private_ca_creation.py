# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a CA in AWS Private CA, once: it costs money every month, so no run may make a second one.

Each run looks where the CA stands and goes on from there, so that one that was killed does no harm. The CA has a tag of
ours from its first moment, by which the next run knows it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import RefusedError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

from . import private_ca, private_ca_request
from .errors import AuthorityError

if TYPE_CHECKING:
    from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
    from cryptography import x509

Answer = TypeVar("Answer")

ROOT, SUBORDINATE = "ROOT", "SUBORDINATE"
_IN_PROGRESS = "RequestInProgressException"
KEY_ALGORITHMS = {
    "ECDSA-P256": "EC_prime256v1",
    "ECDSA-P384": "EC_secp384r1",
    "RSA-2048": "RSA_2048",
    "RSA-3072": "RSA_3072",
    "RSA-4096": "RSA_4096",
}
_SIGNING_ALGORITHMS = {"EC_prime256v1": "SHA256WITHECDSA", "EC_secp384r1": "SHA384WITHECDSA"}


class Installed(NamedTuple):
    """A CA's new certificate, and the certificates above it in PEM; none above a root."""

    certificate: x509.Certificate
    chain: str


# Signs the request (PEM) of the CA with that ARN.
Sign = Callable[[str, str], Installed]
# Looks whether that can be done, before a CA is made, and returns how.
PrepareSigning = Callable[[], Sign]


class WantedPrivateCa(NamedTuple):
    """The CA as the user wants it; *kind*, *usage_mode* and *key_algorithm* in AWS's words, *name* for its tag."""

    name: str
    common_name: str
    organization: str | None
    key_algorithm: str
    kind: str
    usage_mode: str
    crl_bucket: str | None
    crl_expiration: int  # days

    @property
    def subject(self) -> dict[str, str]:
        """The name as AWS takes it."""
        organization = {"Organization": self.organization} if self.organization else {}
        return {**organization, "CommonName": self.common_name}

    @property
    def token(self) -> str:
        """The same for two runs that want the same CA at the same time (at most 36 characters)."""
        return hashlib.sha256(repr(self[:6]).encode()).hexdigest()[:32]


class Ensured(NamedTuple):
    """The CA that is there now; in a dry run there is no ARN where one would be made.

    *done* says what was done, or would be: created, installed, configured.
    """

    arn: str | None
    done: list[str]


def ensure(
    service: Service,
    wanted: WantedPrivateCa,
    arn: str | None,
    prepare: PrepareSigning,
    hold: Callable[[], AbstractContextManager[None]],
    *,
    allow_cost: bool,
    timeout: float,
    dry_run: bool,
) -> Ensured:
    """Make the CA unless it is there, install its certificate, and tell it where its CRL goes.

    :param arn: the CA that the user names, whatever it is like; without one it is found by its tag.
    :param prepare: for the signature under its certificate, where it has none yet.
    :param hold: keeps other runs out while something is made.
    :param allow_cost: whether a CA may be made.
    :param timeout: how many seconds AWS is given for each step.
    :raises AuthorityError: another CA is there, none may be made, or AWS refuses.
    """

    def look() -> dict[str, Any] | None:
        there = private_ca.find(service, wanted.name, arn)
        if there is None and not allow_cost:
            raise AuthorityError(why_costly(wanted))
        if there is not None and arn is None:
            check_same(there, wanted)
        return there

    described = look()
    due = to_do(described)
    if due or described is None:
        sign = prepare()
        if dry_run:
            return Ensured(described["Arn"] if described else None, due)
        with hold():
            described = look()  # another run may have been faster
            due = to_do(described)
            described = described or _create(service, wanted)
            if due:
                _install(service, described["Arn"], sign, timeout)
        described = private_ca.describe(service, described["Arn"])
    private_ca.check_active(described)
    if wanted.crl_bucket and not _writes_crl(described, wanted):
        due = [*due, "configured"]
        if not dry_run:
            _configure(service, described, wanted)
    return Ensured(described["Arn"], due)


def to_do(described: Mapping[str, Any] | None) -> list[str]:
    """Say what a CA needs before it is active, as far as it is ours to do: to be created, its certificate installed."""
    if described is None:
        return ["created", "installed"]
    return ["installed"] if described["Status"] in ("CREATING", "PENDING_CERTIFICATE") else []


def why_costly(wanted: WantedPrivateCa) -> str:
    """Say what a CA would cost, without figures: AWS changes them."""
    mode = "short-lived" if wanted.usage_mode == private_ca_request.SHORT_LIVED else "general-purpose"
    return (
        f"There is no Private CA {wanted.name!r}, and a new one in {mode} mode would cost money: AWS bills "
        "every CA by the month until it is deleted, a general-purpose one more than a short-lived one, and each "
        "certificate besides; look at its price list, and say private_ca.allow_cost: true if that is meant."
    )


def check_same(described: Mapping[str, Any], wanted: WantedPrivateCa) -> None:
    """Check that a CA is the wanted one.

    :raises AuthorityError: it is another.
    """
    configuration = described["CertificateAuthorityConfiguration"]
    for what, there, asked in (
        ("subject", configuration["Subject"], wanted.subject),
        ("key algorithm", configuration["KeyAlgorithm"], wanted.key_algorithm),
        ("type", described["Type"], wanted.kind),
        ("usage mode", described.get("UsageMode", "GENERAL_PURPOSE"), wanted.usage_mode),
    ):
        if there != asked:
            raise AuthorityError(
                f"The Private CA {described['Arn']} has the {what} {_words(there)} instead of {_words(asked)}: correct "
                "the options, or give another name."
            )


def signed_by_itself(service: Service, not_after: datetime, timeout: float) -> Sign:
    """Let a root sign its own certificate.

    :param timeout: how many seconds the certificate is waited for.
    """

    def sign(arn: str, csr: str) -> Installed:
        return _issue(
            service, private_ca.describe(service, arn), csr, private_ca_request.ROOT_TEMPLATE, not_after, timeout
        )

    return sign


def signed_by_private_root(service: Service, root_arn: str, not_after: datetime, timeout: float) -> Sign:
    """Let a root in AWS Private CA sign.

    :param timeout: how many seconds the certificate is waited for.
    :raises AuthorityError: the root is not there or not active.
    """
    root = private_ca.describe(service, root_arn)
    private_ca.check_active(root)

    def sign(_arn: str, csr: str) -> Installed:
        return _issue(service, root, csr, private_ca_request.SUBORDINATE_TEMPLATE, not_after, timeout)

    return sign


def _issue(
    service: Service, signer: Mapping[str, Any], csr: str, template: str, not_after: datetime, timeout: float
) -> Installed:
    """Have a CA certificate signed, which must not outlive the one above it."""
    signer_arn = str(signer["Arn"])
    with private_ca.explained():
        arn = service.call(
            "IssueCertificate",
            CertificateAuthorityArn=signer_arn,
            Csr=csr.encode(),
            SigningAlgorithm=signer["CertificateAuthorityConfiguration"]["SigningAlgorithm"],
            TemplateArn=private_ca_request.template_arn(service.partition, template),
            Validity=private_ca_request.end_date(min(not_after, signer.get("NotAfter", not_after))),
            IdempotencyToken=hashlib.sha256(csr.encode()).hexdigest()[:32],
        )["CertificateArn"]
    return _wait(lambda: _issued(service, signer_arn, arn), timeout, f"the certificate {arn}")


def _issued(service: Service, signer_arn: str, arn: str) -> Installed:
    answer = service.call("GetCertificate", CertificateAuthorityArn=signer_arn, CertificateArn=arn)
    return Installed(private_ca.loaded(answer["Certificate"]), answer.get("CertificateChain", ""))


def _create(service: Service, wanted: WantedPrivateCa) -> dict[str, Any]:
    configuration = {
        "KeyAlgorithm": wanted.key_algorithm,
        "SigningAlgorithm": _SIGNING_ALGORITHMS.get(wanted.key_algorithm, "SHA256WITHRSA"),
        "Subject": wanted.subject,
    }
    revocation = {"RevocationConfiguration": _revocation(wanted)} if wanted.crl_bucket else {}
    with private_ca.explained():
        arn = service.call(
            "CreateCertificateAuthority",
            CertificateAuthorityConfiguration=configuration,
            CertificateAuthorityType=wanted.kind,
            UsageMode=wanted.usage_mode,
            IdempotencyToken=wanted.token,
            Tags=[{"Key": private_ca.TAG, "Value": wanted.name}],
            **revocation,
        )["CertificateAuthorityArn"]
    return private_ca.describe(service, arn)


def _install(service: Service, arn: str, sign: Sign, timeout: float) -> None:
    """Have the CA's request signed and install the certificate; it is looked at as a stranger's would be."""
    request = {"CertificateAuthorityArn": arn}
    csr = _wait(
        lambda: str(service.call("GetCertificateAuthorityCsr", **request)["Csr"]), timeout, f"the request of {arn}"
    )
    signed = sign(arn, csr)
    _check(signed.certificate, csr)
    chain = {"CertificateChain": signed.chain.encode()} if signed.chain else {}
    with private_ca.explained():
        service.call(
            "ImportCertificateAuthorityCertificate",
            **request,
            Certificate=certificates.to_pem(signed.certificate).encode(),
            **chain,
        )


def _check(certificate: x509.Certificate, csr: str) -> None:
    from cryptography import x509

    request = x509.load_pem_x509_csr(csr.encode())
    reason = certificates.why_not_authority(certificate)
    if reason is None and certificate.public_key() != request.public_key():
        reason = "is for another key"
    if reason is None and certificate.subject != request.subject:
        reason = f"is for {certificates.describe(certificate.subject)}"
    if reason:
        raise AuthorityError(f"The certificate that was signed for the Private CA {reason}: it was not installed.")


def _wait(look: Callable[[], Answer], timeout: float, what: str) -> Answer:
    waiting = private_ca.Waiting(timeout)
    while True:
        try:
            return look()
        except RefusedError as error:
            if error.code != _IN_PROGRESS:
                raise AuthorityError(str(error)) from error
        except RolesAnywhereError as error:
            raise AuthorityError(str(error)) from error
        if not waiting.go_on():
            raise AuthorityError(f"AWS Private CA has not made {what} in {waiting.seconds:.0f} seconds: run again.")


def _revocation(wanted: WantedPrivateCa) -> dict[str, Any]:
    return {
        "CrlConfiguration": {
            "Enabled": True,
            "ExpirationInDays": wanted.crl_expiration,
            "S3BucketName": wanted.crl_bucket,
            # AWS's default, PUBLIC_READ, fails where a bucket blocks public access, as new ones do.
            "S3ObjectAcl": "BUCKET_OWNER_FULL_CONTROL",
        }
    }


def _writes_crl(described: Mapping[str, Any], wanted: WantedPrivateCa) -> bool:
    there = described.get("RevocationConfiguration", {}).get("CrlConfiguration", {})
    asked = _revocation(wanted)["CrlConfiguration"]
    return all(there.get(member) == value for member, value in asked.items())


def _configure(service: Service, described: Mapping[str, Any], wanted: WantedPrivateCa) -> None:
    """Tell a CA where its CRL goes; what else it does about revocation stays."""
    there = described.get("RevocationConfiguration", {})
    with private_ca.explained():
        service.call(
            "UpdateCertificateAuthority",
            CertificateAuthorityArn=described["Arn"],
            RevocationConfiguration={**there, **_revocation(wanted)},
        )


def _words(value: Any) -> str:
    return ", ".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else str(value)
