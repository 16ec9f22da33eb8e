# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What STS takes as the value of a session tag: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html."""

from __future__ import annotations

import re

VALUE_LENGTH = 256  # characters

_SIGNS = r"_.:/=+\-@"
# Unicode's category of separators; a tab or a line end, which \s means as well, is none.
_SEPARATORS = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
VALUE = re.compile(rf"[\w{_SEPARATORS}{_SIGNS}]{{1,{VALUE_LENGTH}}}")
# The ASCII part of it, of any length: that much our own certificates use.
ASCII_CHARACTERS = re.compile(rf"[A-Za-z0-9 {_SIGNS}]+")
