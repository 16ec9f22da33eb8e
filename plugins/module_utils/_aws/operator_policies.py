# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the people and machines that run Roles Anywhere may do at AWS, and no more. Pure; private to the collection.

Which action takes which resource, and which one the condition iam:PermissionsBoundary:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from . import arns
from .errors import RolesAnywhereError
from .service import PRINCIPAL

try:
    from botocore.exceptions import UnknownRegionError
    from botocore.session import get_session
except ImportError:  # people who give the partition do without
    pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Given = Union[str, Sequence[str], None]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a managed policy, without white space.
MAXIMUM_LENGTH = 6144

_S3_OBJECT = arns.ResourceType(
    "CRL in S3",
    # Without what IAM reads as a wildcard or a variable.
    re.compile(r"arn:(?P<partition>aws[a-z-]*):s3:(?P<region>):(?P<account>):(?P<id>[a-z0-9.-]{3,63}/[^*?$]+)"),
    "arn:aws:s3:::<bucket>/<key>",
)

# Option to what its ARNs are of.
_TYPES = {
    "trust_anchor_arns": arns.TRUST_ANCHOR,
    "profile_arns": arns.PROFILE,
    "crl_arns": arns.CRL,
    "role_arns": arns.ROLE,
    "acm_pca_arns": arns.PRIVATE_CA,
    "s3_object_arns": _S3_OBJECT,
}

# What stands for all of a type where an option is left out. S3 objects have no account in their ARN to hold on to.
_PATTERNS = {
    "trust_anchor_arns": "arn:{partition}:rolesanywhere:{region}:{account_id}:trust-anchor/*",
    "profile_arns": "arn:{partition}:rolesanywhere:{region}:{account_id}:profile/*",
    "crl_arns": "arn:{partition}:rolesanywhere:{region}:{account_id}:crl/*",
    "role_arns": "arn:{partition}:iam::{account_id}:role/*",
    "acm_pca_arns": "arn:{partition}:acm-pca:{region}:{account_id}:certificate-authority/*",
}

# Resources that no option narrows.
_REGION = "region"  # actions that take no resource: anything, but here
_SUBJECTS = "subjects"
_SERVICE_LINKED_ROLE = "service-linked role"
_MANAGED_POLICIES = "managed policies"  # the account's and AWS's own, any of which a role may have
_NEW_ROLES = "new roles"  # those of role_arns with a path, which IAM does not know before they are made


class _Grant(NamedTuple):
    """One statement. on: an option above, or a resource that none narrows."""

    sid: str
    actions: str
    on: str
    not_with: str | None = None  # not granted where this option is given: creating cannot be narrowed to ARNs
    bounded: bool = False  # where a permissions boundary is given, granted for roles that have it
    only_bounded: bool = False  # granted where a permissions boundary is given, and for it alone


_FIND_ALL = _Grant(
    "Find",
    "rolesanywhere:ListTrustAnchors rolesanywhere:ListProfiles rolesanywhere:ListCrls "
    "rolesanywhere:ListSubjects rolesanywhere:ListTagsForResource",
    _REGION,
)
_READ_SUBJECTS = _Grant("Subjects", "rolesanywhere:GetSubject", _SUBJECTS)
_READ_PRIVATE_CAS = _Grant(
    "PrivateCas",
    "acm-pca:DescribeCertificateAuthority acm-pca:GetCertificateAuthorityCertificate",
    "acm_pca_arns",
)
_READ_CRL_IN_S3 = _Grant("ReadCrlInS3", "s3:GetObject", "s3_object_arns")

_PUBLISH = (
    _Grant("FindCrl", "rolesanywhere:ListCrls", _REGION),
    _Grant("UpdateCrl", "rolesanywhere:GetCrl rolesanywhere:UpdateCrl", "crl_arns"),
    _Grant("CheckCrlAgainstTrustAnchor", "rolesanywhere:GetTrustAnchor", "trust_anchor_arns"),
    _Grant("CheckCrlAgainstPrivateCa", "acm-pca:GetCertificateAuthorityCertificate", "acm_pca_arns"),
    _READ_CRL_IN_S3,
)

