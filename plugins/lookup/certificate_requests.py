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
options:
  _terms:
    description: Names of the hosts to collect from.
    type: list
    elements: str
    required: true
  nonce:
    description: The nonce of this run. An order of an earlier run is left alone.
    type: str
    required: true
notes:
  - Setting E(ANSIBLE_INJECT_FACT_VARS) to V(False) keeps facts from overriding variables at all. This lookup
    holds without it.
"""

EXAMPLES = r"""
- name: Collect the requests of the hosts that are due
  ansible.builtin.set_fact:
    pending: "{{ lookup('fleet.rolesanywhere.certificate_requests', groups['rolesanywhere_due'], nonce=run_nonce) }}"
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
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from jinja2 import Environment, TemplateSyntaxError, meta

NAMES = (
    "workload_common_name",
    "workload_organization",
    "workload_organizational_units",
    "workload_dns_names",
    "workload_uris",
)

# What this collection decides by. `ansible_facts` is here because a fact of that name would hide all the others.
OURS = re.compile(r"_*(ca|trust|workload|rolesanywhere|certificate)_.*|inventory_hostname(_short)?|ansible_facts")


def texts(value: object) -> Iterator[str]:
    """Yield every string inside a variable's value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def variables_used(names: tuple[str, ...], variables: Mapping[str, Any]) -> set[str]:
    """Return the names of all variables that the templates behind *names* lead to, themselves included."""
    environment = Environment()  # noqa: S701 - only parsed, never rendered
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for text in texts(variables.get(name)):
            try:
                waiting.extend(meta.find_undeclared_variables(environment.parse(text)))
            except TemplateSyntaxError as error:
                raise AnsibleLookupError(f"The template of {name} cannot be parsed: {error}") from error
    return found


def refusal(facts: Mapping[str, Any], variables: Mapping[str, Any]) -> str | None:
    """Say why the names of a host cannot be trusted, or return None when they come from the inventory alone."""
    used = variables_used(NAMES, variables)
    if "ansible_facts" in used:
        return "is named by its own facts; name it in the inventory"
    shadowing = sorted(fact for fact in facts if fact in used or OURS.fullmatch(fact))
    if shadowing:
        return (
            f"returned facts that would override the inventory ({', '.join(shadowing)}); "
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


class LookupModule(LookupBase):
    """Collect orders and leave out hosts that tried to name themselves."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one dictionary with the requests and with the hosts that were refused."""
        self.set_options(var_options=variables, direct=kwargs)
        nonce = self.get_option("nonce")
        here = variables or {}
        hostvars = here["hostvars"]
        cache = fact_cache(hostvars)
        requests: list[dict[str, Any]] = []
        refused: dict[str, str] = {}
        for host in self._flatten(terms):
            order = hostvars[host].get("__workload_order")
            if order is None or order["nonce"] != nonce:
                continue
            try:
                facts = cache.get(host)
            except KeyError:
                facts = {}
            reason = refusal(facts, {**here, **hostvars.raw_get(host)})
            if reason is None:
                requests.append({key: value for key, value in order.items() if key != "nonce"} | {"host": host})
            else:
                refused[host] = f"{host} gets no certificate: it {reason}."
        return [{"nonce": nonce, "requests": requests, "refused": refused}]
