# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARNs of the things this collection touches: of which type, where, whose. Private to the collection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import RolesAnywhereError

# Shapes: https://docs.aws.amazon.com/service-authorization/latest/reference/ (Roles Anywhere; IAM).
# Every partition has a name that starts with "aws": aws, aws-cn, aws-us-gov, aws-iso, aws-iso-b, aws-eusc, ...
_PARTITION = r"aws(?:-[a-z]+)*"
_REGION = r"[a-z]+(?:-[a-z]+)*-[0-9]+"
_ACCOUNT = r"[0-9]{12}"
_UUID = r"[a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12}"
# IAM names and paths: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_IAM_NAME = r"(?:[!-.0-~]+/)*[\w+=,.@-]+"


@dataclass(frozen=True)
class ResourceType:
    """A type of resource, in the words of AWS's service authorization reference; each has ARNs of one form."""

    noun: str
    pattern: re.Pattern[str]
    example: str


@dataclass(frozen=True)
class Arn:
    """An ARN that was found to be of the type that was asked for."""

    text: str
    partition: str
    region: str
    account_id: str
    resource_id: str


def _regional(service: str, noun: str, resource_type: str) -> ResourceType:
    return ResourceType(
        noun,
        re.compile(
            rf"arn:(?P<partition>{_PARTITION}):{service}:(?P<region>{_REGION}):(?P<account>{_ACCOUNT})"
            rf":{resource_type}/(?P<id>{_UUID})"
        ),
        f"arn:aws:{service}:<region>:<account>:{resource_type}/<uuid>",
    )


def _iam(noun: str, resource_type: str, account: str) -> ResourceType:
    return ResourceType(
        noun,
        re.compile(
            rf"arn:(?P<partition>{_PARTITION}):iam:(?P<region>):(?P<account>{account})"
            rf":{resource_type}/(?P<id>{_IAM_NAME})",
            re.ASCII,
        ),
        f"arn:aws:iam::<account>:{resource_type}/<name>",
    )


TRUST_ANCHOR = _regional("rolesanywhere", "trust anchor", "trust-anchor")
PROFILE = _regional("rolesanywhere", "profile", "profile")
CRL = _regional("rolesanywhere", "CRL", "crl")
SUBJECT = _regional("rolesanywhere", "subject", "subject")
PRIVATE_CA = _regional("acm-pca", "Private CA", "certificate-authority")
ROLE = _iam("role", "role", _ACCOUNT)
MANAGED_POLICY = _iam("managed policy", "policy", rf"{_ACCOUNT}|aws")  # "aws" owns AWS's own policies


def parse(option: str, value: str, wanted: ResourceType) -> Arn:
    """Take an ARN apart.

    option: the name under which the user gave it, for the message.
    Raises RolesAnywhereError if it is not the ARN of such a thing.
    """
    match = wanted.pattern.fullmatch(str(value))  # a filter is given whatever a template holds
    if match is None:
        raise RolesAnywhereError(
            f"{option}: {value!r} is not the ARN of a {wanted.noun}; it should look like {wanted.example}."
        )
    return Arn(value, match["partition"], match["region"], match["account"], match["id"])


def parse_local(option: str, value: str, wanted: ResourceType, region: str) -> Arn:
    """Take apart the ARN of something that must be in the region that is about to be asked."""
    arn = parse(option, value, wanted)
    if arn.region != region:
        raise RolesAnywhereError(
            f"{option}: {value!r} is in the region {arn.region}, but this task works in {region}; set region."
        )
    return arn


def identifier(option: str, value: str, wanted: ResourceType, region: str) -> str:
    """Return the UUID of something of Roles Anywhere that the user named by UUID or by ARN of this region.

    Raises RolesAnywhereError if it is neither.
    """
    if re.fullmatch(_UUID, value):
        return value
    if wanted.pattern.fullmatch(value) is None:
        raise RolesAnywhereError(
            f"{option}: {value!r} is neither the UUID nor the ARN of a {wanted.noun}; an ARN looks like "
            f"{wanted.example}."
        )
    return parse_local(option, value, wanted, region).resource_id


def check_together(option: str, arns: Iterable[Arn]) -> None:
    """Refuse ARNs of different partitions or accounts: Roles Anywhere never crosses either."""
    owners = sorted({(arn.partition, arn.account_id) for arn in arns if arn.account_id != "aws"})
    if len(owners) > 1:
        described = ", ".join(f"{partition} {account_id}" for partition, account_id in owners)
        raise RolesAnywhereError(f"{option}: all ARNs must be of one partition and account, these are of {described}.")
