# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Share the work of a large batch among the machine's processors.

The library that signs and verifies holds Python's global lock, so threads would only take turns. A forked process has
all that it needs in its memory already, the CA's key included: nothing secret is sent or written anywhere.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Callable, List, Sequence, TypeVar

from .errors import AuthorityError

# Fewer items are done before another process would have begun.
SMALLEST_SHARE = 250

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], List[Result]]


def available() -> int:
    """Count the processors that this process may use; 1 where forking is not known to be safe, which is Linux."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def share(work: Work[Item, Result], items: Sequence[Item], count: int) -> list[Result]:
    """Return what *work* returns for all items, done by at most *count* processes of which this is one.

    :param work: takes some of the items and returns a result for each, which can be pickled. It must not touch what
        cannot be forked, such as the ledger's connection or a token's session.
    :raises AuthorityError: one of the processes came to an end before its work was done.
    """
    count = min(count, len(items) // SMALLEST_SHARE)
    if count < 2:
        return work(items)
    first, *others = _slices(items, count)
    helpers = [_Helper(work, share_of_it) for share_of_it in others]
    try:
        results = work(first)
        for helper in helpers:
            results += helper.results()
    finally:
        for helper in helpers:
            helper.end()
    return results


class _Helper:
    """A process that works on some of the items and ends."""

    def __init__(self, work: Work[Item, Result], items: Sequence[Item]) -> None:
        context = multiprocessing.get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_send, args=(sender, work, items), daemon=True)
        self._process.start()
        sender.close()  # its other copy is the process's own: when that ends, the pipe does

    def results(self) -> list[Result]:
        """Wait for the results."""
        try:
            done: list[Result] | Exception = self._receiver.recv()
        except EOFError:
            raise AuthorityError(
                "A process that helped with this batch was killed, perhaps for want of memory: nothing was issued, "
                "run again."
            ) from None
        if isinstance(done, Exception):
            raise done
        return done

    def end(self) -> None:
        """Leave no process behind, whatever it does at the moment."""
        self._receiver.close()
        self._process.terminate()
        self._process.join()


def _send(sender: Connection, work: Work[Item, Result], items: Sequence[Item]) -> None:
    try:
        done: list[Result] | Exception = work(items)
    except Exception as error:  # noqa: BLE001 - the process that waits raises it
        done = error
    sender.send(done)


def _slices(items: Sequence[Item], count: int) -> Iterator[Sequence[Item]]:
    for number in range(count):
        yield items[len(items) * number // count : len(items) * (number + 1) // count]
