# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which IAM actions an S3 operation needs, where the two have different names.

Service authorization reference, "Actions, resources, and condition keys for Amazon S3". An operation that stands in
neither table is not allowed to anybody but the administrator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from werkzeug import Request

from .policies import Permission

# On the bucket.
BUCKET_ACTIONS = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketPolicy": "GetBucketPolicy",
    "PutBucketPolicy": "PutBucketPolicy",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "GetBucketAcl": "GetBucketAcl",
    "PutBucketAcl": "PutBucketAcl",
    "GetBucketTagging": "GetBucketTagging",
    "PutBucketTagging": "PutBucketTagging",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "PutBucketVersioning": "PutBucketVersioning",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
}

# On the object; "Version" is added to some where the request names a version.
OBJECT_ACTIONS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "GetObjectAcl": "GetObjectAcl",
    "GetObjectTagging": "GetObjectTagging",
    "PutObject": "PutObject",
    "PutObjectAcl": "PutObjectAcl",
    "PutObjectTagging": "PutObjectTagging",
    "DeleteObject": "DeleteObject",
    "DeleteObjectTagging": "DeleteObjectTagging",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
}
VERSIONED_ACTIONS = {
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
}

# Headers that need one action more on the object that is written.
HEADER_ACTIONS = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-grant-full-control": "PutObjectAcl",
    "x-amz-grant-read": "PutObjectAcl",
    "x-amz-grant-read-acp": "PutObjectAcl",
    "x-amz-grant-write-acp": "PutObjectAcl",
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-retain-until-date": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "x-amz-bypass-governance-retention": "BypassGovernanceRetention",
}


def s3_permissions(name: str, values: Mapping[str, Any], request: Request, partition: str) -> Iterator[Permission]:
    """List what an S3 operation with these input values needs; nothing at all for one that is not known."""
    bucket = f"arn:{partition}:s3:::{values.get('Bucket')}"
    listing = {f"s3:{key}": request.args.getlist(key) for key in ("prefix", "delimiter", "max-keys")}
    if name == "ListBuckets":
        yield Permission("s3:ListAllMyBuckets", "*")
    elif name in BUCKET_ACTIONS:
        yield Permission(f"s3:{BUCKET_ACTIONS[name]}", bucket, listing)
        if HEADER_ACTIONS.keys() & {header.lower() for header, _ in request.headers}:
            yield Permission("s3:PutBucketAcl", bucket)
    elif name == "DeleteObjects":
        for deleted in values["Delete"]["Objects"]:
            yield _on_object("DeleteObject", f"{bucket}/{deleted['Key']}", "VersionId" in deleted)
    elif name in ("CopyObject", "UploadPartCopy"):
        yield _on_source(request.headers["x-amz-copy-source"], partition)
        yield from _on_written_object("PutObject", f"{bucket}/{values['Key']}", request)
    elif name in OBJECT_ACTIONS:
        action = OBJECT_ACTIONS[name]
        if action == "PutObject":
            yield from _on_written_object(action, f"{bucket}/{values['Key']}", request)
        else:
            yield _on_object(action, f"{bucket}/{values['Key']}", "versionId" in request.args)


def _on_object(action: str, arn: str, names_version: bool) -> Permission:
    return Permission(f"s3:{VERSIONED_ACTIONS.get(action, action) if names_version else action}", arn)


def _on_written_object(action: str, arn: str, request: Request) -> Iterator[Permission]:
    yield Permission(f"s3:{action}", arn)
    for header, also in HEADER_ACTIONS.items():
        if header in request.headers:
            yield Permission(f"s3:{also}", arn)


def _on_source(copy_source: str, partition: str) -> Permission:
    """Read x-amz-copy-source: bucket/key, percent-encoded, with the version behind it."""
    path, _, version = copy_source.partition("?versionId=")
    return _on_object("GetObject", f"arn:{partition}:s3:::{unquote(path).lstrip('/')}", bool(version))
