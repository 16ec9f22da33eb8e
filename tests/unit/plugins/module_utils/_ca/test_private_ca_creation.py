# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each state that a Private CA can be found in, and what is done then, call by call."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import private_ca, private_ca_creation
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.private_ca_creation import Installed
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance, keys, names
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

PREFIX = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority"
ARN = f"{PREFIX}/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
ROOT_ARN = f"{PREFIX}/00000000-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
NOW = datetime.now(timezone.utc).replace(microsecond=0)
WANTED = private_ca_creation.WantedPrivateCa(
    "fleet", "Issuing CA", "Example", "EC_prime256v1", "SUBORDINATE", "GENERAL_PURPOSE", None, 45
)
CONFIGURATION = {
    "KeyAlgorithm": "EC_prime256v1",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Subject": {"Organization": "Example", "CommonName": "Issuing CA"},
}
NAMED = {"CertificateAuthorityArn": ARN}
CRL = {"Enabled": True, "ExpirationInDays": 45, "S3BucketName": "crls", "S3ObjectAcl": "BUCKET_OWNER_FULL_CONTROL"}
KEY = keys.KEY_TYPES["ECDSA-P256"]()
SUBJECT = names.subject("Issuing CA", "Example")
CSR = x509.CertificateSigningRequestBuilder(SUBJECT).sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def signed(subject=SUBJECT, key=KEY):
    validity = issuance.Validity(NOW - timedelta(days=1), NOW + timedelta(days=900))
    return issuance.authority_builder(subject, key.public_key(), 0, validity, None).sign(key, hashes.SHA256())


CERTIFICATE = signed()


def described(status, arn=ARN, **changes):
    answer = {"Arn": arn, "Status": status, "Type": "SUBORDINATE", "CertificateAuthorityConfiguration": CONFIGURATION}
    return {**answer, "UsageMode": "GENERAL_PURPOSE", **changes}


class Talk:
    """What is said to AWS Private CA; each method declares the next call."""

    def __init__(self, service):
        self.service = service
        self.requests = []
        self.meanwhile = lambda: None

    def list(self, *authorities):
        self.service.expect("list_certificate_authorities", {}, {"CertificateAuthorities": list(authorities)})

    def tags(self, *values, arn=ARN):
        tags = [{"Key": "Team", "Value": "x"}]
        tags += [{"Key": "fleet.rolesanywhere:ca", "Value": value} for value in values]
        self.service.expect("list_tags", {"CertificateAuthorityArn": arn}, {"Tags": tags})

    def describe(self, status, **changes):
        answer = {"CertificateAuthority": described(status, **changes)}
        self.service.expect("describe_certificate_authority", NAMED, answer)

    def create(self, **more):
        request = {
            "CertificateAuthorityConfiguration": CONFIGURATION,
            "CertificateAuthorityType": "SUBORDINATE",
            "UsageMode": "GENERAL_PURPOSE",
            "IdempotencyToken": WANTED.token,
            "Tags": [{"Key": "fleet.rolesanywhere:ca", "Value": "fleet"}],
            **more,
        }
        self.service.expect("create_certificate_authority", request, NAMED)

    def install(self):
        self.service.refuse("get_certificate_authority_csr", "RequestInProgressException")
        self.service.expect("get_certificate_authority_csr", NAMED, {"Csr": CSR})
        request = {**NAMED, "Certificate": certificates.to_pem(CERTIFICATE).encode(), "CertificateChain": b"the root"}
        self.service.expect("import_certificate_authority_certificate", request, {})

    def sign(self, arn, csr):
        self.requests.append((arn, csr))
        return Installed(CERTIFICATE, "the root")

    @contextlib.contextmanager
    def hold(self):
        self.meanwhile()
        yield

    def ensure(self, wanted=WANTED, arn=None, *, allow_cost=True, dry_run=False, prepare=None):
        return private_ca_creation.ensure(
            self.service,
            wanted,
            arn,
            prepare or (lambda: self.sign),
            self.hold,
            allow_cost=allow_cost,
            timeout=5,
            dry_run=dry_run,
        )


@pytest.fixture
def talk(conversation, monkeypatch):
    monkeypatch.setattr(private_ca, "LOOK_INTERVAL", 0)
    return Talk(conversation.beside("acm-pca"))


