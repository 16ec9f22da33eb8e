# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on subjects, which only CreateSession makes (reference §1.11)."""

from __future__ import annotations

from typing import Any

from .call import Call, find, page


def get(call: Call) -> dict[str, Any]:
    """GetSubject."""
    return {"subject": find(call.store.subjects, call.values["subjectId"])}


def list_all(call: Call) -> dict[str, Any]:
    """ListSubjects."""
    subjects, token = page(call, call.store.subjects)
    return {"subjects": subjects, "nextToken": token}
