# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of AWS Private CA: templates, names, validity, tokens; judged by openssl and pkilint, too."""

from __future__ import annotations

import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.emulator.fixtures import REGION, client
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.calls import refusal
from tests.emulator.tests.private_authority import SCRIPTS, TEMPLATES, PrivateAuthority, go_on, make_request

BLANK = "BlankEndEntityCertificate_APIPassthrough/V1"
PASSED = {
    "Subject": {
        "CustomAttributes": [
            {"ObjectIdentifier": NameOID.ORGANIZATION_NAME.dotted_string, "Value": "Example"},
            {"ObjectIdentifier": NameOID.ORGANIZATIONAL_UNIT_NAME.dotted_string, "Value": "web"},
            {"ObjectIdentifier": NameOID.ORGANIZATIONAL_UNIT_NAME.dotted_string, "Value": "front"},
            {"ObjectIdentifier": NameOID.COMMON_NAME.dotted_string, "Value": "web1"},
        ]
    },
    "Extensions": {
        "KeyUsage": {"DigitalSignature": True},
        "ExtendedKeyUsage": [{"ExtendedKeyUsageType": "CLIENT_AUTH"}],
        "SubjectAlternativeNames": [
            {"DnsName": "web1.example.com"},
            {"UniformResourceIdentifier": "https://example.com/web"},
        ],
    },
}
NAMED = ((NameOID.ORGANIZATION_NAME, "From the CSR"), (NameOID.COMMON_NAME, "csr1"))


@pytest.fixture
def acm_pca(emulator: EmulatorServer) -> Any:
    return client(emulator, "acm-pca")


@pytest.fixture
def root(acm_pca: Any) -> PrivateAuthority:
    return PrivateAuthority(acm_pca).activate()


def _load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _usages(certificate: x509.Certificate) -> set[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    names = ("digital_signature", "key_encipherment", "key_cert_sign", "crl_sign")
    return {name for name in names if getattr(usage, name)}


def test_what_is_passed_is_all_that_a_blank_template_has(root: PrivateAuthority) -> None:
    arn = root.ask(make_request(*NAMED), template=BLANK, ApiPassthrough=PASSED)
    pem, chain = root.fetch(arn)
    certificate = _load(pem)
    assert certificate.subject.rfc4514_string() == "CN=web1,OU=front,OU=web,O=Example"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["web1.example.com", "https://example.com/web"]
    assert _usages(certificate) == {"digital_signature"}
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert arn == f"{root.arn}/certificate/{certificate.serial_number:032x}"
    held = root.acm_pca.get_certificate_authority_certificate(CertificateAuthorityArn=root.arn)["Certificate"]
    assert chain == held
    assert not pem.endswith("\n")


def test_a_custom_extension_is_as_critical_as_it_says(root: PrivateAuthority) -> None:
    usage = {"ObjectIdentifier": "2.5.29.15", "Value": "AwIHgA==", "Critical": True}
    template = "BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough/V1"
    passed = {"Extensions": {"CustomExtensions": [usage]}}
    certificate = _load(root.issue(make_request(), template=template, ApiPassthrough=passed)[0])
    assert _usages(certificate) == {"digital_signature"}
    for kind in (x509.KeyUsage, x509.BasicConstraints):
        assert certificate.extensions.get_extension_for_class(kind).critical
    fixed = _load(root.issue(make_request(), ApiPassthrough=passed)[0])
    assert _usages(fixed) == {"digital_signature", "key_encipherment"}


def test_a_blank_template_with_nothing_passed_has_no_usage(root: PrivateAuthority) -> None:
    certificate = _load(root.issue(make_request(*NAMED), template=BLANK)[0])
    assert certificate.subject.rfc4514_string() == "CN=csr1,O=From the CSR"
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.KeyUsage)


@pytest.mark.parametrize(
    ("template", "subject", "usages", "extended"),
    [
        (None, "CN=csr1,O=From the CSR", {"digital_signature", "key_encipherment"}, 2),
        ("EndEntityClientAuthCertificate/V1", "CN=csr1,O=From the CSR", {"digital_signature", "key_encipherment"}, 1),
        (
            "EndEntityClientAuthCertificate_APIPassthrough/V1",
            "CN=web1,OU=front,OU=web,O=Example",
            {"digital_signature", "key_encipherment"},  # the template's own stand before those that are passed
            1,
        ),
        ("EndEntityClientAuthCertificate_CSRPassthrough/V1", "CN=csr1,O=From the CSR", None, 1),
    ],
)
def test_templates(
    root: PrivateAuthority, template: str | None, subject: str, usages: set[str] | None, extended: int
) -> None:
    pem, _ = root.issue(make_request(*NAMED), template=template, ApiPassthrough=PASSED)
    certificate = _load(pem)
    assert certificate.subject.rfc4514_string() == subject
    assert _usages(certificate) == (usages or {"digital_signature", "key_encipherment"})
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).critical
    assert len(list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)) == extended


