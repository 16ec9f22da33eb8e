# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter and the test hand over to the pure function, and its refusals to Ansible."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.fleet.rolesanywhere.plugins.filter.trust_policy_faults import FilterModule
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws import trust_policies
from ansible_collections.fleet.rolesanywhere.plugins.test.trust_policy import TestModule as JinjaTests

ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/4e5a2f6c-7c5b-4d7a-9a4c-0a1b2c3d4e5f"
GOOD = trust_policies.build([ANCHOR], subject={"OU": "web"}).document
ANY_ANCHOR = trust_policies.build([], subject={"OU": "web"}, allow_any_anchor=True).document
ONLY_NAMES = [{"certificate_field": "x509Subject", "mapping_rules": [{"specifier": "CN"}]}]

faults = FilterModule().filters()["trust_policy_faults"]
is_good = JinjaTests().tests()["trust_policy"]


@pytest.mark.parametrize(
    ("policy", "options", "count"),
    [(GOOD, {}, 0), (ANY_ANCHOR, {}, 1), (GOOD, {"attribute_mappings": ONLY_NAMES}, 1)],
)
def test_faults_are_listed_and_a_policy_without_any_is_good(policy: Any, options: dict[str, Any], count: int) -> None:
    assert len(faults(policy, **options)) == count
    assert is_good(policy, **options) is (count == 0)


@pytest.mark.parametrize(
    ("policy", "options", "message"),
    [
        (None, {}, "This is not a trust policy"),
        (GOOD, {"mappings": []}, "mappings"),
        (GOOD, {"attribute_mappings": 7}, "attribute_mappings: give them as profile_info returns them"),
    ],
)
def test_refusals_are_sentences(policy: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"trust_policy_faults: .*{message}"):
        faults(policy, **options)
    with pytest.raises(AnsibleFilterError, match=f"trust_policy: .*{message}"):
        is_good(policy, **options)
