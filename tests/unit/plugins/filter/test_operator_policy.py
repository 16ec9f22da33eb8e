# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter hands over to the pure function, and its warnings and refusals to Ansible."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.fleet.rolesanywhere.plugins.filter import operator_policy as plugin
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import operator_policies

HERE = {"account_id": "123456789012", "region": "eu-central-1"}


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what people are warned of."""
    collected: list[str] = []
    monkeypatch.setattr(plugin.Display, "warning", lambda _display, message: collected.append(message))
    return collected


@pytest.fixture
def operator_policy() -> Any:
    return plugin.FilterModule().filters()["operator_policy"]


def test_the_document_is_handed_on(operator_policy: Any, warnings: list[str]) -> None:
    assert operator_policy("auditor", **HERE) == operator_policies.build("auditor", **HERE).document
    assert warnings == []


def test_warnings_are_shown(operator_policy: Any, warnings: list[str]) -> None:
    roles = [f"arn:aws:iam::123456789012:role/workload-{number:03}" for number in range(100)]
    operator_policy("administrator", **HERE, role_arns=roles)
    assert len(warnings) == 1


def test_the_personas_are_documented() -> None:
    documented = yaml.safe_load(plugin.DOCUMENTATION)["options"]["_input"]["choices"]
    assert documented == list(operator_policies.PERSONAS)


@pytest.mark.parametrize(
    ("persona", "options", "message"),
    [
        ("king", HERE, "operator_policy: 'king' is none of the personas administrator, crl_publisher, "),
        ("auditor", {"region": "eu-central-1"}, "operator_policy: .*account_id"),
        ("auditor", {**HERE, "crl_arn": "x"}, "operator_policy: .*crl_arn"),
        ("auditor", {**HERE, "crl_arns": 7}, "operator_policy: .*int"),
        ("auditor", {**HERE, "crl_arns": [7]}, "operator_policy: crl_arns: 7 is not the ARN"),
        (None, HERE, "operator_policy: None is none of the personas"),
        ([], HERE, "operator_policy: .*list"),
    ],
)
def test_refusals_are_sentences(operator_policy: Any, persona: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        operator_policy(persona, **options)
