# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""amazon.aws's usual options lead to the right host in every partition: FIPS, dual stack, an endpoint of one's own.

Hosts: endpoint rules of botocore, resolved for real; the request is caught just before it would be sent.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import Service
from botocore.awsrequest import AWSResponse

FIPS = {"use_fips_endpoint": True}
DUAL_STACK = {"use_dualstack_endpoint": True}
ENVIRONMENT = {"use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT", "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT"}

HOSTS = [
    ("eu-central-1", "aws", {}, "rolesanywhere.eu-central-1.amazonaws.com"),
    ("us-east-1", "aws", FIPS, "rolesanywhere-fips.us-east-1.amazonaws.com"),
    ("eu-central-1", "aws", DUAL_STACK, "rolesanywhere.eu-central-1.api.aws"),
    ("us-east-1", "aws", {**FIPS, **DUAL_STACK}, "rolesanywhere-fips.us-east-1.api.aws"),
    ("cn-north-1", "aws-cn", {}, "rolesanywhere.cn-north-1.amazonaws.com.cn"),
    ("cn-north-1", "aws-cn", FIPS, "rolesanywhere-fips.cn-north-1.amazonaws.com.cn"),
    ("cn-north-1", "aws-cn", DUAL_STACK, "rolesanywhere.cn-north-1.api.amazonwebservices.com.cn"),
    ("us-gov-west-1", "aws-us-gov", {}, "rolesanywhere.us-gov-west-1.amazonaws.com"),
    ("us-gov-west-1", "aws-us-gov", FIPS, "rolesanywhere-fips.us-gov-west-1.amazonaws.com"),
    ("us-gov-west-1", "aws-us-gov", DUAL_STACK, "rolesanywhere.us-gov-west-1.api.aws"),
    ("us-iso-east-1", "aws-iso", {}, "rolesanywhere.us-iso-east-1.c2s.ic.gov"),
    ("us-iso-east-1", "aws-iso", FIPS, "rolesanywhere-fips.us-iso-east-1.c2s.ic.gov"),
    ("us-isob-east-1", "aws-iso-b", {}, "rolesanywhere.us-isob-east-1.sc2s.sgov.gov"),
    ("us-isof-south-1", "aws-iso-f", {}, "rolesanywhere.us-isof-south-1.csp.hci.ic.gov"),
    ("eusc-de-east-1", "aws-eusc", {}, "rolesanywhere.eusc-de-east-1.amazonaws.eu"),
    ("eusc-de-east-1", "aws-eusc", FIPS, "rolesanywhere-fips.eusc-de-east-1.amazonaws.eu"),
    ("eusc-de-east-1", "aws-eusc", DUAL_STACK, "rolesanywhere.eusc-de-east-1.api.amazonwebservices.eu"),
]


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but the options of the test count."""
    for variable in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", *ENVIRONMENT.values()):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, "/dev/null")


def service(**options: Any) -> Service:
    """Connect as a module with these options does."""
    with patch_module_args({"access_key": "test", "secret_key": "test", **options}):
        module = AnsibleAWSModule(argument_spec={}, supports_check_mode=True)
        return Service.of(module)


def host_asked(asked: Service, operation: str, answer: bytes, **request: Any) -> str:
    """Return the host that an operation's request goes to, over TLS."""
    sent = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.url)

        class Raw:
            def stream(self, **_: Any) -> list[bytes]:
                return [answer]

        return AWSResponse(request.url, 200, {}, Raw())

    asked._client.meta.events.register("before-send.*.*", catch)
    asked.call(operation, **request)
    [url] = sent
    scheme, _separator, rest = url.partition("://")
    assert scheme == "https"
    return str(rest.partition("/")[0])


@pytest.mark.parametrize(("region", "partition", "flags", "host"), HOSTS)
def test_flags_of_aws_config(region: str, partition: str, flags: dict[str, bool], host: str) -> None:
    asked = service(region=region, aws_config=flags)
    assert (asked.region, asked.partition) == (region, partition)
    assert host_asked(asked, "ListCrls", b"{}") == host


@pytest.mark.parametrize(("region", "partition", "flags", "host"), HOSTS)
def test_flags_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, region: str, partition: str, flags: dict[str, bool], host: str
) -> None:
    for flag in flags:
        monkeypatch.setenv(ENVIRONMENT[flag], "true")
    asked = service(region=region)
    assert (asked.region, asked.partition) == (region, partition)
    assert host_asked(asked, "ListCrls", b"{}") == host


@pytest.mark.parametrize("flags", [{}, FIPS, DUAL_STACK])
def test_an_endpoint_of_ones_own_counts_more_than_flags(flags: dict[str, bool]) -> None:
    own = "vpce-1.rolesanywhere.eu-central-1.vpce.amazonaws.com"
    asked = service(region="eu-central-1", endpoint_url=f"https://{own}", aws_config=flags)
    assert host_asked(asked, "ListCrls", b"{}") == own


@pytest.mark.parametrize(
    ("name", "operation", "request_", "answer", "host"),
    [
        (
            "acm-pca",
            "GetCertificateAuthorityCertificate",
            {"CertificateAuthorityArn": "arn:aws-us-gov:acm-pca:us-gov-west-1:123456789012:certificate-authority/x"},
            b"{}",
            "acm-pca.us-gov-west-1.amazonaws.com",
        ),
        (
            "s3",
            "GetObject",
            {"Bucket": "example-crls", "Key": "g1.crl"},
            b"",
            "example-crls.s3-fips.us-gov-west-1.amazonaws.com",
        ),
    ],
)
def test_services_beside_it_get_the_same_options(
    name: str, operation: str, request_: dict[str, str], answer: bytes, host: str
) -> None:
    asked = service(region="us-gov-west-1", aws_config=FIPS).beside(name)
    assert host_asked(asked, operation, answer, **request_) == host
