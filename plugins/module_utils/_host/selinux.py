# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux contexts as Ansible's file modules set them: the policy's for what is new, and what was asked for."""

from __future__ import annotations

from typing import Any, Callable, Mapping

OPTIONS = ("seuser", "serole", "setype", "selevel")
FROM_POLICY = "_default"

# Gives a path its context and tells whether it had another one; the second argument tells whether it is new.
Label = Callable[[str, bool], bool]


def no_label(_path: str, _is_new: bool) -> bool:
    """Leave the context alone."""
    return False


def label_with(module: Any, options: Mapping[str, str | None]) -> Label:
    """Return what labels paths through an AnsibleModule, which only says what would change in check mode."""
    wanted = [options[name] for name in OPTIONS]

    def label(path: str, is_new: bool) -> bool:
        if not module.selinux_enabled():
            return False
        parts = wanted if module.selinux_mls_enabled() else wanted[:3]
        policy = module.selinux_default_context(path)
        context = [_part(part, default, is_new) for part, default in zip(parts, policy)]
        return bool(module.set_context_if_different(path, context, False))

    return label


def _part(wanted: str | None, default: str | None, is_new: bool) -> str | None:
    return default if wanted == FROM_POLICY or (wanted is None and is_new) else wanted
