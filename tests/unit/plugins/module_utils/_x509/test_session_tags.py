# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What STS takes as the value of a session tag."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import session_tags


@pytest.mark.parametrize("value", ["web1", "spiffe://example.org/web", "a b", "Zürich", "web=1+2@x:y_.-", "x" * 256])
def test_taken(value: str) -> None:
    assert session_tags.VALUE.fullmatch(value)


@pytest.mark.parametrize("value", ["", "x" * 257, "a,b", "a&b", "*", "tab\there", "two\nlines", "nul\0", "${x}"])
def test_refused(value: str) -> None:
    assert not session_tags.VALUE.fullmatch(value)


def test_every_separator_of_unicode_and_no_control_character() -> None:
    characters = [chr(point) for point in range(sys.maxunicode + 1)]
    separators = [character for character in characters if unicodedata.category(character).startswith("Z")]
    controls = [character for character in characters if unicodedata.category(character) == "Cc"]
    assert all(session_tags.VALUE.fullmatch(character) for character in separators)
    assert not any(session_tags.VALUE.fullmatch(character) for character in controls)
