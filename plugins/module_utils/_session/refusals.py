# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CreateSession's short refusals mean, and what to do.

AWS documents none of these texts; they were seen in public reports of the live service.
"""

from __future__ import annotations

# The beginning of the service's words; a longer beginning stands before a shorter one.
ADVICE = (
    (
        "Untrusted signing certificate",
        "no path leads from it to the trust anchor: compare its issuer with the anchor's CA",
    ),
    ("Untrusted certificate. Insufficient certificate", "it is expired or not for clients: issue it again"),
    # A roll-out alone would leave the revoked certificate where it is: its lifetime is not near its end.
    (
        "Certificate revoked",
        (
            "it stands on the trust anchor's CRL: unblock the host at the CA (ca_revoke with state unblocked),"
            " then run fleet.rolesanywhere.rotate -e rotate_force=true --limit HOST"
        ),
    ),
    ("Invalid signature", "key and certificate belong together, so compare this machine's clock and the region"),
    ("Specified Trust Anchor wasn't found", "compare the trust anchor's ARN and whether it is enabled"),
    ("Invalid or empty profile provided", "compare the profile's ARN and whether it is enabled"),
    ("Requested Role isn't one of those listed in the Profile", "compare the role's ARN with the roles of the profile"),
    ("Not authorized to set roleSessionName", "leave the session name out, or let the profile accept one"),
    ("Unable to assume role. Some attributes failed to be mapped", "a name holds a character that session tags refuse"),
    ("Unable to assume role", "compare the role's trust policy and longest session with what is asked for"),
)


def advice(reason: str) -> str:
    """Return what to do about the service's words; empty when they are not known."""
    return next((words for beginning, words in ADVICE if reason.startswith(beginning)), "")
