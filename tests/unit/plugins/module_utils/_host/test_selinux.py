# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The context that an AnsibleModule is asked to set."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.selinux import label_with, no_label

POLICY = ["system_u", "object_r", "etc_t", "s0"]


class Module:
    """What is used of an AnsibleModule, on a machine whose files have the context user_u:object_r:tmp_t:s0."""

    def __init__(self, enabled=True, levels=True):
        self.enabled, self.levels, self.asked = enabled, levels, []

    def selinux_enabled(self):
        return self.enabled

    def selinux_mls_enabled(self):
        return self.levels

    def selinux_default_context(self, _path):
        return POLICY if self.levels else POLICY[:3]

    def set_context_if_different(self, path, context, changed):
        self.asked.append((path, context))
        return changed or any(part is not None for part in context)


def options(**given):
    return {**dict.fromkeys(("seuser", "serole", "setype", "selevel")), **given}


@pytest.mark.parametrize(
    ("given", "is_new", "levels", "context"),
    [
        ({}, True, True, POLICY),
        ({}, True, False, POLICY[:3]),
        ({}, False, True, [None] * 4),
        ({"setype": "cert_t"}, False, True, [None, None, "cert_t", None]),
        ({"setype": "cert_t"}, True, True, ["system_u", "object_r", "cert_t", "s0"]),
        ({"setype": "_default"}, False, True, [None, None, "etc_t", None]),
        ({"selevel": "s0:c1"}, False, True, [None, None, None, "s0:c1"]),
        ({"selevel": "s0:c1"}, False, False, [None, None, None]),
        ({"seuser": "u", "serole": "r", "setype": "t", "selevel": "l"}, True, True, ["u", "r", "t", "l"]),
    ],
)
def test_the_context(given, is_new, levels, context):
    module = Module(levels=levels)
    assert label_with(module, options(**given))("/etc/x", is_new) is any(part is not None for part in context)
    assert module.asked == [("/etc/x", context)]


def test_without_selinux_nothing_is_asked():
    module = Module(enabled=False)
    assert label_with(module, options(setype="cert_t"))("/etc/x", True) is False
    assert module.asked == []
    assert no_label("/etc/x", True) is False
