# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates Roles Anywhere refuses under a trust anchor, by its CRLs. Private to the collection."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

    from .service import Service


class Revocations:
    """The enabled CRLs of a trust anchor, looked at when somebody asks for the first time."""

    def __init__(self, service: Service, anchor_arn: str) -> None:
        self._service = service
        self._anchor_arn = anchor_arn

    def include(self, certificate: Certificate) -> bool:
        """Say whether a certificate is revoked. One call, the first time; raises what Service.call raises."""
        number, issuer = certificate.serial_number, certificate.issuer
        return any(
            crl.issuer == issuer and crl.get_revoked_certificate_by_serial_number(number) is not None
            for crl in self._crls
        )

    @functools.cached_property
    def _crls(self) -> list[CertificateRevocationList]:
        found = []
        for crl in self._service.all_pages("ListCrls", "crls"):
            if crl["enabled"] and crl["trustAnchorArn"] == self._anchor_arn:
                try:
                    found.append(revocation_lists.load(crl["crlData"]))
                except CertificateError:  # AWS takes bytes that are no CRL
                    continue
        return found
