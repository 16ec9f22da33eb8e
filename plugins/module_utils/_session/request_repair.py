# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate requests as OpenSSL's provider tpm2 should have written them.

Its release 1.1 puts a NULL behind the algorithm of an ECDSA signature, where RFC 5758 section 3.2 wants nothing, and
strict readers refuse the request. The signature does not cover the name of its algorithm (RFC 2986 section 4.2).
"""

from __future__ import annotations

import base64
import textwrap

BEGIN, END = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"
# AlgorithmIdentifier of ecdsa-with-SHA256 in DER
WITH_NULL = bytes.fromhex("300c06082a8648ce3d0403020500")
WITHOUT = bytes.fromhex("300a06082a8648ce3d040302")


def without_null(pem: str) -> str:
    """Return a certificate request (PEM) with the right name for an ECDSA signature; others come back as they are."""
    der = base64.b64decode(pem.partition(BEGIN)[2].partition(END)[0])
    information, found, signature = der.rpartition(WITH_NULL)
    if not found:
        return pem
    content = _content(information) + WITHOUT + signature
    body = base64.b64encode(b"\x30" + _length(len(content)) + content).decode("ascii")
    return "\n".join([BEGIN, *textwrap.wrap(body, 64), END, ""])


def _content(sequence: bytes) -> bytes:
    """Return what follows the tag and the length of a DER value, which may be cut short."""
    return sequence[2 + (sequence[1] & 0x7F if sequence[1] & 0x80 else 0) :]


def _length(count: int) -> bytes:
    if count < 0x80:
        return bytes([count])
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets
