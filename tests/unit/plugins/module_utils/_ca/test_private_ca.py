# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS Private CA is asked, call by call, and what becomes of each of its answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import private_ca
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.signer import Accepted, Application, Lost
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates, issuance, keys, names
from botocore.response import StreamingBody
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

ARN = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
TEMPLATE = "arn:aws:acm-pca:::template/BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1"
NOW = datetime.now(timezone.utc).replace(microsecond=0)
VALIDITY = issuance.Validity(NOW - timedelta(minutes=5), NOW + timedelta(days=5))
KEY = keys.KEY_TYPES["ECDSA-P256"]()
SUBJECT = names.subject("Issuing CA", "Example")
CSR = x509.CertificateSigningRequestBuilder(SUBJECT).sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
CERTIFICATE = issuance.authority_builder(
    SUBJECT, KEY.public_key(), 0, issuance.Validity(NOW - timedelta(days=1), NOW + timedelta(days=900)), None
).sign(KEY, hashes.SHA256())
CRL_CONFIGURATION = {"Enabled": True, "S3BucketName": "crls", "ExpirationInDays": 45}


def application(host, **alternative_names):
    san = names.alternative_names(alternative_names.get("dns_names", ()), alternative_names.get("uris", ()))
    wanted = issuance.WantedCertificate(
        names.subject(host), san, keys.public_key_info(KEY.public_key()), "00", VALIDITY
    )
    return Application(f"token-{host}", CSR, wanted)


def certificate(host):
    wanted = application(host).wanted
    builder = issuance.workload_builder(issuance.workload_template(CERTIFICATE), wanted)
    return certificates.to_pem(builder.sign(KEY, hashes.SHA256()))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Talk:
    """A Private CA and what is said to it."""

    def __init__(self, conversation):
        self.service = conversation.beside("acm-pca")
        self.s3 = self.service.beside("s3")

    def describe(self, status="ACTIVE", **more):
        answer = {"Arn": ARN, "Status": status, **more}
        request = {"CertificateAuthorityArn": ARN}
        self.service.expect("describe_certificate_authority", request, {"CertificateAuthority": answer})

    def open(self, mode="GENERAL_PURPOSE", **options):
        self.describe(UsageMode=mode)
        answer = {"Certificate": certificates.to_pem(CERTIFICATE)}
        self.service.expect("get_certificate_authority_certificate", {"CertificateAuthorityArn": ARN}, answer)
        clock = Clock()
        return private_ca.PrivateCa(self.service, ARN, clock=clock, sleep=clock.sleep, **options)

    def ask(self, host, **changes):
        request = {
            "CertificateAuthorityArn": ARN,
            "Csr": CSR.encode(),
            "SigningAlgorithm": "SHA256WITHECDSA",
            "TemplateArn": TEMPLATE,
            "Validity": {"Type": "END_DATE", "Value": int(VALIDITY.not_after.strftime("%Y%m%d%H%M%S"))},
            "ValidityNotBefore": {"Type": "ABSOLUTE", "Value": int(VALIDITY.not_before.timestamp())},
            "IdempotencyToken": f"token-{host}",
            "ApiPassthrough": {
                "Subject": {"CustomAttributes": [{"ObjectIdentifier": "2.5.4.3", "Value": host}]},
                "Extensions": {
                    "CustomExtensions": [{"ObjectIdentifier": "2.5.29.15", "Value": "AwIHgA==", "Critical": True}],
                    "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "CLIENT_AUTH"}],
                },
            },
            **changes,
        }
        self.service.expect("issue_certificate", request, {"CertificateArn": f"{ARN}/certificate/{host}"})

    def fetch(self, host):
        request = {"CertificateAuthorityArn": ARN, "CertificateArn": f"{ARN}/certificate/{host}"}
        self.service.expect("get_certificate", request, {"Certificate": certificate(host), "CertificateChain": "x"})


@pytest.fixture
def talk(conversation):
    return Talk(conversation)