_PERSONAS: dict[str, tuple[_Grant, ...]] = {
    "administrator": (
        _Grant("CreateTrustAnchor", "rolesanywhere:CreateTrustAnchor", _REGION, not_with="trust_anchor_arns"),
        _Grant(
            "CreateFirstTrustAnchor",
            "iam:CreateServiceLinkedRole",
            _SERVICE_LINKED_ROLE,
            not_with="trust_anchor_arns",
        ),
        _Grant("CreateProfile", "rolesanywhere:CreateProfile", _REGION, not_with="profile_arns"),
        _Grant("ImportCrl", "rolesanywhere:ImportCrl", _REGION, not_with="crl_arns"),
        _FIND_ALL,
        _Grant(
            "TrustAnchors",
            "rolesanywhere:GetTrustAnchor rolesanywhere:UpdateTrustAnchor rolesanywhere:DeleteTrustAnchor "
            "rolesanywhere:EnableTrustAnchor rolesanywhere:DisableTrustAnchor "
            "rolesanywhere:PutNotificationSettings rolesanywhere:ResetNotificationSettings "
            "rolesanywhere:TagResource rolesanywhere:UntagResource",
            "trust_anchor_arns",
        ),
        _Grant(
            "Profiles",
            "rolesanywhere:GetProfile rolesanywhere:UpdateProfile rolesanywhere:DeleteProfile "
            "rolesanywhere:EnableProfile rolesanywhere:DisableProfile "
            "rolesanywhere:PutAttributeMapping rolesanywhere:DeleteAttributeMapping "
            "rolesanywhere:TagResource rolesanywhere:UntagResource",
            "profile_arns",
        ),
        _Grant(
            "Crls",
            "rolesanywhere:GetCrl rolesanywhere:UpdateCrl rolesanywhere:DeleteCrl "
            "rolesanywhere:EnableCrl rolesanywhere:DisableCrl "
            "rolesanywhere:TagResource rolesanywhere:UntagResource",
            "crl_arns",
        ),
        _READ_SUBJECTS,
        _READ_PRIVATE_CAS,
        _READ_CRL_IN_S3,
        # What the role trust needs, through amazon.aws.iam_role and iam_policy.
        _Grant(
            "Roles",
            "iam:GetRole iam:UpdateRole iam:UpdateAssumeRolePolicy iam:DeleteRole "
            "iam:TagRole iam:UntagRole iam:ListInstanceProfilesForRole "
            "iam:ListAttachedRolePolicies iam:ListRolePolicies iam:GetRolePolicy",
            "role_arns",
        ),
        _Grant(
            "RightsOfRoles",
            "iam:CreateRole iam:AttachRolePolicy iam:DetachRolePolicy iam:PutRolePolicy iam:DeleteRolePolicy",
            "role_arns",
            bounded=True,
        ),
        _Grant("BoundRoles", "iam:PutRolePermissionsBoundary", "role_arns", bounded=True, only_bounded=True),
        _Grant("NewRoles", "iam:GetRole", _NEW_ROLES),
        _Grant("PassRoles", "iam:PassRole", "role_arns"),
    ),
    "crl_publisher": _PUBLISH,
    "revoker": (
        *_PUBLISH,
        # What session_deny needs.
        _Grant("FindProfiles", "rolesanywhere:ListProfiles", _REGION),
        _Grant("InlinePoliciesOfRoles", "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy", "role_arns"),
        _Grant("EndSessions", "iam:PutRolePolicy iam:DeleteRolePolicy", "role_arns", bounded=True),
    ),
    "auditor": (
        _FIND_ALL,
        _Grant("TrustAnchors", "rolesanywhere:GetTrustAnchor", "trust_anchor_arns"),
        _Grant("Profiles", "rolesanywhere:GetProfile", "profile_arns"),
        _Grant("Crls", "rolesanywhere:GetCrl", "crl_arns"),
        _READ_SUBJECTS,
        _READ_PRIVATE_CAS,
        # What amazon.aws.iam_role_info and iam_policy_info call for a role by name.
        _Grant(
            "Roles",
            "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy iam:ListAttachedRolePolicies "
            "iam:ListInstanceProfilesForRole",
            "role_arns",
        ),
        # What the managed policies of roles and profiles allow.
        _Grant("ManagedPolicies", "iam:GetPolicy iam:GetPolicyVersion", _MANAGED_POLICIES),
    ),
    "fleet_operator": (
        _Grant(
            "Find",
            "rolesanywhere:ListTrustAnchors rolesanywhere:ListProfiles rolesanywhere:ListSubjects",
            _REGION,
        ),
        _Grant("TrustAnchors", "rolesanywhere:GetTrustAnchor", "trust_anchor_arns"),
        _Grant("Profiles", "rolesanywhere:GetProfile", "profile_arns"),
        _READ_SUBJECTS,
    ),
}
PERSONAS = tuple(_PERSONAS)

