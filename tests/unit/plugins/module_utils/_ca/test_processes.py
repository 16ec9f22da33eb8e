# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work is shared among processes, none of which is left behind."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import time

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import processes
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError

ITEMS = list(range(4 * processes.SMALLEST_SHARE))


@pytest.fixture(autouse=True)
def _no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("count", "items", "used"),
    [
        (1, ITEMS, 1),
        (2, ITEMS, 2),
        (3, ITEMS, 3),
        (9, ITEMS, 4),
        (4, ITEMS[: 3 * processes.SMALLEST_SHARE - 1], 2),
        (4, ITEMS[: 2 * processes.SMALLEST_SHARE - 1], 1),
        (4, [], 1),
    ],
)
def test_every_item_is_worked_on_once_and_the_results_come_in_order(count, items, used):
    results = processes.share(lambda some: [(item, os.getpid()) for item in some], items, count)
    assert [item for item, _process in results] == items
    assert len({process for _item, process in results} | {os.getpid()}) == used


@pytest.mark.parametrize("bad", [ITEMS[0], ITEMS[-1]], ids=["here", "in the other process"])
def test_an_error_is_raised_where_the_work_was_wanted(bad):
    def refuse(some):
        if bad in some:
            raise AuthorityError(f"{bad} is refused.")
        return list(some)

    with pytest.raises(AuthorityError, match=f"^{bad} is refused.$"):
        processes.share(refuse, ITEMS, 2)


def test_a_process_that_is_killed_is_one_sentence():
    this = os.getpid()

    def die(some):
        if os.getpid() != this:
            os.kill(os.getpid(), signal.SIGKILL)
        return list(some)

    with pytest.raises(AuthorityError, match="was killed, perhaps for want of memory: nothing was issued, run again"):
        processes.share(die, ITEMS, 2)


def test_as_many_processors_count_as_this_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, [min(before)])
        assert processes.available() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert processes.available() == len(before)


def test_no_helper_outlives_a_module_that_is_killed():
    """The end of a pipe tells: it comes when the last process that was forked from here has ended."""
    reader, writer = os.pipe()
    module = os.fork()
    if module == 0:

        def work(some):
            if os.getpid() == module_itself:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.2)  # the module has been killed by now
            return ["x" * 1000 for _item in some]

        module_itself = os.getpid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the helper says that nobody listens
        processes.share(work, ITEMS, 3)
    os.close(writer)
    assert os.waitstatus_to_exitcode(os.waitpid(module, 0)[1]) == -signal.SIGKILL
    ended, _writable, _failed = select.select([reader], [], [], 30)
    assert ended
    assert os.read(reader, 1) == b""
    os.close(reader)
