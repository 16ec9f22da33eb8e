# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a workload lives, and the names that could lead elsewhere."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.workload import workload


def test_the_places_of_a_workload():
    place = workload("/etc/rolesanywhere", "web")
    assert place.path == "/etc/rolesanywhere/web"
    assert place.current == "/etc/rolesanywhere/web/current"
    assert place.version("4b1f") == "/etc/rolesanywhere/web/versions/4b1f"
    assert place.pending_key == "/etc/rolesanywhere/web/pending/private-key.pem"
    assert place.lock == "/etc/rolesanywhere/web/lock"


@pytest.mark.parametrize(
    "directory", ["", "/", "etc", "./etc", "/etc/", "//etc", "/etc//x", "/etc/../x", "/etc/.", "/a b", "/a\n", "/a$b"]
)
def test_a_directory_that_is_none_is_refused(directory):
    with pytest.raises(HostError, match="directory is "):
        workload(directory, "web")


@pytest.mark.parametrize("name", ["", ".", "..", ".web", "a/b", "a b", "web\n", "-web", "a" * 65, "é"])
def test_a_name_that_is_no_directorys_is_refused(name):
    with pytest.raises(HostError, match="name is "):
        workload("/etc/rolesanywhere", name)
