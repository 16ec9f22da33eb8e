# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is expected of an identity; the call itself is tested against the emulator."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.caller_identity import (
    CallerIdentity,
    unmet_expectation,
)

WEB = CallerIdentity("123456789012", "arn:aws:sts::123456789012:assumed-role/web/4b1f")
USER = CallerIdentity("123456789012", "arn:aws:iam::123456789012:user/web")


@pytest.mark.parametrize(("identity", "role", "session_name"), [(WEB, "web", "4b1f"), (USER, "", "")])
def test_role_and_session_name_come_from_the_arn(identity, role, session_name):
    assert (identity.role, identity.session_name) == (role, session_name)


@pytest.mark.parametrize(
    ("identity", "expected", "reason"),
    [
        (WEB, (None, None, None), None),
        (WEB, ("123456789012", "web", "4b1f"), None),
        (WEB, (None, "arn:aws:iam::123456789012:role/web", None), None),
        (WEB, (None, "arn:aws:iam::123456789012:role/fleet/web", None), None),
        (WEB, ("999999999999", None, None), "The session is of account 123456789012, not of 999999999999."),
        (WEB, (None, "db", None), f"The session is of {WEB.arn}, not of the role db."),
        (WEB, (None, "arn:aws:iam::123456789012:role/db", None), "not of the role arn:aws:iam::123456789012:role/db."),
        (
            WEB,
            (None, "arn:aws:iam::999999999999:role/web", None),
            "not of the role arn:aws:iam::999999999999:role/web.",
        ),
        (WEB, (None, None, "4b20"), "The session's name is '4b1f', not '4b20'."),
        (USER, (None, "web", None), "not of the role web."),
    ],
)
def test_the_first_expectation_that_is_not_met_is_told(identity, expected, reason):
    told = unmet_expectation(identity, *expected)
    assert told is None if reason is None else reason in told
