# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM armour: what is taken out of it, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.pem import split_pem

BLOCK = b"-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nAwQF\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("pem", "expected"),
    [
        (b"", []),
        (b"no armour at all", []),
        (BLOCK, [b"\0\1\2"]),
        (BLOCK * 3, [b"\0\1\2"] * 3),
        (b"subject=CN = x\r\n" + BLOCK.replace(b"\n", b"\r\n") + b"end\n", [b"\0\1\2"]),
        (KEY + BLOCK + KEY, [b"\0\1\2"]),
        (BLOCK.replace(b"\nAAEC\n", b"\nAA\nEC\n\n"), [b"\0\1\2"]),
    ],
)
def test_certificates_come_in_file_order(pem, expected):
    assert split_pem(pem) == expected


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (BLOCK[:40], "no END line"),
        (BLOCK.replace(b"AAEC", b"AAE"), "not base64"),
        (BLOCK.replace(b"AAEC", b"A*EC"), "not base64"),
        (BLOCK.replace(b"AAEC", b"A\xffEC"), "not base64"),
    ],
)
def test_a_broken_block_is_refused(pem, reason):
    with pytest.raises(SessionError, match=reason):
        split_pem(pem)
