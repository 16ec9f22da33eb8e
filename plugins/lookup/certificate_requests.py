# Copyright: (c) 2026, Contributors to fleet.rolesanywhere
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_requests
author: Contributors to fleet.rolesanywhere (@fleet-rolesanywhere)
version_added: 0.1.0
short_description: Collect the certificate requests of this run, with names that no host could influence
description:
  - Collects what the role P(fleet.rolesanywhere.workload#role) has ordered for each host, so that
    M(fleet.rolesanywhere.ca_issue) can sign it all in one call.
  - The names in an order come from the inventory. Anything that a module returns as C(ansible_facts) overrides
    the inventory, so a compromised host could choose its own name. A host whose facts carry a variable of this
    collection, or one that the templates of its names use, is refused; the other hosts go on.
  - What a playbook itself sets, with C(set_fact) or by registering a result, is taken for the playbook's word.
options:
  _terms:
    description: Names of the hosts to collect from. An order of another run, which has another nonce, is left alone.
    type: list
    elements: str
    required: true
notes:
  - The nonce of the run is the variable C(__workload_nonce) of the first host of the group C(rolesanywhere_ca).
  - Setting E(ANSIBLE_INJECT_FACT_VARS) to V(False) keeps facts from overriding variables at all. This lookup
    holds without it.
"""

EXAMPLES = r"""
- name: Collect the requests of the hosts that are due
  ansible.builtin.set_fact:
    pending: "{{ lookup('fleet.rolesanywhere.certificate_requests', groups['rolesanywhere_due']) }}"
"""

RETURN = r"""
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    nonce:
      description: The nonce of this run.
      type: str
    requests:
      description: The orders, in the form of O(fleet.rolesanywhere.ca_issue#module:requests).
      type: list
      elements: dict
    refused:
      description: Why a host was left out, by host.
      type: dict
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

NAMES = (
    "workload_common_name",
    "workload_organization",
    "workload_organizational_units",
    "workload_dns_names",
    "workload_uris",
)

# What this collection decides by. `ansible_facts` is here because a fact of that name would hide all the others.
OURS = re.compile(r"_*(ca|trust|workload|rolesanywhere|certificate)_.*|inventory_hostname(_short)?|ansible_facts")

# Through these a template reaches any variable, a fact too, without naming it.
DETOURS = {"ansible_facts", "hostvars", "vars"}
LOOKUPS = {"lookup", "query", "q"}
LOOKUPS_OF_VARIABLES = {"vars", "varnames", "ansible.builtin.vars", "ansible.builtin.varnames"}

# ansible-core sets these itself, after all facts.
MAGIC = {"groups", "group_names", "play_hosts", "playbook_dir", "inventory_dir", "inventory_file", "omit", "role_path"}


class Untraceable(Exception):
    """A name whose origin cannot be told."""


def texts(value: object) -> Iterator[str]:
    """Yield every template inside a variable's value."""
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


@lru_cache(maxsize=None)
def variables_in(text: str) -> frozenset[str]:
    """Return the names of the variables that a template uses; raise Untraceable where it may use any."""
    environment = Environment()  # noqa: S701 - only parsed, never rendered
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise Untraceable(f"the template {text!r} cannot be parsed: {error}") from error
    used = meta.find_undeclared_variables(tree)
    for detour in sorted(used & DETOURS):
        raise Untraceable(
            f"it is named through {detour}, which facts can change; name it by variables of the inventory"
        )
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in LOOKUPS:
            plugin = call.args[0] if call.args else None
            if not isinstance(plugin, nodes.Const) or plugin.value in LOOKUPS_OF_VARIABLES:
                raise Untraceable("it is named through a lookup of variables; name it by variables of the inventory")
    return frozenset(used)


def variables_used(names: tuple[str, ...], variables: Mapping[str, Any]) -> set[str]:
    """Return the names of all variables that the templates behind *names* lead to, themselves included."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name in MAGIC or name.startswith("ansible_play_"):
            continue
        found.add(name)
        for text in texts(variables.get(name)):
            waiting.extend(variables_in(text))
    return found


def refusal(facts: Mapping[str, Any], variables: Mapping[str, Any]) -> str | None:
    """Say why the names of a host cannot be trusted, or return None when they come from the inventory alone."""
    try:
        used = variables_used(NAMES, variables)
    except Untraceable as reason:
        return str(reason)
    shadowing = sorted(fact for fact in facts if fact in used or OURS.fullmatch(fact))
    if shadowing:
        return (
            f"it returned facts that would override the inventory ({', '.join(shadowing)}); "
            "find out which module or custom fact on the host returns them"
        )
    return None


def fact_cache(hostvars: Any) -> Any:
    """Return what hosts have returned as facts, as ansible-core holds it: a host's variables could hide one."""
    try:
        return hostvars._variable_manager._fact_cache
    except AttributeError as error:
        raise AnsibleLookupError(
            "The facts that hosts returned cannot be read with this version of ansible-core, so nothing is signed."
        ) from error


def facts_of(host: str, cache: Any) -> Mapping[str, Any]:
    """Return the facts that a host has returned."""
    try:
        facts: Mapping[str, Any] = cache.get(host)
    except KeyError:
        return {}
    return facts


class LookupModule(LookupBase):
    """Collect orders and leave out hosts that tried to name themselves."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **_kwargs: Any) -> list[Any]:
        """Return one dictionary with the requests and with the hosts that were refused."""
        here = variables or {}
        hostvars = here["hostvars"]
        nonce = hostvars[here["groups"]["rolesanywhere_ca"][0]].get("__workload_nonce", "")
        cache = fact_cache(hostvars)
        requests: list[dict[str, Any]] = []
        refused: dict[str, str] = {}
        for host in self._flatten(terms):
            if "__workload_order" not in hostvars[host]:
                continue
            reason = refusal(facts_of(host, cache), {**here, **hostvars.raw_get(host)})
            if reason:
                refused[host] = f"{host} gets no certificate: {reason}."
                continue
            order = dict(hostvars[host]["__workload_order"])
            if order.pop("nonce") == nonce:
                requests.append({**order, "host": host})
        return [{"nonce": nonce, "requests": requests, "refused": refused}]
