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
    """Let the host lose its key and its certificate."""
    shutil.rmtree(fleet.root("web01") / "etc", ignore_errors=True)


def serials(fleet: Fleet) -> list[str]:
    """Return the serial numbers in the ledger, the oldest first; none of them has expired or is revoked."""
    with sqlite3.connect(fleet.root("ca1") / "ca/ledger.sqlite") as ledger:
        return [serial for (serial,) in ledger.execute("SELECT serial FROM certificates ORDER BY rowid")]


def test_a_fourth_certificate_is_refused_and_workload_force_gives_it(make_fleet: Callable[[int], Fleet]) -> None:
    fleet = make_fleet(1)
    for _time in range(3):
        forget(fleet)
        assert fleet.play("rollout").status == 0
    three = serials(fleet)
    assert len(three) == 3

    forget(fleet)
    for way in ("rollout", ROLE):
        refused = fleet.play(way).failures()["web01"]
        assert refused.startswith("The workload default of web01 has 3 unexpired certificates already")
        assert all(serial in refused for serial in three)
    assert serials(fleet) == three

    for number, way in ((4, "rollout"), (5, ROLE)):
        forget(fleet)
        run = fleet.play(way, "-e", '{"workload_force": true}')
        assert run.status == 0, run.text
        assert len(serials(fleet)) == number
        assert fleet.serial("web01") == serials(fleet)[-1]
