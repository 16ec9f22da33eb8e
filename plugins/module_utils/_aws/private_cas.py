# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs of AWS Private CA, as trust anchors point to them. Private to the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.times import iso

from . import arns
from .errors import RolesAnywhereError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509 import Certificate

    from .service import Service


def describe(service: Service, arn: str) -> dict[str, Any]:
    """Return the CA as AWS Private CA describes it.

    service: Roles Anywhere in the CA's account and region.
    Raises NotFoundError, or RolesAnywhereError with a sentence about any other refusal.
    """
    request = {"CertificateAuthorityArn": arn}
    authority: dict[str, Any] = service.beside("acm-pca").call("DescribeCertificateAuthority", **request)[
        "CertificateAuthority"
    ]
    return authority


def certificate(service: Service, arn: str) -> Certificate:
    """Return the CA's certificate of now; an anchor may know an older one, of the same name and key.

    Raises what describe raises, also for a CA that has no certificate yet or is deleted.
    """
    request = {"CertificateAuthorityArn": arn}
    answer = service.beside("acm-pca").call("GetCertificateAuthorityCertificate", **request)
    return certificates.load(answer["Certificate"])


def check_usable(authority: Mapping[str, Any], include_root: bool) -> list[str]:
    """Refuse a CA that a trust anchor cannot or should not point to; return warnings about what was insisted on.

    authority: as described. Raises RolesAnywhereError.
    """
    arn, status = authority["Arn"], authority["Status"]
    if status != "ACTIVE":
        raise RolesAnywhereError(
            f"acm_pca_arn: the Private CA {arn} is {status}, and a trust anchor can only point to one that is ACTIVE: "
            "activate it, or leave acm_pca_arn out to change something else of a trust anchor that exists."
        )
    if authority.get("Type") != "ROOT":
        return []
    if not include_root:
        raise RolesAnywhereError(
            f"acm_pca_arn: the Private CA {arn} is a root: give the issuing CA instead, or set include_root if every "
            "CA under this root may vouch for workloads."
        )
    return [f"The trust anchor points to the root {arn}: every CA under it can vouch for workloads."]


def check_account(arn: str, account_id: str) -> None:
    """Refuse a CA of another account than the trust anchor's. Raises RolesAnywhereError."""
    owner = arns.parse("acm_pca_arn", arn, arns.PRIVATE_CA).account_id
    if owner != account_id:
        raise RolesAnywhereError(
            f"acm_pca_arn: the Private CA {arn} is of the account {owner}, but the trust anchor is of {account_id}, "
            "for which AWS documents nothing: give the CA's certificate with certificates instead."
        )


def why_refresh(anchor: Mapping[str, Any], authority: Mapping[str, Any]) -> str | None:
    """Say why an anchor must be told of its CA's certificate anew; None when it knows the present one.

    AWS goes by the certificate that the CA had when the anchor was last created or updated, but does not show it.
    """
    changed = authority.get("LastStateChangeAt")
    if changed is None or changed <= anchor["updatedAt"]:
        return None
    return f"AWS Private CA changed the CA at {iso(changed)}, the trust anchor is of {iso(anchor['updatedAt'])}"
