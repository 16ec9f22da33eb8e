# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA may be told about revocation (model, RevocationConfiguration and CrlConfiguration).

A bucket must be there, let AWS Private CA write, and take the ACL: one that blocks public access takes no PUBLIC_READ,
which is the default of both. Sentences are inventions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, s3_backends

from .acm_pca_errors import PrivateCaError
from .patterns import Context
from .policies import Policy, decide

DISABLED = {"CrlConfiguration": {"Enabled": False}, "OcspConfiguration": {"Enabled": False}}
SERVICE = "acm-pca.amazonaws.com"
# User guide, "Access policies for CRLs in Amazon S3".
_NEEDED = {"": ("s3:GetBucketAcl", "s3:GetBucketLocation"), "/crl/any.crl": ("s3:PutObject", "s3:PutObjectAcl")}


def read(given: Mapping[str, Any] | None, account: str, partition: str, arn: str) -> dict[str, Any]:
    """Check a RevocationConfiguration and return it in full; raises PrivateCaError. arn: the CA's own."""
    configuration = {**DISABLED, **(given or {})}
    for part in configuration.values():
        if not part["Enabled"] and len(part) > 1:
            raise PrivateCaError("InvalidArgsException", "A disabled configuration must contain only Enabled=False.")
    crl = configuration["CrlConfiguration"]
    if not crl["Enabled"]:
        return configuration
    if "S3BucketName" not in crl or "ExpirationInDays" not in crl:
        raise PrivateCaError("InvalidArgsException", "A CRL configuration needs S3BucketName and ExpirationInDays.")
    bucket = _find_bucket(crl["S3BucketName"], account, partition)
    acl = crl.get("S3ObjectAcl", "PUBLIC_READ")
    if acl == "PUBLIC_READ" and _blocks_public_access(bucket):
        raise PrivateCaError(
            "InvalidArgsException", f"The bucket {bucket.name} blocks public access, which PUBLIC_READ needs."
        )
    _check_policy(bucket, partition, {"aws:SourceAccount": account, "aws:SourceArn": arn})
    return {**configuration, "CrlConfiguration": {"S3ObjectAcl": acl, "CrlType": "COMPLETE", **crl}}


def _find_bucket(name: str, account: str, partition: str) -> FakeBucket:
    try:
        return s3_backends[account][partition].get_bucket(name)
    except MissingBucket:
        raise PrivateCaError("InvalidArgsException", f"The bucket {name} does not exist.") from None


def _blocks_public_access(bucket: FakeBucket) -> bool:
    """A bucket blocks public access unless it was told not to (S3 user guide, since April 2023)."""
    block = bucket.public_access_block
    return block is None or any(str(value).lower() == "true" for value in block.to_config_dict().values())


def _check_policy(bucket: FakeBucket, partition: str, context: Context) -> None:
    policies = [_statements_for_service(bucket.policy)] if bucket.policy else []
    for path, actions in _NEEDED.items():
        for action in actions:
            if not decide(policies, action, f"arn:{partition}:s3:::{bucket.name}{path}", context).allowed:
                raise PrivateCaError(
                    "InvalidPolicyException",
                    f"The policy of the bucket {bucket.name} does not allow {SERVICE} {action}.",
                )


def _statements_for_service(text: bytes) -> Policy:
    """Read a bucket's policy as what it says to AWS Private CA; everybody is meant only by what denies."""
    policy = json.loads(text)
    statements = [
        {element: value for element, value in statement.items() if element != "Principal"}
        for statement in policy["Statement"]
        if _means_service(statement)
    ]
    return {**policy, "Statement": statements}


def _means_service(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    if principal == "*":
        return bool(statement["Effect"] == "Deny")
    services = principal.get("Service", [])
    return SERVICE in ([services] if isinstance(services, str) else services)