def outcomes(answers):
    return {
        asked.token: answer if isinstance(answer, str) else certificates.describe(answer.subject)
        for asked, answer in answers
        if not isinstance(answer, Accepted)
    }


# Issuing


def test_all_are_asked_for_before_any_is_fetched(talk):
    opened = talk.open()
    talk.ask("web1")
    talk.ask("web2")
    talk.fetch("web1")
    talk.service.refuse("get_certificate", "RequestInProgressException")
    talk.fetch("web2")
    answers = outcomes(opened.issue([application("web1"), application("web2")]))
    assert answers == {"token-web1": "CN=web1", "token-web2": "CN=web2"}


def test_another_template_and_the_mode(talk):
    template = "arn:aws:acm-pca:::template/EndEntityClientAuthCertificate_APIPassthrough/V1"
    opened = talk.open(template_arn=template)
    assert opened.usage_mode == "GENERAL_PURPOSE"
    assert opened.certificate == CERTIFICATE
    assert opened.chain == ""
    talk.ask("web1", TemplateArn=template)
    talk.fetch("web1")
    assert outcomes(opened.issue([application("web1")])) == {"token-web1": "CN=web1"}


def test_a_request_that_is_refused_does_not_stop_the_others(talk):
    opened = talk.open()
    talk.service.refuse("issue_certificate", "MalformedCSRException", "bad")
    talk.ask("web2")
    talk.fetch("web2")
    long = application("web3", uris=[f"https://example.com/{'x' * 234}"])
    answers = outcomes(opened.issue([application("web1"), long, application("web2")]))
    assert answers["token-web1"] == "AWS Private CA refused IssueCertificate with MalformedCSRException: bad"
    assert answers["token-web2"] == "CN=web2"
    assert "where AWS Private CA takes 253" in answers["token-web3"]


def test_a_ca_that_refuses_is_not_asked_again(talk):
    opened = talk.open()
    talk.ask("web1")
    talk.service.refuse("issue_certificate", "AccessDeniedException")
    talk.fetch("web1")
    answers = outcomes(opened.issue([application(host) for host in ("web1", "web2", "web3")]))
    assert answers["token-web1"] == "CN=web1"
    assert "the caller needs acm-pca:IssueCertificate" in answers["token-web2"]
    assert answers["token-web3"] == answers["token-web2"]


def test_each_is_named_by_its_arn_before_it_is_there(talk):
    opened = talk.open()
    talk.ask("web1")
    talk.fetch("web1")
    answers = opened.issue([application("web1")])
    _application, accepted = next(answers)
    assert accepted == Accepted(f"{ARN}/certificate/web1")
    assert outcomes(answers) == {"token-web1": "CN=web1"}


@pytest.mark.parametrize("code", ["InternalFailure", "ServiceUnavailableException"])
def test_where_nobody_knows_what_was_done_the_answer_is_lost(talk, code):
    opened = talk.open()
    talk.service.refuse("issue_certificate", code)
    [(_application, answer)] = opened.issue([application("web1")])
    assert isinstance(answer, Lost)


def test_without_a_connection_one_answer_is_lost_and_nothing_more_is_asked(talk, monkeypatch):
    def gone(*_operation, **_request):
        raise RolesAnywhereError("gone")

    opened = talk.open()
    monkeypatch.setattr(talk.service, "call", gone)
    answers = [answer for _application, answer in opened.issue([application("web1"), application("web2")])]
    assert [isinstance(answer, Lost) for answer in answers] == [True, False]
    assert answers == ["gone", "gone"]


def test_what_is_still_in_the_making_is_lost_for_now(talk, monkeypatch):
    opened = talk.open()
    talk.ask("web1")
    talk.ask("web2")
    talk.fetch("web1")
    talk.service.refuse("get_certificate", "RequestInProgressException")
    monkeypatch.setattr(private_ca.Waiting, "go_on", lambda _self: False)
    answers = outcomes(opened.issue([application("web1"), application("web2")]))
    assert answers["token-web1"] == "CN=web1"
    assert isinstance(answers["token-web2"], Lost)
    assert "is still making" in answers["token-web2"]