# They write to IAM roles: all of the account's would be the whole account.
_NEED_ROLES = ("administrator", "revoker")


@dataclass(frozen=True)
class OperatorPolicy:
    """The document, and what a person should know about it."""

    document: dict[str, Any]
    warnings: list[str]


@dataclass(frozen=True)
class _Place:
    """Where the persona works, and within which bounds."""

    partition: str
    region: str
    account_id: str
    permissions_boundary_arn: str | None = None


def build(
    persona: str,
    *,
    account_id: str,
    region: str,
    partition: str | None = None,
    trust_anchor_arns: Given = None,
    profile_arns: Given = None,
    crl_arns: Given = None,
    role_arns: Given = None,
    acm_pca_arns: Given = None,
    s3_object_arns: Given = None,
    permissions_boundary_arn: str | None = None,
) -> OperatorPolicy:
    """Build the IAM policy of one of the PERSONAS, for one account and region.

    partition: that of the region, unless given.
    ...arns: one ARN or a list of them, to which the policy is narrowed; None for all of the account and region.
    permissions_boundary_arn: managed policy that an IAM role must have as its permissions boundary before the persona
        gives it rights.
    Raises RolesAnywhereError if the policy would be wider than was asked for, or of no use.
    """
    if persona not in _PERSONAS:
        raise RolesAnywhereError(f"{persona!r} is none of the personas {', '.join(PERSONAS)}.")
    place = _place(account_id, region, partition)
    if permissions_boundary_arn is not None:
        place = replace(place, permissions_boundary_arn=_checked_boundary(permissions_boundary_arn, place))
    options = {
        "trust_anchor_arns": trust_anchor_arns,
        "profile_arns": profile_arns,
        "crl_arns": crl_arns,
        "role_arns": role_arns,
        "acm_pca_arns": acm_pca_arns,
        "s3_object_arns": s3_object_arns,
    }
    given = {option: _checked(option, value, place) for option, value in options.items() if value is not None}
    if persona in _NEED_ROLES and "role_arns" not in given:
        raise RolesAnywhereError(
            f"role_arns: the {persona} writes to IAM roles; name those roles, for a policy over all roles of the "
            "account would give the whole account away."
        )
    granted = [
        grant
        for grant in _PERSONAS[persona]
        if grant.not_with not in given and (place.permissions_boundary_arn or not grant.only_bounded)
    ]
    statements = [_statement(grant, place, given) for grant in granted if _resources(grant, place, given)]
    document = {"Version": "2012-10-17", "Statement": statements}
    length = len(json.dumps(document, separators=(",", ":")))
    warnings = []
    if partition is None and not _is_known(place):
        warnings.append(
            f"botocore knows no Roles Anywhere in {region}: if that is mistyped, this policy allows nothing."
        )
    if length > MAXIMUM_LENGTH:
        warnings.append(
            f"This policy has {length} characters, and IAM takes {MAXIMUM_LENGTH} for a managed policy: "
            "make several, each with some of the ARNs."
        )
    return OperatorPolicy(document, warnings)


def _place(account_id: str, region: str, partition: str | None) -> _Place:
    if not isinstance(account_id, str):
        raise RolesAnywhereError(f"account_id: {account_id!r} is not a string; write it in quotes.")
    if not re.fullmatch("[0-9]{12}", account_id):
        raise RolesAnywhereError(f"account_id: {account_id!r} is not an account, which has twelve digits.")
    if not re.fullmatch("[a-z]+(-[a-z]+)*-[0-9]+", str(region)):
        raise RolesAnywhereError(f"region: {region!r} is not a region such as eu-central-1.")
    if partition is None:
        try:
            partition = str(get_session().get_partition_for_region(region))
        except UnknownRegionError as error:
            raise RolesAnywhereError(
                f"region: botocore knows no partition for {region}; set partition, or update botocore."
            ) from error
    if not re.fullmatch(r"aws(-[a-z]+)*", str(partition)):
        raise RolesAnywhereError(f"partition: {partition!r} is not a partition such as aws or aws-cn.")
    return _Place(partition, region, account_id)


def _is_known(place: _Place) -> bool:
    known: list[str] = get_session().get_available_regions("rolesanywhere", place.partition)
    return place.region in known


def _checked(option: str, value: Given, place: _Place) -> list[str]:
    """Return ARNs of this place, sorted. Raises RolesAnywhereError."""
    texts = [value] if isinstance(value, str) else list(value or [])
    if not texts:
        raise RolesAnywhereError(f"{option} is empty; name at least one ARN, or leave it out if all are meant.")
    for text in texts:
        _check_here(option, arns.parse(option, text, _TYPES[option]), place)
    return sorted(set(texts))


def _checked_boundary(value: str, place: _Place) -> str:
    option = "permissions_boundary_arn"
    arn = arns.parse(option, value, arns.MANAGED_POLICY)
    _check_here(option, arn if arn.account_id != "aws" else replace(arn, account_id=""), place)
    return arn.text


def _check_here(option: str, arn: arns.Arn, place: _Place) -> None:
    wrong = [
        f"{part} {actual}, not {wanted}"
        for part, actual, wanted in (
            ("partition", arn.partition, place.partition),
            ("region", arn.region, place.region),
            ("account", arn.account_id, place.account_id),
        )
        if actual not in ("", wanted)  # roles and policies have no region, S3 objects and AWS's own policies no account
    ]
    if wrong:
        raise RolesAnywhereError(f"{option}: {arn.text!r} is of the {' and '.join(wrong)}.")


def _statement(grant: _Grant, place: _Place, given: Mapping[str, list[str]]) -> dict[str, Any]:
    resources, condition = _resources(grant, place, given), _condition(grant, place)
    statement = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": sorted(grant.actions.split()),
        "Resource": resources[0] if len(resources) == 1 else resources,
    }
    return {**statement, "Condition": {"StringEquals": condition}} if condition else statement


def _resources(grant: _Grant, place: _Place, given: Mapping[str, list[str]]) -> list[str]:
    if grant.on == _REGION:
        return ["*"]
    prefix = f"arn:{place.partition}"
    if grant.on == _SUBJECTS:
        return [f"{prefix}:rolesanywhere:{place.region}:{place.account_id}:subject/*"]
    if grant.on == _SERVICE_LINKED_ROLE:
        role = f"aws-service-role/{PRINCIPAL}/AWSServiceRoleForRolesAnywhere"
        return [f"{prefix}:iam::{place.account_id}:role/{role}"]
    if grant.on == _MANAGED_POLICIES:
        return [f"{prefix}:iam::{owner}:policy/*" for owner in ("aws", place.account_id)]
    if grant.on == _NEW_ROLES:
        # The request has the name only. Names are unique over all paths, so this is no other role.
        return sorted({re.sub("role/.*/", "role/", arn) for arn in given["role_arns"]} - set(given["role_arns"]))
    if grant.on in given:
        return given[grant.on]
    if grant.on not in _PATTERNS:
        return []
    return [_PATTERNS[grant.on].format(partition=place.partition, region=place.region, account_id=place.account_id)]


def _condition(grant: _Grant, place: _Place) -> dict[str, str]:
    if grant.on == _REGION:
        return {"aws:RequestedRegion": place.region}
    if grant.on == _SERVICE_LINKED_ROLE:
        return {"iam:AWSServiceName": PRINCIPAL}
    if grant.actions == "iam:PassRole":
        return {"iam:PassedToService": PRINCIPAL}
    if grant.bounded and place.permissions_boundary_arn:
        return {"iam:PermissionsBoundary": place.permissions_boundary_arn}
    return {}
