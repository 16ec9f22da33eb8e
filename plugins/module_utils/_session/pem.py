# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM armour around certificates (RFC 7468); a file of its own because a cached session needs nothing more."""

from __future__ import annotations

import base64
import binascii

from .errors import SessionError

BEGIN = b"-----BEGIN CERTIFICATE-----"
END = b"-----END CERTIFICATE-----"


def split_pem(pem: bytes) -> list[bytes]:
    """Return the DER of every certificate of a PEM file, in file order; other text and other blocks are passed over.

    :raises SessionError: a block is not closed or is not base64.
    """
    certificates = []
    for block in pem.split(BEGIN)[1:]:
        body, end, _text_after = block.partition(END)
        if not end:
            raise SessionError("A PEM certificate has no END line; write the file again from its source.")
        try:
            certificates.append(base64.b64decode(b"".join(body.split()), validate=True))
        except binascii.Error as error:
            raise SessionError("A PEM certificate is not base64; write the file again from its source.") from error
    return certificates
