# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the control plane share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

UNKNOWN_ID = "7f3c0f5e-5f41-4c2a-9f0e-0b6d0a4f2c11"


def refusal(call: Callable[..., Any], **values: Any) -> tuple[int, str, str]:
    """Make a call that must fail; returns HTTP status, error code and message."""
    with pytest.raises(ClientError) as error:
        call(**values)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def status(response: dict[str, Any]) -> int:
    """Tell the HTTP status of an answer."""
    return response["ResponseMetadata"]["HTTPStatusCode"]