@pytest.mark.parametrize(
    "arn",
    [
        f"{TEMPLATES}/BlankEndEntityCertificate/V1",
        f"{TEMPLATES}/EndEntityCertificate/V2",
        f"{TEMPLATES}/EndEntityCertificate_Passthrough/V1",
        "arn:aws-cn:acm-pca:::template/EndEntityCertificate/V1",
    ],
)
def test_an_unknown_template_is_refused(root: PrivateAuthority, arn: str) -> None:
    assert refusal(root.ask, csr=make_request(), TemplateArn=arn)[1] == "InvalidArgsException"


def test_names_of_the_api_come_before_those_of_the_request(root: PrivateAuthority) -> None:
    asked = x509.SubjectAlternativeName([x509.DNSName("csr1.example.com")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "csr1")])
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(subject).add_extension(asked, critical=False)
    csr = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    for passed, names in ((PASSED, ["web1.example.com"]), ({}, ["csr1.example.com"])):
        certificate = _load(root.issue(csr, template=BLANK, ApiPassthrough=passed)[0])
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert found.get_values_for_type(x509.DNSName) == names


def test_standard_and_custom_attributes_do_not_mix(root: PrivateAuthority) -> None:
    mixed = {"Subject": {**PASSED["Subject"], "CommonName": "web1"}}
    assert refusal(root.ask, csr=make_request(), template=BLANK, ApiPassthrough=mixed)[1] == "InvalidArgsException"


# Dates


def _end(kind: str, moment: datetime) -> int:
    return int(moment.timestamp()) if kind == "ABSOLUTE" else int(moment.strftime("%Y%m%d%H%M%S"))


@pytest.mark.parametrize("kind", ["END_DATE", "ABSOLUTE"])
def test_an_end_is_the_second_that_was_said(root: PrivateAuthority, kind: str) -> None:
    wanted = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=30, hours=3)
    pem, _ = root.issue(make_request(), validity={"Type": kind, "Value": _end(kind, wanted)})
    assert _load(pem).not_valid_after_utc == wanted


@pytest.mark.parametrize(("kind", "days"), [("DAYS", 1), ("MONTHS", 28), ("YEARS", 365)])
def test_spans_are_counted_from_now(root: PrivateAuthority, kind: str, days: int) -> None:
    before = datetime.now(timezone.utc)
    certificate = _load(root.issue(make_request(), validity={"Type": kind, "Value": 1})[0])
    assert (
        timedelta(days=days) - timedelta(seconds=1)
        <= certificate.not_valid_after_utc - before
        < timedelta(days=days + 4)
    )
    assert timedelta(minutes=59) < before - certificate.not_valid_before_utc <= timedelta(minutes=60, seconds=1)


def test_a_beginning_is_absolute(root: PrivateAuthority) -> None:
    start = int(time.time()) - 300
    begin = {"Type": "ABSOLUTE", "Value": start}
    certificate = _load(root.issue(make_request(), ValidityNotBefore=begin)[0])
    assert certificate.not_valid_before_utc.timestamp() == start
    begin = {"Type": "END_DATE", "Value": 20300101000000}
    assert refusal(root.ask, csr=make_request(), ValidityNotBefore=begin)[1] == "ValidationException"


@pytest.mark.parametrize(
    "validity",
    [
        {"Type": "YEARS", "Value": 11},
        {"Type": "END_DATE", "Value": 20200101000000},
        {"Type": "END_DATE", "Value": 20301399000000},
    ],
)
def test_a_validity_that_the_ca_cannot_give(root: PrivateAuthority, validity: dict[str, Any]) -> None:
    assert refusal(root.ask, csr=make_request(), validity=validity)[1] == "ValidationException"


def test_short_lived_is_seven_days_at_most(acm_pca: Any) -> None:
    short = PrivateAuthority(acm_pca, UsageMode="SHORT_LIVED_CERTIFICATE").activate()  # its own lives for ten years
    short.issue(make_request(), validity={"Type": "DAYS", "Value": 7})
    status, code, message = refusal(short.ask, csr=make_request(), validity={"Type": "DAYS", "Value": 8})
    assert (status, code) == (400, "ValidationException")
    assert "seven days" in message


# Requests


