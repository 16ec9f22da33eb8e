# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of a CA."""

from __future__ import annotations

from typing import Any

from .acm_pca_call import Call, check_status, find, page
from .acm_pca_errors import PrivateCaError
from .acm_pca_state import PrivateCa
from .call import MOST_TAGS

_LIVING = ("CREATING", "PENDING_CERTIFICATE", "ACTIVE", "DISABLED", "EXPIRED", "FAILED")


def tag(call: Call) -> dict[str, Any]:
    """TagCertificateAuthority."""
    authority = _find(call)
    tags = {**authority.tags, **{tag["Key"]: tag.get("Value", "") for tag in call.values["Tags"]}}
    if len(tags) > MOST_TAGS:
        raise PrivateCaError("TooManyTagsException", f"A certificate authority has at most {MOST_TAGS} tags.")
    authority.tags = tags
    return {}


def untag(call: Call) -> dict[str, Any]:
    """UntagCertificateAuthority: a tag that is named with a value goes only if it has that value."""
    authority = _find(call)
    for tag in call.values["Tags"]:
        if tag.get("Value", authority.tags.get(tag["Key"])) == authority.tags.get(tag["Key"]):
            authority.tags.pop(tag["Key"], None)
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListTags."""
    listed, token = page(call, [{"Key": key, "Value": value} for key, value in _find(call).tags.items()])
    return {"Tags": listed, "NextToken": token}


def _find(call: Call) -> PrivateCa:
    authority = find(call)
    check_status(authority, *_LIVING)
    return authority
