# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which facts let a host decide in the place of the inventory, and what is collected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.fleet.rolesanywhere.plugins.lookup import certificate_requests
from ansible_collections.fleet.rolesanywhere.plugins.lookup.certificate_requests import LookupModule, refusal

NAMED_BY_INVENTORY = {"workload_common_name": "{{ inventory_hostname }}"}
NAMED_BY_OTHERS = {
    "workload_common_name": "{{ application }}.{{ site | default('here') }}",
    "workload_organizational_units": ["{{ team }}"],
    "team": "{% if group %}{{ group }}{% endif %}",
}


@pytest.mark.parametrize(
    ("facts", "variables", "shadowing"),
    [
        ({}, NAMED_BY_INVENTORY, []),
        ({"hostname": "web1", "ansible_fqdn": "web1.example.org"}, NAMED_BY_INVENTORY, []),
        ({"workload_common_name": "admin"}, NAMED_BY_INVENTORY, ["workload_common_name"]),
        ({"workload_anything": "x", "trust_x": "x", "ca_x": "x"}, {}, ["ca_x", "trust_x", "workload_anything"]),
        ({"rolesanywhere_role_arn": "x", "certificate_x": "x"}, {}, ["certificate_x", "rolesanywhere_role_arn"]),
        ({"inventory_hostname": "web2"}, NAMED_BY_INVENTORY, ["inventory_hostname"]),
        ({"__workload_order": {}}, NAMED_BY_INVENTORY, ["__workload_order"]),
        ({"ansible_facts": {}}, NAMED_BY_INVENTORY, ["ansible_facts"]),
        ({"application": "shop"}, NAMED_BY_INVENTORY, []),
        ({"application": "shop"}, NAMED_BY_OTHERS, ["application"]),
        ({"site": "there"}, NAMED_BY_OTHERS, ["site"]),
        ({"group": "root"}, NAMED_BY_OTHERS, ["group"]),
    ],
)
def test_facts_that_would_override_the_inventory(
    facts: dict[str, Any], variables: dict[str, Any], shadowing: list[str]
) -> None:
    reason = refusal(facts, variables)
    assert (f"({', '.join(shadowing)})" in str(reason)) if shadowing else reason is None


def test_templates_that_lead_to_each_other_end() -> None:
    variables = {"workload_common_name": "{{ a }}", "a": "{{ b }}", "b": "{{ a }}"}
    assert refusal({}, variables) is None
    assert "(b)" in str(refusal({"b": 1}, variables))


@pytest.mark.parametrize(
    "template",
    [
        "{{ ansible_facts.fqdn }}",
        "{{ hostvars[inventory_hostname]['team'] }}",
        "{{ vars['team'] }}",
        "{{ lookup('vars', 'team') }}",
        "{{ query('ansible.builtin.varnames', 'team') }}",
        "{{ q(plugin, 'team') }}",
        "{{ a",
    ],
)
def test_names_whose_origin_cannot_be_told_are_refused(template: str) -> None:
    assert refusal({}, {"workload_common_name": "{{ alias }}", "alias": template}) is not None


@pytest.mark.parametrize("template", ["{{ groups['x'][0] }}", "{{ lookup('file', '/etc/team') }}", "{{ omit }}"])
def test_what_ansible_sets_itself_and_other_lookups_are_no_detour(template: str) -> None:
    assert refusal({}, {"workload_common_name": template, "groups": {"x": ["{{ vars }}"]}}) is None


class HostVars(dict[str, dict[str, Any]]):
    """As much of ansible-core's HostVars as the lookup touches."""

    def __init__(self, variables: dict[str, dict[str, Any]], facts: dict[str, dict[str, Any]]) -> None:
        super().__init__({**variables, "ca1": {"__workload_nonce": "now"}})
        self._variable_manager = SimpleNamespace(_fact_cache=SimpleNamespace(get=lambda host: facts[host]))

    def raw_get(self, host: str) -> dict[str, Any]:
        """Return the variables as they were loaded."""
        return self[host]


def order(common_name: str, nonce: str = "now") -> dict[str, Any]:
    """Return what the role leaves behind for a host."""
    return {"nonce": nonce, "name": "default", "csr": "PEM", "common_name": common_name}


def collect(hostvars: HostVars) -> dict[str, Any]:
    """Run the lookup over all hosts of the fleet."""
    hosts = [host for host in hostvars if host != "ca1"]
    here = {"hostvars": hostvars, "groups": {"rolesanywhere_ca": ["ca1"]}}
    (answer,) = LookupModule().run([hosts], variables=here)
    return answer


def test_orders_of_this_run_are_collected_under_the_names_of_the_inventory() -> None:
    web1, web2, web3 = order("web1"), order("web2", nonce="yesterday"), {}
    hostvars = HostVars(
        {
            "web1": {"__workload_order": web1, **NAMED_BY_INVENTORY},
            "web2": {"__workload_order": web2, **NAMED_BY_INVENTORY},
            "web3": web3,
        },
        facts={},
    )
    assert collect(hostvars) == {
        "nonce": "now",
        "requests": [{"host": "web1", "name": "default", "csr": "PEM", "common_name": "web1"}],
        "refused": {},
    }


def test_a_host_that_names_itself_is_refused_and_the_others_go_on() -> None:
    hostvars = HostVars(
        {
            "web1": {"__workload_order": {**order("admin"), "host": "web2"}, **NAMED_BY_INVENTORY},
            "web2": {"__workload_order": order("web2"), **NAMED_BY_INVENTORY},
            "web3": {"__workload_order": order("x"), "workload_common_name": "{{ ansible_facts.fqdn }}"},
            "web4": {"__workload_order": "no order at all", **NAMED_BY_INVENTORY},
        },
        facts={
            "web1": {"workload_common_name": "admin"},
            "web2": {"hostname": "web2"},
            "web3": {},
            "web4": {"__workload_order": "no order at all"},
        },
    )
    answer = collect(hostvars)
    assert [request["host"] for request in answer["requests"]] == ["web2"]
    assert set(answer["refused"]) == {"web1", "web3", "web4"}
    assert "(workload_common_name)" in answer["refused"]["web1"]
    assert "named through ansible_facts" in answer["refused"]["web3"]


def test_without_sight_of_the_facts_nothing_is_signed() -> None:
    with pytest.raises(AnsibleLookupError, match="nothing is signed"):
        certificate_requests.fact_cache(SimpleNamespace())
