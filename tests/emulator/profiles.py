# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on profiles and their attribute mappings."""

from __future__ import annotations

import re
from typing import Any

from botocore import xform_name

from .call import Call, find, initial_tags, page, refuse_over_quota, switch_enabled
from .errors import ServiceError
from .model import service_model
from .state import Profile

MOST_PROFILES = 250
_DEFAULT_MAPPINGS = {"x509Issuer": ["*"], "x509SAN": ["DNS", "URI", "Name/*"], "x509Subject": ["*"]}  # reference §1.5
_NAME_SPECIFIER = r"\*|[A-Za-z]+|[0-9]+(\.[0-9]+)+"
_SPECIFIERS = {
    "x509Issuer": _NAME_SPECIFIER,
    "x509Subject": _NAME_SPECIFIER,
    "x509SAN": rf"DNS|URI|Name/({_NAME_SPECIFIER})",  # a bare * is undefined there (§1.8)
}


def create(call: Call) -> dict[str, Any]:
    """CreateProfile."""
    refuse_over_quota(len(call.store.profiles), MOST_PROFILES, "profiles")
    identifier, arn = call.store.new_name("profile")
    fresh = {field: list(specifiers) for field, specifiers in _DEFAULT_MAPPINGS.items()}
    profile = Profile(
        profile_id=identifier,
        profile_arn=arn,
        name=call.values["name"],
        role_arns=call.values["roleArns"],
        enabled=call.values.get("enabled", False),  # §1.6, §9.1
        created_by=call.caller.arn,
        created_at=call.now,
        updated_at=call.now,
        attribute_mappings=None if call.switches.attribute_mappings_null else fresh,
        require_instance_properties=call.values.get("requireInstanceProperties"),
        tags=initial_tags(call),
    )
    _set_given(profile, call)
    call.store.profiles[identifier] = profile
    return _answer(profile)


def get(call: Call) -> dict[str, Any]:
    """GetProfile."""
    return _answer(_find(call))


def list_all(call: Call) -> dict[str, Any]:
    """ListProfiles."""
    profiles, token = page(call, call.store.profiles)
    return {"profiles": [_describe(profile) for profile in profiles], "nextToken": token}


def update(call: Call) -> dict[str, Any]:
    """UpdateProfile: what is left out stays as it is, lists are replaced as a whole (§1.7)."""
    profile = _find(call)
    _set_given(profile, call)
    profile.updated_at = call.now
    return _answer(profile)


def delete(call: Call) -> dict[str, Any]:
    """DeleteProfile."""
    profile = _find(call)
    del call.store.profiles[profile.profile_id]
    return _answer(profile)


def switch(call: Call) -> dict[str, Any]:
    """EnableProfile and DisableProfile."""
    profile = _find(call)
    shown = switch_enabled(call, profile)
    return {"profile": {**_describe(profile), "enabled": shown}}


def put_attribute_mapping(call: Call) -> dict[str, Any]:
    """PutAttributeMapping: the rules of one field are replaced, those of the others stay (§1.8, §9.3)."""
    profile = _find(call)
    field = call.values["certificateField"]
    given = [_normalised(field, rule["specifier"]) for rule in call.values["mappingRules"]]
    mappings = dict(profile.attribute_mappings or {})
    kept = mappings.get(field, []) if call.switches.attribute_mapping_put_merges else []
    mappings[field] = list(dict.fromkeys(kept + given))
    profile.attribute_mappings = mappings
    profile.updated_at = call.now
    return _answer(profile)


def delete_attribute_mapping(call: Call) -> dict[str, Any]:
    """DeleteAttributeMapping: without specifiers the whole field goes (§1.8)."""
    profile = _find(call)
    field = call.values["certificateField"]
    mappings = dict(profile.attribute_mappings or {})
    deleted = call.values.get("specifiers")
    specifiers = mappings.pop(field, [])
    if deleted is not None:
        normalised = [_normalised(field, specifier) for specifier in deleted]
        left = [specifier for specifier in specifiers if specifier not in normalised]
        if left:
            mappings[field] = left
    profile.attribute_mappings = mappings
    profile.updated_at = call.now
    return _answer(profile)


def _find(call: Call) -> Profile:
    return find(call.store.profiles, call.values["profileId"])


def _set_given(profile: Profile, call: Call) -> None:
    """Take over the members that CreateProfile and UpdateProfile share."""
    for member in (
        "name",
        "sessionPolicy",
        "roleArns",
        "managedPolicyArns",
        "durationSeconds",
        "acceptRoleSessionName",
    ):
        if member in call.values:
            setattr(profile, xform_name(member), call.values[member])


def _normalised(field: str, specifier: str) -> str:
    normalised = "Name/*" if field == "x509SAN" and specifier in ("Name", "Name/") else specifier
    if not re.fullmatch(_SPECIFIERS[field], normalised):
        raise ServiceError("ValidationException", f"Invalid specifier '{specifier}' for {field}")  # an invention
    return normalised


def _answer(profile: Profile) -> dict[str, Any]:
    return {"profile": _describe(profile)}


def _describe(profile: Profile) -> dict[str, Any]:
    members = service_model().shape_for("ProfileDetail").members
    described = {name: getattr(profile, xform_name(name)) for name in members}
    if profile.attribute_mappings is not None:
        described["attributeMappings"] = [
            {"certificateField": field, "mappingRules": [{"specifier": specifier} for specifier in specifiers]}
            for field, specifiers in sorted(profile.attribute_mappings.items())
        ]
    return described
