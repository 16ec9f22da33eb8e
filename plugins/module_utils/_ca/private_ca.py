# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider private_ca: AWS Private CA signs, revokes and writes the CRL; its key never leaves AWS."""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import arns
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import RETRIES, RefusedError, Service
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import (
    certificates,
    keys,
    revocation_lists,
    times,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from . import private_ca_request
from .errors import AuthorityError
from .pace import Pace
from .signer import Accepted, Answer, Application, Lost

if TYPE_CHECKING:
    from cryptography import x509

SERVICE = "acm-pca"
# Requests a second and account (https://docs.aws.amazon.com/general/latest/gr/pca.html); that of IssueCertificate is an
# option, since it can be raised and has to be shared.
GET_CERTIFICATE_RATE = 75
REVOKE_CERTIFICATE_RATE = 20
# Between two looks at what is in the making, jittered; AWS's own waiter takes one second.
LOOK_INTERVAL = 1.0  # seconds
# Less than remote_issuing.CLAIM: a run that waits must not be taken for dead.
LONGEST_TIMEOUT = 540  # seconds

# What AWS says of one request, and will say again.
_ABOUT_THE_REQUEST = ("InvalidArgsException", "MalformedCSRException", "ValidationException")
_IN_PROGRESS = "RequestInProgressException"
_REVOKED_ALREADY = "RequestAlreadyProcessedException"
_NO_OBJECT = "NoSuchKey"
# After these nobody knows whether the request was carried out.
_NO_ANSWER = ("InternalFailure", "InternalServerException", "ServiceUnavailable", "ServiceUnavailableException")

# Of IssueCertificate and CreateCertificateAuthority (their API reference): five minutes, less what clocks may differ.
TOKEN_LIFE = timedelta(minutes=4)

TAG = "fleet.rolesanywhere:ca"
GONE = ("DELETED", "FAILED")


class Waiting:
    """How long and in which steps something is waited for."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin to wait now."""
        self.clock = clock
        self.sleep = sleep
        self.seconds = seconds
        self._end = clock() + seconds

    def go_on(self) -> bool:
        """Wait a little, unless it has been long enough; not all runs look in the same moment."""
        if self.clock() >= self._end:
            return False
        self.sleep(LOOK_INTERVAL * random.uniform(0.5, 1.5))
        return True


def check(options: Mapping[str, Any]) -> None:
    """Check what AWS would not refuse by itself.

    :raises AuthorityError: a number makes no sense, or a template would take names or usages from the request.
    """
    template_arn = options["template_arn"]
    if template_arn and not template_arn.endswith("_APIPassthrough/V1"):
        raise AuthorityError(
            f"private_ca.template_arn: {template_arn!r} takes names or usages from the request: give one that ends in "
            "_APIPassthrough/V1."
        )
    if options["requests_per_second"] <= 0:
        raise AuthorityError("private_ca.requests_per_second: give a number above 0.")
    if not 0 < options["timeout"] <= LONGEST_TIMEOUT:
        raise AuthorityError(f"private_ca.timeout: give 1 to {LONGEST_TIMEOUT} seconds.")


def connect(options: Mapping[str, Any]) -> Service:
    """Make clients of AWS with the options' credentials and region; no call yet.

    :param options: those of private_ca; without region it is the ARN's.
    :raises AuthorityError: boto3 is missing, or there is no such profile, region or endpoint.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise AuthorityError(f"Install the Python library boto3 for {sys.executable}: private_ca needs it.") from None

    def client(name: str) -> Any:
        config = Config(retries=dict(RETRIES))  # botocore rewrites what it is given
        return session.client(name, endpoint_url=options["endpoint_url"], config=config)

    try:
        session = boto3.session.Session(
            aws_access_key_id=options["access_key"],
            aws_secret_access_key=options["secret_key"],
            aws_session_token=options["session_token"],
            region_name=options["region"] or _region_of(options["arn"]),
            profile_name=options["profile"],
        )
        return Service(client(SERVICE), client, SERVICE)
    except (BotoCoreError, ValueError) as error:
        raise AuthorityError(f"private_ca: AWS cannot be asked: {error}") from None


def _region_of(arn: str | None) -> str | None:
    with explained():
        return arns.parse("private_ca.arn", arn, arns.PRIVATE_CA).region if arn else None


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say what AWS refused, or that it did not answer, as errors of this room."""
    try:
        yield
    except RolesAnywhereError as error:
        raise AuthorityError(str(error)) from error


@contextlib.contextmanager
def opened(options: Mapping[str, Any], _warn: Callable[[str], None]) -> Iterator[PrivateCa]:
    """Open the CA that the options name.

    :param options: those of private_ca.
    :raises AuthorityError: it is not there, not active, or AWS cannot be asked.
    """
    check(options)
    service = connect(options)
    described = find(service, options["name"], options["arn"])
    if described is None:
        raise AuthorityError(
            f"There is no Private CA with the tag {TAG}={options['name']} in {service.region}: make it with the module "
            "fleet.rolesanywhere.ca, or give its ARN."
        )
    yield PrivateCa(
        service,
        described["Arn"],
        template_arn=options["template_arn"],
        requests_per_second=options["requests_per_second"],
        timeout=options["timeout"],
    )


def find(service: Service, name: str | None, arn: str | None) -> dict[str, Any] | None:
    """Return the CA that is named by ARN, else the one with our tag; None if there is none.

    :raises AuthorityError: several have the tag, or AWS does not let us look.
    """
    if arn:
        return describe(service, arn)
    with explained():
        listed = service.all_pages("ListCertificateAuthorities", "CertificateAuthorities")
        hits = [
            authority for authority in listed if authority["Status"] not in GONE and _has_tag(service, authority, name)
        ]
    if len(hits) > 1:
        found = ", ".join(sorted(authority["Arn"] for authority in hits))
        raise AuthorityError(f"Several Private CAs have the tag {TAG}={name}: say which with private_ca.arn: {found}.")
    return hits[0] if hits else None


def _has_tag(service: Service, authority: Mapping[str, Any], name: str | None) -> bool:
    tags = service.all_pages("ListTags", "Tags", CertificateAuthorityArn=authority["Arn"])
    return {"Key": TAG, "Value": name} in tags


class PrivateCa:
    """A CA of AWS Private CA that is active."""

    chain = ""  # the anchor holds the issuing CA itself

    def __init__(
        self,
        service: Service,
        arn: str,
        *,
        template_arn: str | None = None,
        requests_per_second: float = 25,
        timeout: float = 120,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look at the CA, with two calls.

        :param template_arn: another template than the blank one.
        :param requests_per_second: calls of IssueCertificate.
        :param timeout: how many seconds certificates of a batch are waited for.
        :raises AuthorityError: it is not there, not active, or AWS does not let us look.
        """
        self._service = service
        self._arn = arn
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._issuing = Pace(requests_per_second, clock, sleep)
        self._looking = Pace(GET_CERTIFICATE_RATE, clock, sleep)
        self._revoking = Pace(REVOKE_CERTIFICATE_RATE, clock, sleep)
        self._described = describe(service, arn)
        check_active(self._described)
        with explained():
            pem = service.call("GetCertificateAuthorityCertificate", CertificateAuthorityArn=arn)["Certificate"]
        self.certificate = loaded(pem)
        public_key = keys.accepted(self.certificate.public_key())
        self._common = {
            "CertificateAuthorityArn": arn,
            "SigningAlgorithm": private_ca_request.signing_algorithm(public_key),
            "TemplateArn": template_arn
            or private_ca_request.template_arn(service.partition, private_ca_request.TEMPLATE),
        }

    @property
    def usage_mode(self) -> str:
        """GENERAL_PURPOSE or SHORT_LIVED_CERTIFICATE."""
        return str(self._described.get("UsageMode", "GENERAL_PURPOSE"))

    def issue(self, applications: Sequence[Application]) -> Iterator[tuple[Application, Answer]]:
        """Ask for all certificates, then fetch them as they come; each is named by its ARN in between."""
        accepted = []
        stopped = ""
        for application in applications:
            answer, stopped = (stopped, stopped) if stopped else self._apply(application)
            if isinstance(answer, Accepted):
                accepted.append(application._replace(reference=answer))
            yield application, answer
        yield from self._fetch_all(accepted)

    def find(self, application: Application) -> x509.Certificate | None:
        """Fetch by its ARN what was asked for before; where none is known, by its token, which AWS knows for minutes.

        An answer without ARN that is older reached nobody: whatever was signed then, only AWS has it.

        :raises AuthorityError: AWS does not answer, or is not ready.
        """
        if not application.reference:
            if times.now() - private_ca_request.asked_at(application.wanted.validity) > TOKEN_LIFE:
                return None
            try:
                application = application._replace(reference=self._ask(application))
            except RefusedError as error:
                if error.code in _ABOUT_THE_REQUEST:
                    return None
                raise AuthorityError(str(error)) from error
            except RolesAnywhereError as error:
                raise AuthorityError(str(error)) from error
        for _application, answer in self._fetch_all([application]):
            if isinstance(answer, Lost):
                raise AuthorityError(answer)
            return None if isinstance(answer, str) else answer
        return None

    def revoke(self, serial: str, reason: str) -> None:
        """Revoke a certificate; one that is revoked already is as it should be.

        :param serial: in hexadecimal.
        :param reason: as the ledger has it, such as key_compromise.
        :raises AuthorityError: AWS refuses or does not answer.
        """
        self._revoking.wait()
        try:
            self._service.call(
                "RevokeCertificate",
                CertificateAuthorityArn=self._arn,
                CertificateSerial=serial,
                RevocationReason=reason.upper(),
            )
        except RolesAnywhereError as error:
            if not (isinstance(error, RefusedError) and error.code == _REVOKED_ALREADY):
                raise AuthorityError(str(error)) from error

    def revocation_list(self) -> x509.CertificateRevocationList | None:
        """Read the newest CRL from the bucket that AWS Private CA writes it to.

        There is none before the first certificate, and none ever where the CA is not told to.

        :raises AuthorityError: it comes in parts, or cannot be read.
        """
        location = crl_location(describe(self._service, self._arn))
        if location is None:
            return None
        bucket, key = location
        try:
            content = self._service.beside("s3").content(
                "GetObject", revocation_lists.SIZE_LIMIT, Bucket=bucket, Key=key
            )
            return revocation_lists.load(content)
        except RolesAnywhereError as error:
            if isinstance(error, RefusedError) and error.code == _NO_OBJECT:
                return None
            raise AuthorityError(f"The CRL s3://{bucket}/{key} cannot be read: {error}") from error
        except CertificateError as error:
            raise AuthorityError(f"The CRL s3://{bucket}/{key} cannot be used: {error}") from None

    def _apply(self, application: Application) -> tuple[Answer, str]:
        """Ask for one; return the answer, and the sentence with which there is no use in asking for more."""
        refused = self._why_not(application)
        if refused:
            return refused, ""
        try:
            return Accepted(self._ask(application)), ""
        except RefusedError as error:
            if error.code in _NO_ANSWER:
                return Lost(str(error)), ""
            return str(error), "" if error.code in _ABOUT_THE_REQUEST else str(error)
        except RolesAnywhereError as error:
            return Lost(str(error)), str(error)

    def _ask(self, application: Application) -> str:
        wanted = application.wanted
        self._issuing.wait()
        answer = self._service.call(
            "IssueCertificate",
            **self._common,
            Csr=application.csr.encode(),
            ApiPassthrough=private_ca_request.names_and_usages(wanted),
            Validity=private_ca_request.end_date(private_ca_request.end_of(self.usage_mode, wanted.validity)),
            ValidityNotBefore=private_ca_request.beginning(wanted.validity.not_before),
            IdempotencyToken=application.token,
        )
        return str(answer["CertificateArn"])

    def _why_not(self, application: Application) -> str | None:
        wanted = application.wanted
        return private_ca_request.why_too_long(self.usage_mode, wanted.validity) or private_ca_request.why_not(
            application.csr, wanted
        )

    def _fetch_all(self, asked: Sequence[Application]) -> Iterator[tuple[Application, Answer]]:
        waiting = Waiting(self._timeout, self._clock, self._sleep)
        while asked:
            in_progress = []
            for application in asked:
                self._looking.wait()
                try:
                    yield application, fetch(self._service, self._arn, application.reference)
                except RefusedError as error:
                    if error.code == _IN_PROGRESS:
                        in_progress.append(application)
                    else:
                        yield application, Lost(str(error))
                except (RolesAnywhereError, AuthorityError) as error:
                    yield application, Lost(str(error))
            asked = in_progress
            if asked and not waiting.go_on():
                break
        for application in asked:
            yield (
                application,
                Lost(f"AWS Private CA is still making {application.reference}: run this again, or raise timeout."),
            )


def describe(service: Service, arn: str) -> dict[str, Any]:
    """Return the CA as AWS Private CA describes it.

    :raises AuthorityError: it is not there, or AWS does not let us look.
    """
    with explained():
        described: dict[str, Any] = service.call("DescribeCertificateAuthority", CertificateAuthorityArn=arn)[
            "CertificateAuthority"
        ]
    return described


def check_active(described: Mapping[str, Any]) -> None:
    """Check that a CA can issue and revoke.

    :raises AuthorityError: it is in another state.
    """
    arn, status = described["Arn"], described["Status"]
    if status != "ACTIVE":
        advice = {
            "CREATING": "run the module ca once more, which waits for it",
            "PENDING_CERTIFICATE": "run the module ca once more, which installs its certificate",
            "DISABLED": "enable it",
        }.get(status, "make another one")
        raise AuthorityError(f"The Private CA {arn} is {status}: {advice}.")


def crl_location(described: Mapping[str, Any]) -> tuple[str, str] | None:
    """Tell bucket and key of a CA's CRL, or None if it writes none.

    Source: https://docs.aws.amazon.com/privateca/latest/userguide/crl-planning.html

    :raises AuthorityError: it writes one in parts.
    """
    arn = described["Arn"]
    crl = described.get("RevocationConfiguration", {}).get("CrlConfiguration", {})
    if not crl.get("Enabled"):
        return None
    if crl.get("CrlType", "COMPLETE") != "COMPLETE":
        raise AuthorityError(
            f"The Private CA {arn} writes its CRL in parts, which Roles Anywhere does not read: "
            "set its CrlType to COMPLETE."
        )
    path = crl.get("CustomPath", "").strip("/") or "crl"
    return crl["S3BucketName"], f"{path}/{arn.rpartition('/')[2]}.crl"


def fetch(service: Service, authority_arn: str, arn: str) -> x509.Certificate:
    """Return a certificate that a CA was asked for.

    :raises RefusedError: with RequestInProgressException as long as it is in the making.
    :raises RolesAnywhereError: no answer came.
    :raises AuthorityError: what came is no certificate.
    """
    return loaded(
        service.call("GetCertificate", CertificateAuthorityArn=authority_arn, CertificateArn=arn)["Certificate"]
    )


def loaded(pem: str) -> x509.Certificate:
    """Read a certificate that AWS sent.

    :raises AuthorityError: it is none.
    """
    try:
        return certificates.load(pem)
    except CertificateError as error:
        raise AuthorityError(f"What AWS Private CA sent as a certificate is none: {error}") from None
