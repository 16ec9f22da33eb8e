# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a name, key, request, certificate or CRL, said in one sentence."""

from __future__ import annotations


class CertificateError(Exception):
    """Something of X.509 is not what Roles Anywhere accepts; the message is one sentence that says what to do."""
