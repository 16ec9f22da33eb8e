# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on certificate revocation lists."""

from __future__ import annotations

import dataclasses
from typing import Any

from .call import Call, find, initial_tags, page, refuse_over_quota, switch_enabled
from .errors import ServiceError
from .revocation_lists import read_crl
from .state import Crl, TrustAnchor

MOST_CRLS_OF_AN_ANCHOR = 2


def import_one(call: Call) -> dict[str, Any]:
    """ImportCrl."""
    anchor = _find_anchor(call, call.values["trustAnchorArn"])
    refuse_over_quota(len(call.store.crls_of(anchor)), MOST_CRLS_OF_AN_ANCHOR, "CRLs for a trust anchor")
    identifier, arn = call.store.new_name("crl")
    crl = Crl(
        crl_id=identifier,
        crl_arn=arn,
        name=call.values["name"],
        enabled=call.values.get("enabled", False),  # reference §1.6
        crl_data=call.values["crlData"],
        revocation_list=read_crl(call.values["crlData"], anchor.certificates, call.switches),
        trust_anchor_arn=anchor.trust_anchor_arn,
        created_at=call.now,
        updated_at=call.now,
        tags=initial_tags(call),
    )
    call.store.crls[identifier] = crl
    return {"crl": crl}


def get(call: Call) -> dict[str, Any]:
    """GetCrl."""
    return {"crl": _find(call)}


def list_all(call: Call) -> dict[str, Any]:
    """ListCrls."""
    crls, token = page(call, call.store.crls)
    return {"crls": crls, "nextToken": token}


def update(call: Call) -> dict[str, Any]:
    """UpdateCrl: the link to the trust anchor cannot change (§1.4)."""
    crl = _find(call)
    if "crlData" in call.values:
        anchor = _find_anchor(call, crl.trust_anchor_arn)
        crl.revocation_list = read_crl(call.values["crlData"], anchor.certificates, call.switches)
        crl.crl_data = call.values["crlData"]
    crl.name = call.values.get("name", crl.name)
    crl.updated_at = call.now
    return {"crl": crl}


def delete(call: Call) -> dict[str, Any]:
    """DeleteCrl."""
    crl = _find(call)
    del call.store.crls[crl.crl_id]
    return {"crl": crl}


def switch(call: Call) -> dict[str, Any]:
    """EnableCrl and DisableCrl."""
    crl = _find(call)
    shown = switch_enabled(call, crl)
    return {"crl": dataclasses.replace(crl, enabled=shown)}


def _find(call: Call) -> Crl:
    return find(call.store.crls, call.values["crlId"])


def _find_anchor(call: Call, arn: str) -> TrustAnchor:
    anchor = call.store.trust_anchor(arn)
    if anchor is None:
        # ImportCrl has no ResourceNotFoundException in the model; the sentence is an invention.
        raise ServiceError("ValidationException", f"There is no trust anchor {arn}")
    return anchor
