# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated AWS Private CA remembers of one account in one region."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509

from .acm_pca_ripening import Ripening


@dataclass
class IssuedCertificate:
    """A certificate that a CA has issued, revoked or not."""

    arn: str
    certificate: x509.Certificate
    making: Ripening
    revoked_at: datetime | None = None
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@dataclass
class PrivateCa:
    """A certificate authority; its private key never leaves it."""

    arn: str
    account: str
    region: str
    kind: str  # ROOT or SUBORDINATE
    usage_mode: str
    key_storage_security_standard: str
    configuration: dict[str, Any]  # as on the wire: KeyAlgorithm, SigningAlgorithm and Subject
    revocation_configuration: dict[str, Any]  # as on the wire
    subject: x509.Name
    private_key: Any
    created_at: datetime
    changed_at: datetime
    creation: Ripening
    tags: dict[str, str]
    status: str = "CREATING"
    certificate: x509.Certificate | None = None
    chain: list[x509.Certificate] = field(default_factory=list)
    issued: dict[int, IssuedCertificate] = field(default_factory=dict)  # by serial number
    status_before_deletion: str = ""
    restorable_until: datetime | None = None
    crl: x509.CertificateRevocationList | None = None  # the one that was written last
    crl_number: int = 0
    crl_making: Ripening | None = None  # of the next one, when there is something to write

    @property
    def identifier(self) -> str:
        """The UUID at the end of the ARN, which names the CRL, too."""
        return self.arn.rpartition("/")[2]


@dataclass
class PrivateCas:
    """The CAs by their ARN in the order of creation, and the idempotency tokens that were used lately."""

    authorities: dict[str, PrivateCa] = field(default_factory=dict)
    tokens: dict[tuple[str, ...], tuple[str, datetime]] = field(default_factory=dict)  # to the ARN that was made

    def new_arn(self, prefix: str) -> str:
        """Name a new CA; the prefix is that of the account and region."""
        return f"{prefix}:certificate-authority/{uuid.uuid4()}"
