# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of AWS Private CA, as its operations see it, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .acm_pca_errors import PrivateCaError
from .acm_pca_state import PrivateCa, PrivateCas
from .state import partition_of
from .switches import Switches

TOKEN_LIFE = timedelta(minutes=5)


@dataclass(frozen=True)
class Call:
    """A call that is authenticated, validated and authorised."""

    values: dict[str, Any]  # the input, by the names of the model
    account: str
    region: str
    private_cas: PrivateCas
    switches: Switches
    now: datetime

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return partition_of(self.region)


def find(call: Call) -> PrivateCa:
    """Find the CA that a call names, which has grown older meanwhile; raises PrivateCaError."""
    arn = call.values["CertificateAuthorityArn"]
    authority = call.private_cas.authorities.get(arn)
    if authority is None:
        raise PrivateCaError("ResourceNotFoundException", f"Could not find Certificate Authority {arn}.")
    if authority.status == "CREATING" and authority.creation.look(call.now):
        change_status(call, authority, "PENDING_CERTIFICATE")
    expires = authority.certificate and authority.certificate.not_valid_after_utc
    if authority.status in ("ACTIVE", "DISABLED") and expires and expires <= call.now:
        change_status(call, authority, "EXPIRED")
    return authority


def change_status(call: Call, authority: PrivateCa, status: str) -> None:
    """Put a CA into another state."""
    authority.status = status
    authority.changed_at = call.now


def check_status(authority: PrivateCa, *allowed: str) -> None:
    """Raise PrivateCaError unless the CA is in one of these states."""
    if authority.status not in allowed:
        raise PrivateCaError(
            "InvalidStateException",
            f"The certificate authority {authority.arn} is not in the correct state to have this action performed: "
            f"it is {authority.status}.",
        )


def once(call: Call, make: Callable[[], str], *scope: str) -> str:
    """Make something unless it was made with the same idempotency token in the last five minutes; returns its ARN.

    Whether the other values must be the same again is not documented: they are not looked at.
    """
    token = call.values.get("IdempotencyToken")
    if token is None:
        return make()
    known = call.private_cas.tokens.get((*scope, token))
    if known and call.now < known[1] + TOKEN_LIFE:
        return known[0]
    arn = make()
    call.private_cas.tokens[(*scope, token)] = (arn, call.now)
    return arn


def page(call: Call, items: list[Any]) -> tuple[list[Any], str | None]:
    """Cut one page out of a list; returns it and the token of the next one, which is the position in the list."""
    try:
        first = int(call.values.get("NextToken", "0"))
    except ValueError:
        raise PrivateCaError("InvalidNextTokenException", "The token is not valid.") from None
    last = first + call.values.get("MaxResults", 1000)
    return items[first:last], str(last) if last < len(items) else None