def test_waiting_ends(talk):
    clock = Clock()
    waiting = private_ca.Waiting(10, clock, clock.sleep)
    looks = 0
    while waiting.go_on():
        looks += 1
    assert 6 <= looks <= 21
    assert 10 <= clock.now < 12


def test_short_lived_certificates_are_not_asked_for_longer(talk):
    opened = talk.open(mode="SHORT_LIVED_CERTIFICATE")
    wanted = application("web1").wanted
    long = wanted._replace(validity=issuance.Validity(VALIDITY.not_before, NOW + timedelta(days=8)))
    [(_application, answer)] = opened.issue([application("web1")._replace(wanted=long)])
    assert "in short-lived mode, where a certificate is valid for 7 days at most" in answer


# Answers that were lost


def test_a_lost_answer_is_found_by_its_arn_however_old_it_is(talk):
    opened = talk.open()
    talk.service.refuse("get_certificate", "RequestInProgressException")
    talk.fetch("web1")
    lost = old(application("web1"))._replace(reference=f"{ARN}/certificate/web1")
    assert opened.find(lost).subject == names.subject("web1")


def test_a_lost_answer_is_found_by_its_token_for_some_minutes(talk):
    opened = talk.open()
    talk.ask("web1")
    talk.fetch("web1")
    assert opened.find(application("web1")).subject == names.subject("web1")
    talk.service.refuse("issue_certificate", "MalformedCSRException")
    assert opened.find(application("web1")) is None
    assert opened.find(old(application("web1"))) is None  # would be another certificate by now


@pytest.mark.parametrize("operation", ["issue_certificate", "get_certificate"])
def test_what_cannot_be_looked_for_is_not_given_up(talk, operation):
    opened = talk.open()
    if operation == "get_certificate":
        talk.ask("web1")
    talk.service.refuse(operation, "AccessDeniedException")
    with pytest.raises(AuthorityError, match="AWS denied"):
        opened.find(application("web1"))


def old(asked):
    age = timedelta(minutes=5)
    validity = issuance.Validity(VALIDITY.not_before - age, VALIDITY.not_after)
    return asked._replace(wanted=asked.wanted._replace(validity=validity))


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATING", "run the module ca once more, which waits for it"),
        ("PENDING_CERTIFICATE", "run the module ca once more, which installs its certificate"),
        ("DISABLED", "enable it"),
        ("EXPIRED", "make another one"),
        ("DELETED", "make another one"),
    ],
)
def test_a_ca_that_is_not_active(talk, status, advice):
    talk.describe(status)
    with pytest.raises(AuthorityError, match=f"^The Private CA {ARN} is {status}: {advice}.$"):
        private_ca.PrivateCa(talk.service, ARN)


# Revoking


@pytest.mark.parametrize(("reason", "word"), [("key_compromise", "KEY_COMPROMISE"), ("unspecified", "UNSPECIFIED")])
def test_revoking(talk, reason, word):
    opened = talk.open()
    request = {"CertificateAuthorityArn": ARN, "CertificateSerial": "4f01", "RevocationReason": word}
    talk.service.expect("revoke_certificate", request, {})
    opened.revoke("4f01", reason)


def test_what_is_revoked_already_is_as_it_should_be(talk):
    opened = talk.open()
    talk.service.refuse("revoke_certificate", "RequestAlreadyProcessedException")
    opened.revoke("4f01", "superseded")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ResourceNotFoundException", "AWS Private CA found nothing for RevokeCertificate: no"),
        ("AccessDeniedException", "the caller needs acm-pca:RevokeCertificate"),
        ("InvalidStateException", "AWS Private CA refused RevokeCertificate with InvalidStateException: no"),
    ],
)
def test_a_revocation_that_is_refused(talk, code, sentence):
    opened = talk.open()
    talk.service.refuse("revoke_certificate", code)
    with pytest.raises(AuthorityError, match=sentence):
        opened.revoke("4f01", "superseded")


# The CRL


