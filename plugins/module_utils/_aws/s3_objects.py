# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of Amazon S3 that an option of a module names. Private to the collection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import RolesAnywhereError

if TYPE_CHECKING:
    from .service import Service

# What botocore takes for a bucket; a key has up to 1,024 bytes
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
_URI = re.compile(r"s3://(?P<bucket>[a-zA-Z0-9._-]{3,255})/(?P<key>.{1,1024})", re.DOTALL)


def read(service: Service, option: str, uri: str, limit: int) -> bytes:
    """Return the bytes of an object, with one call.

    service: Roles Anywhere, with the credentials and options that S3 is asked with too.
    option: the name under which the user gave the URI, for the message.
    limit: more bytes than this are not read.
    Raises RolesAnywhereError, also for an object that is larger.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise RolesAnywhereError(f"{option}: {uri!r} does not name an object; it should look like s3://<bucket>/<key>.")
    try:
        content = service.beside("s3").content("GetObject", limit + 1, Bucket=match["bucket"], Key=match["key"])
    except RolesAnywhereError as error:
        raise RolesAnywhereError(f"{option}: {uri} cannot be read: {error}") from error
    if len(content) > limit:
        raise RolesAnywhereError(f"{option}: {uri} has more than {limit} bytes: give another object.")
    return content
