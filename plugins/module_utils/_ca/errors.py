# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops the CA, said in one sentence."""

from __future__ import annotations


class AuthorityError(Exception):
    """The CA, its folder or its ledger cannot do what was asked; the message is one sentence that says what to do."""
