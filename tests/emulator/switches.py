# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be set about the emulated service: its quirks, and the points that the reference leaves open.

An open point stands on its strict side by default, so that what works here also works where AWS turns out strict.
The paragraph after each field is that of the engineering reference of Roles Anywhere.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, get_type_hints

FAULTS = ("internal_error", "lost_answer", "none", "reset", "silence", "throttling")


@dataclass
class Switches:
    """Every switch with its default."""

    # Clock (§2.3, §9.11)
    clock_offset: float = 0.0  # seconds that the service is ahead of this machine
    clock_window: float = 300.0  # seconds that X-Amz-Date may be away from the service's clock

    # Pace: seconds, and requests a second; None = unlimited (§5)
    latency: float = 0.0  # seconds before every answer of Roles Anywhere
    control_plane_rate: float | None = None  # for each group of operations; AWS: 1
    create_session_rate: float | None = None  # AWS: 10

    # One-off faults: each request takes the first of its list
    control_plane_faults: list[str] = field(default_factory=list)
    data_plane_faults: list[str] = field(default_factory=list)
    private_ca_faults: list[str] = field(default_factory=list)  # of AWS Private CA

    # Control plane
    stale_echo: bool = False  # Enable* and Disable* answer with the old state (§1.6, §9.28)
    attribute_mappings_null: bool = False  # a fresh profile has no attribute mappings (§9.2)
    attribute_mapping_put_merges: bool = False  # PutAttributeMapping adds to a field's rules (§9.3)
    notification_settings_put_replaces: bool = False  # PutNotificationSettings forgets the other settings (§9.4)
    trust_anchor_deletion_cascades: bool = False  # an anchor with CRLs can be deleted, and takes them along (§9.21)

    # CRLs
    crl_der_accepted: bool = False  # (§1.10, §9.5)
    crl_verified_at_import: bool = True  # signature, issuer, number, digest and dates (§9.6)
    crl_past_next_update_accepted: bool = False  # CreateSession goes on with a CRL that is past nextUpdate (§9.7)

    # CreateSession
    unsigned_headers_tolerated: bool = False  # headers that must be signed may stay out of the signature (§2.2)
    mismatched_algorithm_tolerated: bool = False  # the algorithm named need not be that of the key (§2.2)
    client_authentication_required: bool = True  # extended key usage clientAuth (§3.2, §9.13)
    unmappable_tag_value_fails: bool = True  # a value that STS refuses as a tag is not just left out (§2.7, §9.14)
    source_identity_space_accepted: bool = False  # a common name may hold spaces (§2.6, §9.15)

    # AWS Private CA: what is not there at once, after looks in vain and seconds (§8.1 to §8.3)
    private_ca_creating_looks: float = 1  # at a new CA
    private_ca_creating_seconds: float = 0.0
    private_ca_issuing_looks: float = 1  # at a certificate, with GetCertificate
    private_ca_issuing_seconds: float = 0.0
    private_ca_crl_looks: float = 1  # at the CRL's object in S3; AWS: up to half an hour
    private_ca_crl_seconds: float = 0.0
    private_ca_rates: bool = False  # AWS's own requests a second, operation by operation (§8.5)

    def now(self) -> datetime:
        """Tell the service's time."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.clock_offset)

    def set(self, values: dict[str, Any]) -> None:
        """Set switches by name, all or none; raises ValueError for an unknown name or a value of the wrong kind."""
        for name, value in values.items():
            _check(name, value)
        for name, value in values.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Back to the defaults."""
        self.set(dataclasses.asdict(Switches()))


def parse(assignment: str) -> tuple[str, Any]:
    """Read ``name=value`` of the command line, the value being JSON; raises ValueError."""
    name, _, text = assignment.partition("=")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(f"The value of switch {name} must be JSON: {text}") from None
    _check(name, value)
    return name, value


def _check(name: str, value: Any) -> None:
    kinds = get_type_hints(Switches)
    if name not in kinds:
        raise ValueError(f"There is no switch {name}; there are: {', '.join(kinds)}")
    kind = kinds[name]
    if kind is bool:
        fits = isinstance(value, bool)
    elif kind == list[str]:
        fits = isinstance(value, list) and all(fault in FAULTS for fault in value)
    else:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = is_number or (kind is not float and value is None)
    if not fits:
        raise ValueError(f"Switch {name} does not take {value!r}; faults are {', '.join(FAULTS)}")
