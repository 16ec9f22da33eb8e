# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PKCS#11 library answers when it refuses, said in one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .errors import AuthorityError

# By the names of python-pkcs11's exceptions, which are PKCS#11's return values (version 2.40, section 5.1).
_REASONS = {
    "DeviceRemoved": "the device was taken away: connect it again",
    "MechanismInvalid": "it does not know the mechanism that this type of key needs: give another key_type",
    "MultipleTokensReturned": "several tokens have this label: give each of them its own",
    "NoSuchToken": "there is no token with this label: initialize it, connect it, or correct pkcs11.token",
    "PinExpired": "the PIN has expired: set a new one",
    "PinIncorrect": "the PIN is wrong: correct it before the token locks itself",
    "PinInvalid": "the PIN has characters that the token does not take: correct it",
    "PinLenRange": "the PIN is too short or too long for it: correct it before the token locks itself",
    "PinLocked": "its PIN is locked after too many wrong ones: unlock it with the security officer's PIN",
    "SessionCount": "it has no session left: end other programs that use it",
    "TokenNotPresent": "it is not in its slot: connect it",
    "TokenNotRecognised": "its slot holds something that the library does not know: look whether it is the right one",
    "TokenWriteProtected": "it is write-protected: allow writing until the CA is made",
    "UserNotLoggedIn": "it wants to be logged in to for each signature: give a key without CKA_ALWAYS_AUTHENTICATE",
    "UserPinNotInitialized": "it has no user PIN yet: set one with the security officer's PIN",
}


def reason(answer: str) -> str:
    """Put the name of an answer into words."""
    return _REASONS.get(answer, f"it answered {answer}: look into the log of the token")


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn a refusal into one sentence that begins with *what*. The library's own text is left out: it could quote.

    :raises AuthorityError: instead of PKCS11Error.
    """
    from pkcs11.exceptions import PKCS11Error

    try:
        yield
    except PKCS11Error as error:
        raise AuthorityError(f"{what}: {reason(type(error).__name__)}.") from None
