# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What STS takes as the value of a session tag: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html."""

from __future__ import annotations

import re

VALUE_LENGTH = 256  # characters

_SIGNS = r"_.:/=+\-@"
VALUE = re.compile(rf"[\w\s{_SIGNS}]{{1,{VALUE_LENGTH}}}")
# The ASCII part of it, of any length: that much our own certificates use.
ASCII_CHARACTERS = re.compile(rf"[A-Za-z0-9 {_SIGNS}]+")
