# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that never keeps what it gets has three certificates and no more, unless somebody says so."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable

from .fleet import Fleet

ROLE = [{"hosts": "rolesanywhere_fleet", "gather_facts": False, "roles": ["fleet.rolesanywhere.workload"]}]


def forget(fleet: Fleet) -> None:
    """Let all hosts lose their keys and their certificates."""
    for host in fleet.hosts:
        shutil.rmtree(fleet.root(host) / "etc", ignore_errors=True)


def serials(fleet: Fleet, host: str) -> list[str]:
    """Return a host's serial numbers in the ledger, the oldest first; none of them has expired or is revoked."""
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        rows = ledger.execute("SELECT serial FROM certificates WHERE host = ? ORDER BY rowid", [host])
        return [serial for (serial,) in rows]


def test_a_fourth_certificate_is_refused_and_workload_force_gives_it(make_fleet: Callable[[int], Fleet]) -> None:
    fleet = make_fleet(2)
    for _time in range(3):
        forget(fleet)
        assert fleet.play("rollout").status == 0
    three = serials(fleet, "web01")
    assert len(three) == 3

    forget(fleet)
    for way in ("rollout", ROLE):
        refused = fleet.play(way).failures()["web01"]
        assert refused.startswith("The workload default of web01 has 3 unexpired certificates already")
        assert all(serial in refused for serial in three)
    assert serials(fleet, "web01") == three

    # Said of one host, it counts for that host alone.
    fleet.host_variables["web01"]["workload_force"] = True
    for number, way in ((4, "rollout"), (5, ROLE)):
        forget(fleet)
        run = fleet.play(way)
        assert list(run.failures()) == ["web02"], run.text
        assert len(serials(fleet, "web01")) == number
        assert fleet.serial("web01") == serials(fleet, "web01")[-1]
    assert len(serials(fleet, "web02")) == 3
