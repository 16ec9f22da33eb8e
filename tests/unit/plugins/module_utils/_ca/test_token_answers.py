# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a token answers, in words."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import token_answers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("PinIncorrect", "the PIN is wrong: correct it before the token locks itself"),
        ("PinLocked", "its PIN is locked after too many wrong ones: unlock it with the security officer's PIN"),
        ("NoSuchToken", "there is no token with this label: initialize it, connect it, or correct pkcs11.token"),
        ("DeviceError", "it answered DeviceError: look into the log of the token"),
    ],
)
def test_an_answer_says_what_to_do(answer, words):
    assert token_answers.reason(answer) == words
