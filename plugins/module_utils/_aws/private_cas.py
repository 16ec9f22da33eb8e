# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAs of AWS Private CA, as trust anchors point to them. Private to the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

if TYPE_CHECKING:
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