def test_a_new_ca(talk):
    talk.list()
    talk.list()
    talk.create()
    talk.describe("CREATING")
    talk.install()
    talk.describe("ACTIVE")
    assert talk.ensure() == (ARN, ["created", "installed"])
    assert talk.requests == [(ARN, CSR)]


def test_a_new_ca_that_writes_a_crl(talk):
    wanted = WANTED._replace(crl_bucket="crls")
    talk.list()
    talk.list()
    talk.create(RevocationConfiguration={"CrlConfiguration": CRL})
    talk.describe("CREATING")
    talk.install()
    talk.describe("ACTIVE", RevocationConfiguration={"CrlConfiguration": CRL})
    assert talk.ensure(wanted) == (ARN, ["created", "installed"])


def test_two_runs_at_once_make_one_ca(talk):
    talk.list()

    def another_run():
        talk.list(described("ACTIVE"))
        talk.tags("fleet")
        talk.describe("ACTIVE")

    talk.meanwhile = another_run
    assert talk.ensure() == (ARN, [])
    assert talk.requests == []


@pytest.mark.parametrize("mode", ["GENERAL_PURPOSE", "SHORT_LIVED_CERTIFICATE"])
def test_no_ca_is_made_that_nobody_wants_to_pay_for(talk, mode):
    for dry_run in (False, True):
        talk.list()
        with pytest.raises(AuthorityError) as refused:
            talk.ensure(WANTED._replace(usage_mode=mode), allow_cost=False, dry_run=dry_run)
        sentence = str(refused.value)
        assert "short-lived mode" in sentence if mode.startswith("SHORT") else "general-purpose mode" in sentence
        assert "by the month" in sentence
        assert "private_ca.allow_cost: true" in sentence


def test_in_a_dry_run_nothing_is_made(talk):
    talk.list()
    assert talk.ensure(dry_run=True) == (None, ["created", "installed"])
    talk.list(described("PENDING_CERTIFICATE"))
    talk.tags("fleet")
    assert talk.ensure(dry_run=True) == (ARN, ["installed"])


@pytest.mark.parametrize("status", ["CREATING", "PENDING_CERTIFICATE"])
def test_a_run_that_was_killed_is_taken_up(talk, status):
    for _time in range(2):
        talk.list(described("DELETED"), described(status))
        talk.tags("fleet")
    talk.install()
    talk.describe("ACTIVE")
    assert talk.ensure(allow_cost=False) == (ARN, ["installed"])  # it is there already and costs already


def test_the_second_run_finds_it_by_its_tag(talk):
    other = described("ACTIVE", arn=ROOT_ARN)
    talk.list(other, described("ACTIVE"))
    talk.tags("another", arn=ROOT_ARN)
    talk.tags("fleet")
    assert talk.ensure(allow_cost=False) == (ARN, [])


def test_the_one_that_is_named_needs_no_tag_and_may_be_like_anything(talk):
    talk.describe("ACTIVE", Type="ROOT")
    assert talk.ensure(arn=ARN, allow_cost=False) == (ARN, [])


def test_two_with_our_tag(talk):
    talk.list(described("ACTIVE"), described("ACTIVE", arn=ROOT_ARN))
    talk.tags("fleet")
    talk.tags("fleet", arn=ROOT_ARN)
    with pytest.raises(AuthorityError, match=f"say which with private_ca.arn: {ROOT_ARN}, {ARN}"):
        talk.ensure()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"Type": "ROOT"}, "has the type ROOT instead of SUBORDINATE"),
        (
            {"UsageMode": "SHORT_LIVED_CERTIFICATE"},
            "has the usage mode SHORT_LIVED_CERTIFICATE instead of",
        ),
        (
            {"CertificateAuthorityConfiguration": {**CONFIGURATION, "KeyAlgorithm": "RSA_2048"}},
            "has the key algorithm RSA_2048 instead of EC_prime256v1",
        ),
        (
            {"CertificateAuthorityConfiguration": {**CONFIGURATION, "Subject": {"CommonName": "Another"}}},
            "has the subject CommonName=Another instead of Organization=Example, CommonName=Issuing CA",
        ),
    ],
)
def test_another_ca_is_not_taken_for_the_wanted_one(talk, changes, sentence):
    talk.list(described("ACTIVE", **changes))
    talk.tags("fleet")
    with pytest.raises(AuthorityError, match=sentence):
        talk.ensure()


