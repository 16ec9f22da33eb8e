# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application does with the AWS profile: nothing but boto3 and the profile's name, no key anywhere.

Asks STS who it is, writes an object into each bucket, and prints what happened as JSON. ``AWS_CONFIG_FILE`` and
``AWS_PROFILE`` come from the environment, as for any program.
"""

from __future__ import annotations

import argparse
import json

import boto3
from botocore.exceptions import ClientError


def put(s3: object, bucket: str, key: str) -> str:
    """Write an object; return ``written`` or the error code of AWS."""
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"written without an access key\n")
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "written"


def main() -> None:
    """Use the role once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bucket", action="append", default=[], help="a bucket to write to; may be given repeatedly")
    parser.add_argument("--key", default="hello.txt", help="the object's key")
    arguments = parser.parse_args()
    session = boto3.Session()
    identity = session.client("sts").get_caller_identity()
    s3 = session.client("s3")
    print(
        json.dumps(
            {
                "account": identity["Account"],
                "arn": identity["Arn"],
                "buckets": {bucket: put(s3, bucket, arguments.key) for bucket in arguments.bucket},
            }
        )
    )


if __name__ == "__main__":
    main()
