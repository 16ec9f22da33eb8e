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
        waiter = acm_pca.get_waiter("certificate_authority_csr_created")
        waiter.wait(CertificateAuthorityArn=self.arn, WaiterConfig={"Delay": 0})

    def certify(self, issuer: Authority) -> str:
        """Give it its certificate, or a new one, signed by a root; return it in PEM."""
        pem = issuer.sign_authority(self._request())
        self._acm_pca.import_certificate_authority_certificate(
            CertificateAuthorityArn=self.arn, Certificate=pem.encode(), CertificateChain=issuer.pem.encode()
        )
        return pem

    def certify_itself(self) -> None:
        """Give a root the certificate that it signs itself."""
        arn = self._acm_pca.issue_certificate(
            CertificateAuthorityArn=self.arn,
            Csr=self._request().encode(),
            SigningAlgorithm="SHA256WITHRSA",
            TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1",
            Validity={"Type": "DAYS", "Value": 365},
        )["CertificateArn"]
        self._acm_pca.import_certificate_authority_certificate(
            CertificateAuthorityArn=self.arn, Certificate=self.fetch(arn).encode()
        )

    def fetch(self, certificate_arn: str) -> str:
        """Wait for a certificate that was asked for; return it in PEM."""
        names = {"CertificateAuthorityArn": self.arn, "CertificateArn": certificate_arn}
        self._acm_pca.get_waiter("certificate_issued").wait(**names, WaiterConfig={"Delay": 0})
        certificate: str = self._acm_pca.get_certificate(**names)["Certificate"]
        return certificate

    def _request(self) -> str:
        request: str = self._acm_pca.get_certificate_authority_csr(CertificateAuthorityArn=self.arn)["Csr"]
        return request

    def switch(self, status: str) -> None:
        """Make it ACTIVE or DISABLED."""
        self._acm_pca.update_certificate_authority(CertificateAuthorityArn=self.arn, Status=status)
