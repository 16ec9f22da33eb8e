# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose what goes into a CRL that has no room for all that is revoked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import revocation_lists
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.revocation_lists import Revocation

# Whatever their reason: the revocation of today is why somebody waits for this CRL.
NEWEST = 100


class Selection(NamedTuple):
    """What goes into the CRL, in the order in which it was given, and the serial numbers for which there is no room."""

    revoked: dict[int, Revocation]
    left_out: list[int]


def select(revoked: Mapping[int, Revocation], known_nowhere_else: Collection[int], room: int) -> Selection:
    """Choose the entries of a CRL: all of them if they fit, without their reasons if they fit so, else the weightiest.

    These go before the others: what is *known_nowhere_else* and would be forgotten, the newest, and the certificates
    whose keys are in foreign hands.

    revoked: what is to be revoked, by serial number.
    room: bytes of DER that the entries may take together.
    """
    if _size(revoked) <= room:
        return Selection(dict(revoked), [])
    # Roles Anywhere does not look at reasons, and the ledger keeps them.
    bare = {serial_number: revocation._replace(reason="unspecified") for serial_number, revocation in revoked.items()}
    chosen = set()
    for serial_number in _weightiest_first(revoked, known_nowhere_else):
        room -= revocation_lists.entry_size(serial_number, bare[serial_number])
        if room < 0:
            break
        chosen.add(serial_number)
    return Selection(
        {serial_number: revocation for serial_number, revocation in bare.items() if serial_number in chosen},
        [serial_number for serial_number in bare if serial_number not in chosen],
    )


def _size(revoked: Mapping[int, Revocation]) -> int:
    return sum(revocation_lists.entry_size(*entry) for entry in revoked.items())


def _weightiest_first(revoked: Mapping[int, Revocation], known_nowhere_else: Collection[int]) -> Iterator[int]:
    newest_first = sorted(revoked, key=lambda serial_number: revoked[serial_number].moment, reverse=True)
    newest = set(newest_first[:NEWEST])

    def weight(serial_number: int) -> int:
        if serial_number in known_nowhere_else:
            return 0
        if serial_number in newest:
            return 1
        return 2 if revoked[serial_number].reason == "keyCompromise" else 3

    return iter(sorted(newest_first, key=weight))