def test_what_is_no_request_for_a_certificate(root: PrivateAuthority) -> None:
    anonymous = x509.CertificateSigningRequestBuilder(x509.Name([]))
    key = ec.generate_private_key(ec.SECP256R1())
    nobody = anonymous.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    weak = make_request(key=rsa.generate_private_key(65537, 1024))
    strange = (
        x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]))
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
        .public_bytes(Encoding.PEM)
    )
    der = bytearray(x509.load_pem_x509_csr(make_request()).public_bytes(Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)
    for csr in (b"nonsense", nobody, weak, strange, forged):
        assert refusal(root.ask, csr=csr)[:2] == (400, "MalformedCSRException")


def test_the_signature_is_of_the_cas_family(root: PrivateAuthority) -> None:
    values = {"csr": make_request(), "SigningAlgorithm": "SHA256WITHRSA"}
    assert refusal(root.ask, **values)[1] == "InvalidArgsException"


def test_a_pending_ca_signs_nothing_else(acm_pca: Any) -> None:
    pending = PrivateAuthority(acm_pca)
    pending.request()
    assert refusal(pending.ask, csr=make_request())[1] == "InvalidStateException"


def test_a_token_makes_one_certificate_for_five_minutes(root: PrivateAuthority, emulator: EmulatorServer) -> None:
    csr = make_request()
    first = root.ask(csr, IdempotencyToken="t1")
    assert root.ask(csr, IdempotencyToken="t1") == first
    assert root.ask(csr, IdempotencyToken="t2") != first
    assert root.ask(csr) != root.ask(csr)
    go_on(emulator, 301)
    assert root.ask(csr, IdempotencyToken="t1") != first


def test_a_certificate_is_in_progress_first(root: PrivateAuthority, emulator: EmulatorServer) -> None:
    emulator.switches.private_ca_issuing_looks = 2
    names = {"CertificateAuthorityArn": root.arn, "CertificateArn": root.ask(make_request())}
    for _ in range(2):
        assert refusal(root.acm_pca.get_certificate, **names)[:2] == (400, "RequestInProgressException")
    root.acm_pca.get_certificate(**names)
    names["CertificateArn"] = names["CertificateArn"][:-1] + "x"
    assert refusal(root.acm_pca.get_certificate, **names)[1] == "ResourceNotFoundException"


def test_an_answer_that_is_lost_has_made_the_certificate(root: PrivateAuthority, emulator: EmulatorServer) -> None:
    known = emulator.state.store("123456789012", REGION).private_cas.authorities[root.arn].issued
    before = len(known)
    emulator.switches.private_ca_faults = ["lost_answer", "throttling", "internal_error"]
    csr = make_request()
    with pytest.raises(ConnectionClosedError):
        root.ask(csr, IdempotencyToken="t1")
    assert len(known) == before + 1
    assert refusal(root.ask, csr=csr, IdempotencyToken="t1")[:2] == (400, "ThrottlingException")
    assert refusal(root.ask, csr=csr, IdempotencyToken="t1")[0] == 500
    assert root.ask(csr, IdempotencyToken="t1") in {issued.arn for issued in known.values()}
    assert len(known) == before + 1


def test_the_rates_of_aws(root: PrivateAuthority, emulator: EmulatorServer) -> None:
    emulator.application.pace.clock = lambda: 1000.0
    emulator.switches.private_ca_rates = True
    try:
        for _ in range(25):
            root.ask(make_request())
        assert refusal(root.ask, csr=make_request()) == (400, "ThrottlingException", "Rate exceeded")
    finally:
        emulator.application.pace.clock = time.monotonic


# Judges from outside


@pytest.mark.parametrize("key_algorithm", ["EC_prime256v1", "EC_secp384r1", "RSA_2048"])
def test_openssl_and_pkilint_have_nothing_against_it(acm_pca: Any, tmp_path: Path, key_algorithm: str) -> None:
    root = PrivateAuthority(acm_pca, key_algorithm=key_algorithm).activate()
    issuing = PrivateAuthority(acm_pca, kind="SUBORDINATE", key_algorithm=key_algorithm, name="Issuing CA")
    certificate, chain = root.issue(
        issuing.request(),
        template="SubordinateCACertificate_PathLen0/V1",
        validity={"Type": "YEARS", "Value": 5},
    )
    issuing.install(certificate, chain)
    leaf, _ = issuing.issue(make_request(), template=BLANK, ApiPassthrough=PASSED)
    paths = {}
    for name, pem in (("root", chain), ("issuing", certificate), ("leaf", leaf)):
        paths[name] = tmp_path / f"{name}.pem"
        paths[name].write_text(f"{pem}\n")
    trusted = ["-CAfile", paths["root"], "-untrusted", paths["issuing"]]
    verified = subprocess.run(
        ["openssl", "verify", "-x509_strict", *trusted, paths["leaf"]], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    for path in paths.values():
        linted = subprocess.run(
            [SCRIPTS / "lint_pkix_cert", "lint", "-s", "ERROR", path], capture_output=True, text=True, check=False
        )
        assert linted.returncode == 0, linted.stdout + linted.stderr