@pytest.mark.parametrize("there", [{}, {"CrlConfiguration": {**CRL, "S3BucketName": "other"}}])
def test_the_crl_goes_where_it_should(talk, there):
    ocsp = {"OcspConfiguration": {"Enabled": True}}
    wanted = WANTED._replace(crl_bucket="crls")
    for dry_run in (True, False):
        talk.describe("ACTIVE", RevocationConfiguration={**ocsp, **there})
        if not dry_run:
            configuration = {**ocsp, "CrlConfiguration": CRL}
            request = {**NAMED, "RevocationConfiguration": configuration}
            talk.service.expect("update_certificate_authority", request, {})
        assert talk.ensure(wanted, ARN, dry_run=dry_run) == (ARN, ["configured"])
    talk.describe("ACTIVE", RevocationConfiguration={"CrlConfiguration": {**CRL, "CrlType": "COMPLETE"}})
    assert talk.ensure(wanted, ARN) == (ARN, [])


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (signed(key=keys.KEY_TYPES["ECDSA-P256"]()), "is for another key"),
        (signed(subject=names.subject("Another CA")), "is for CN=Another CA"),
    ],
)
def test_what_was_signed_is_looked_at_before_it_is_installed(talk, certificate, sentence):
    talk.describe("PENDING_CERTIFICATE")
    talk.describe("PENDING_CERTIFICATE")
    talk.service.expect("get_certificate_authority_csr", NAMED, {"Csr": CSR})
    with pytest.raises(AuthorityError, match=f"{sentence}: it was not installed"):
        talk.ensure(arn=ARN, prepare=lambda: lambda _arn, _csr: Installed(certificate, "the root"))


def test_nothing_is_made_that_nobody_can_sign(talk):
    def prepare():
        raise AuthorityError("no passphrase")

    for dry_run in (True, False):
        talk.list()
        with pytest.raises(AuthorityError, match="no passphrase"):
            talk.ensure(prepare=prepare, dry_run=dry_run)


def test_aws_takes_too_long(talk, monkeypatch):
    monkeypatch.setattr(private_ca.Waiting, "go_on", lambda _self: False)
    talk.describe("CREATING")
    talk.describe("CREATING")
    talk.service.refuse("get_certificate_authority_csr", "RequestInProgressException")
    with pytest.raises(AuthorityError, match=f"has not made the request of {ARN} in 5 seconds: run again"):
        talk.ensure(arn=ARN)


def test_a_root_in_private_ca_signs(talk):
    end = NOW + timedelta(days=1825)
    root = {"CertificateAuthorityArn": ROOT_ARN}
    above = described("ACTIVE", arn=ROOT_ARN, NotAfter=NOW + timedelta(days=1000))
    talk.service.expect("describe_certificate_authority", root, {"CertificateAuthority": above})
    sign = private_ca_creation.signed_by_private_root(talk.service, ROOT_ARN, end, timeout=5)
    request = {
        **root,
        "Csr": CSR.encode(),
        "SigningAlgorithm": "SHA256WITHECDSA",
        "TemplateArn": "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1",
        "Validity": {"Type": "END_DATE", "Value": int((NOW + timedelta(days=1000)).strftime("%Y%m%d%H%M%S"))},
        "IdempotencyToken": token_of(CSR),
    }
    arn = f"{ROOT_ARN}/certificate/4f01"
    talk.service.expect("issue_certificate", request, {"CertificateArn": arn})
    talk.service.refuse("get_certificate", "RequestInProgressException")
    answer = {"Certificate": certificates.to_pem(CERTIFICATE), "CertificateChain": "the root"}
    talk.service.expect("get_certificate", {**root, "CertificateArn": arn}, answer)
    assert sign(ARN, CSR) == Installed(CERTIFICATE, "the root")


def token_of(csr):
    return hashlib.sha256(csr.encode()).hexdigest()[:32]


def test_the_token_is_that_of_the_wanted_ca():
    assert WANTED.token == WANTED._replace(crl_bucket="crls").token
    assert WANTED.token != WANTED._replace(common_name="Issuing CA 2").token
    assert len(WANTED.token) <= 36