CRL = (
    x509.CertificateRevocationListBuilder(SUBJECT, NOW, NOW + timedelta(days=45))
    .add_extension(x509.CRLNumber(3), critical=False)
    .sign(KEY, hashes.SHA256())
)


@pytest.mark.parametrize(("path", "key"), [({}, "crl/"), ({"CustomPath": "fleet/a"}, "fleet/a/")])
def test_the_crl_is_read_where_the_ca_writes_it(talk, path, key):
    opened = talk.open()
    talk.describe(RevocationConfiguration={"CrlConfiguration": {**CRL_CONFIGURATION, **path}})
    content = CRL.public_bytes(Encoding.DER)
    request = {"Bucket": "crls", "Key": f"{key}4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f.crl"}
    talk.s3.expect("get_object", request, {"Body": StreamingBody(BytesIO(content), len(content))})
    assert opened.revocation_list() == CRL


def test_before_the_first_certificate_there_is_no_crl(talk):
    opened = talk.open()
    talk.describe(RevocationConfiguration={"CrlConfiguration": CRL_CONFIGURATION})
    talk.s3.refuse("get_object", "NoSuchKey")
    assert opened.revocation_list() is None


def test_a_crl_that_may_not_be_read(talk):
    opened = talk.open()
    talk.describe(RevocationConfiguration={"CrlConfiguration": CRL_CONFIGURATION})
    talk.s3.refuse("get_object", "AccessDenied")
    with pytest.raises(AuthorityError, match=r"^The CRL s3://crls/crl/4e5a.* the caller needs s3:GetObject"):
        opened.revocation_list()


@pytest.mark.parametrize("configuration", [{}, {"CrlConfiguration": {"Enabled": False}}])
def test_a_ca_that_writes_no_crl(talk, configuration):
    opened = talk.open()
    talk.describe(RevocationConfiguration=configuration)
    assert opened.revocation_list() is None


def test_a_crl_in_parts(talk):
    opened = talk.open()
    talk.describe(RevocationConfiguration={"CrlConfiguration": {**CRL_CONFIGURATION, "CrlType": "PARTITIONED"}})
    with pytest.raises(AuthorityError, match="writes its CRL in parts"):
        opened.revocation_list()


# Connecting

OPTIONS = dict.fromkeys(("arn", "region", "profile", "endpoint_url", "access_key", "secret_key", "session_token"))


def test_the_region_is_the_arn_s_unless_another_is_given():
    assert private_ca.connect({**OPTIONS, "arn": ARN}).region == "eu-central-1"
    assert private_ca.connect({**OPTIONS, "arn": ARN, "region": "eu-west-1"}).region == "eu-west-1"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"arn": "private"}, "private_ca.arn: 'private' is not the ARN of a Private CA"),
        ({"arn": ARN, "profile": "nobody-has-this"}, "AWS cannot be asked: .*nobody-has-this"),
        ({"arn": ARN, "endpoint_url": "no address"}, "AWS cannot be asked: "),
    ],
)
def test_options_that_lead_nowhere(options, sentence, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AuthorityError, match=sentence):
        private_ca.connect({**OPTIONS, **options})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"requests_per_second": 0}, "requests_per_second: give a number above 0"),
        ({"timeout": 0}, "timeout: give 1 to 540 seconds"),
        ({"timeout": 541}, "timeout: give 1 to 540 seconds"),
        (
            {"template_arn": "arn:aws:acm-pca:::template/EndEntityCertificate/V1"},
            "takes names or usages from the request",
        ),
        (
            {"template_arn": "arn:aws:acm-pca:::template/EndEntityCertificate_APICSRPassthrough/V1"},
            "takes names or usages from the request",
        ),
    ],
)
def test_options_that_make_no_sense(options, sentence):
    with pytest.raises(AuthorityError, match=sentence):
        private_ca.check({"requests_per_second": 25, "timeout": 120, "template_arn": None, **options})


def test_without_any_region(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(AuthorityError, match="You must specify a region"):
        private_ca.connect(OPTIONS)
