# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter hands over to the pure function, and its warnings and refusals to Ansible."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fleet.rolesanywhere.plugins.filter import trust_policy as plugin

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what people are warned of."""
    collected: list[str] = []
    monkeypatch.setattr(plugin.Display, "warning", lambda _display, message: collected.append(message))
    return collected


@pytest.fixture
def trust_policy() -> Any:
    return plugin.FilterModule().filters()["trust_policy"]


@pytest.mark.parametrize("anchors", [ANCHOR, [ANCHOR], (ANCHOR,)])
def test_one_anchor_or_several(trust_policy: Any, warnings: list[str], anchors: Any) -> None:
    condition = trust_policy(anchors, subject={"CN": "web1"})["Statement"][0]["Condition"]
    assert condition["ArnEquals"] == {"aws:SourceArn": ANCHOR}
    assert warnings == []


def test_warnings_are_shown(trust_policy: Any, warnings: list[str]) -> None:
    trust_policy([], allow_any_anchor=True, allow_any_certificate=True)
    assert len(warnings) == 2


@pytest.mark.parametrize(
    ("anchors", "options", "message"),
    [
        (ANCHOR, {}, "trust_policy: .*allow_any_certificate"),
        ("", {"subject": {"CN": "x"}}, "trust_policy: '' is not the ARN of a trust anchor"),
        (None, {"subject": {"CN": "x"}}, "trust_policy: .*NoneType"),
        (ANCHOR, {"subjects": {"CN": "x"}}, "trust_policy: .*subjects"),
        (ANCHOR, {"subject": ["CN"]}, "trust_policy: subject: "),
        ([7], {"subject": {"CN": "x"}}, "trust_policy: 7 is not the ARN"),
    ],
)
def test_refusals_are_sentences(trust_policy: Any, anchors: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        trust_policy(anchors, **options)
