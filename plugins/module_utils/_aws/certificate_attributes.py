# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which attributes of a certificate's names a session can have as tags. Pure; private to the collection.

A name that is mistyped is no error to AWS: no session ever has a tag for it, so what hangs on that tag never holds.
"""

from __future__ import annotations

import re

# Those that AWS names in https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html and their
# kin of RFC 4519.
NAMES = ("CN", "OU", "O", "C", "ST", "L", "UID", "DC", "STREET", "SERIALNUMBER", "T", "GN", "SN")
PATTERN = rf"(?:{'|'.join(NAMES)}|[0-9]+(?:\.[0-9]+)+)"
ADVICE = f"write {', '.join(NAMES)} or an object identifier such as 2.5.4.97"

FIELDS = {
    "x509Subject": (re.compile(PATTERN), f"attribute of a subject; {ADVICE}"),
    "x509Issuer": (re.compile(PATTERN), f"attribute of an issuer; {ADVICE}"),
    "x509SAN": (
        re.compile(rf"DNS|URI|Name/{PATTERN}"),
        "part of a subject alternative name; write DNS, URI or Name/ and an attribute such as Name/CN",
    ),
}
"""Field of the certificate to what follows it in the key of a tag, and the end of a sentence about what does not."""


def why_unknown(field: str, attribute: str) -> str | None:
    """Say why no session has a tag for this, in a clause; None if one can have. Keys in conditions know no case."""
    pattern, known = _BY_LOWER_CASE[field.lower()]
    return None if re.fullmatch(pattern.pattern, attribute, re.IGNORECASE) else f"{attribute!r} is no {known}"


_BY_LOWER_CASE = {field.lower(): found for field, found in FIELDS.items()}
