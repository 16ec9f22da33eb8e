# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA of AWS Private CA, whose certificate a CA of one's own signs."""

from __future__ import annotations

from typing import Any

from .authority import Authority


class PrivateCa:
    """An issuing CA; it is pending until it is given a certificate."""

    def __init__(self, acm_pca: Any, common_name: str = "Private CA", kind: str = "SUBORDINATE") -> None:
        self._acm_pca = acm_pca
        self.arn = acm_pca.create_certificate_authority(
            CertificateAuthorityConfiguration={
                "KeyAlgorithm": "RSA_2048",
                "SigningAlgorithm": "SHA256WITHRSA",
                "Subject": {"CommonName": common_name},
            },
            CertificateAuthorityType=kind,
        )["CertificateAuthorityArn"]

    def certify(self, issuer: Authority) -> str:
        """Give it its certificate, or a new one; return it in PEM."""
        request = self._acm_pca.get_certificate_authority_csr(CertificateAuthorityArn=self.arn)["Csr"]
        pem = issuer.sign_authority(request)
        self._acm_pca.import_certificate_authority_certificate(
            CertificateAuthorityArn=self.arn, Certificate=pem.encode()
        )
        return pem

    def switch(self, status: str) -> None:
        """Make it ACTIVE or DISABLED."""
        self._acm_pca.update_certificate_authority(CertificateAuthorityArn=self.arn, Status=status)
