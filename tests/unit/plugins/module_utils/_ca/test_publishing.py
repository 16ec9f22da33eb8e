# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time publishes, and one that was killed does not keep the others waiting for long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import publishing
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError


@pytest.fixture
def clock(workshop, monkeypatch):
    """Return a clock that goes a minute ahead with each pause."""

    class Clock:
        now = workshop.now

        def __call__(self):
            return self.now

        def sleep(self, _seconds):
            self.now += timedelta(minutes=1)

    clock = Clock()
    monkeypatch.setattr(publishing.time, "sleep", clock.sleep)
    return clock


def test_a_run_waits_for_one_that_was_killed(workshop, book, clock):
    publishing.take_lease(book, "killed", clock)
    publishing.take_lease(book, "next", clock)
    assert clock.now - workshop.now == publishing.PERIOD
    assert book.publishing_lease() == ("next", "2026-11-20T10:10:00Z")


def test_a_run_that_is_done_keeps_nobody_waiting(workshop, book, clock):
    publishing.take_lease(book, "first", clock)
    publishing.give_lease_back(book, "first")
    publishing.take_lease(book, "next", clock)
    assert clock.now == workshop.now


def test_a_run_that_was_too_slow_does_not_give_back_the_next_ones(book, clock):
    publishing.take_lease(book, "slow", clock)
    publishing.take_lease(book, "next", clock)
    publishing.give_lease_back(book, "slow")
    assert book.publishing_lease().holder == "next"


def test_a_run_that_makes_a_second_crl_has_the_lease_for_longer(workshop, book, clock):
    publishing.take_lease(book, "first", clock)
    clock.sleep(1)
    publishing.take_lease(book, "first", clock)
    assert book.publishing_lease() == ("first", "2026-11-20T10:06:00Z")


def test_a_run_gives_up_when_others_go_on_and_on(workshop, book, clock, monkeypatch):
    def renew(_seconds):
        clock.now += timedelta(minutes=1)
        publishing.take_lease(book, "other", clock)

    publishing.take_lease(book, "other", clock)
    monkeypatch.setattr(publishing.time, "sleep", renew)
    with pytest.raises(AuthorityError, match="publishing CRLs for 15 minutes: let them end"):
        publishing.take_lease(book, "first", clock)
    assert book.publishing_lease().holder == "other"
