# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated Roles Anywhere remembers: trust anchors, profiles, CRLs and subjects of each account and region.

Field names are the snake_case of the API's member names, so that answers can be written from botocore's model.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.session import Session
from cryptography import x509

from .acm_pca_state import PrivateCas

_botocore = Session()


@dataclass
class TrustAnchor:
    """A TrustAnchorDetail and what belongs to it."""

    trust_anchor_id: str
    trust_anchor_arn: str
    name: str
    source: dict[str, Any]  # as on the wire: sourceType and sourceData
    certificates: list[x509.Certificate]  # as they were at the last create or update (reference §1.7)
    enabled: bool
    created_at: datetime
    updated_at: datetime
    notification_settings: list[dict[str, Any]]  # as on the wire
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The name that all four kinds of resource share."""
        return self.trust_anchor_arn


@dataclass
class Profile:
    """A ProfileDetail; what was never given is None and absent in answers."""

    profile_id: str
    profile_arn: str
    name: str
    role_arns: list[str]
    enabled: bool
    created_by: str
    created_at: datetime
    updated_at: datetime
    attribute_mappings: dict[str, list[str]] | None  # certificate field -> specifiers
    duration_seconds: int = 3600
    accept_role_session_name: bool = False
    require_instance_properties: bool | None = None
    session_policy: str | None = None
    managed_policy_arns: list[str] | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The name that all four kinds of resource share."""
        return self.profile_arn


@dataclass
class Crl:
    """A CrlDetail with the list that its bytes hold."""

    crl_id: str
    crl_arn: str
    name: str
    enabled: bool
    crl_data: bytes  # as imported
    revocation_list: x509.CertificateRevocationList
    trust_anchor_arn: str
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The name that all four kinds of resource share."""
        return self.crl_arn


@dataclass
class Credential:
    """A CredentialSummary: one certificate that a subject presented, and how its last attempt ended."""

    seen_at: datetime
    serial_number: str
    issuer: str
    x509_certificate_data: str
    failed: bool
    enabled: bool = True


@dataclass
class Subject:
    """A SubjectDetail: all certificates of one subject distinguished name (reference §1.11)."""

    subject_id: str
    subject_arn: str
    x509_subject: str
    created_at: datetime
    updated_at: datetime
    last_seen_at: datetime
    enabled: bool = True
    credentials: list[Credential] = field(default_factory=list)
    instance_properties: list[dict[str, Any]] = field(default_factory=list)  # seenAt, properties and failed
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The name that all four kinds of resource share."""
        return self.subject_arn


@dataclass
class Store:
    """One account's resources in one region, each kind by its id and in the order of creation."""

    account: str
    region: str
    trust_anchors: dict[str, TrustAnchor] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    crls: dict[str, Crl] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    private_cas: PrivateCas = field(default_factory=PrivateCas)  # those of AWS Private CA

    def new_name(self, kind: str) -> tuple[str, str]:
        """Return id and ARN for a new resource; kind is trust-anchor, profile, crl or subject."""
        identifier = str(uuid.uuid4())
        return identifier, self.arn(f"{kind}/{identifier}")

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource here, in the partition of this region."""
        return f"arn:{partition_of(self.region)}:rolesanywhere:{self.region}:{self.account}:{resource}"

    def trust_anchor(self, arn: str) -> TrustAnchor | None:
        """Find a trust anchor by its ARN."""
        return next((anchor for anchor in self.trust_anchors.values() if anchor.arn == arn), None)

    def profile(self, arn: str) -> Profile | None:
        """Find a profile by its ARN."""
        return next((profile for profile in self.profiles.values() if profile.arn == arn), None)

    def resource(self, arn: str) -> TrustAnchor | Profile | Crl | Subject | None:
        """Find a resource of any kind by its ARN."""
        kinds = (self.trust_anchors, self.profiles, self.crls, self.subjects)
        return next((resource for kind in kinds for resource in kind.values() if resource.arn == arn), None)

    def crls_of(self, anchor: TrustAnchor) -> list[Crl]:
        """List the CRLs of a trust anchor, enabled or not."""
        return [crl for crl in self.crls.values() if crl.trust_anchor_arn == anchor.arn]

    def subject(self, x509_subject: str, now: datetime) -> Subject:
        """Find the subject of a distinguished name, or make it at first sight."""
        for known in self.subjects.values():
            if known.x509_subject == x509_subject:
                return known
        identifier, arn = self.new_name("subject")
        self.subjects[identifier] = Subject(identifier, arn, x509_subject, now, now, now)
        return self.subjects[identifier]


class State:
    """All accounts and regions. Whoever changes something holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._stores: dict[tuple[str, str], Store] = {}

    def store(self, account: str, region: str) -> Store:
        """Return the resources of one account in one region."""
        with self.lock:
            return self._stores.setdefault((account, region), Store(account, region))

    def stores(self) -> list[Store]:
        """List what is known of all accounts and regions."""
        return list(self._stores.values())

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self._stores.clear()


def partition_of(region: str) -> str:
    """Name the partition of a region: aws, aws-cn, aws-us-gov …; raises UnknownRegionError for what is no region."""
    return _botocore.get_partition_for_region(region)
