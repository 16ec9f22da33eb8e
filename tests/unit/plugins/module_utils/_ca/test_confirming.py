# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger learns what is in use, believes a host only for its own certificates, and forgets a dry run."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import confirming, ledger
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.confirming import Use
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.ledger import IssuedCertificate

NOW = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
WEB1, WEB2 = Use("web1", "default", "01"), Use("web2", "default", "02")


@pytest.fixture
def book(tmp_path):
    ledger.create(tmp_path / "ledger.sqlite")
    with ledger.opened(tmp_path / "ledger.sqlite") as book:
        with book.batch():
            book.add(
                IssuedCertificate(use.serial, use.host, use.name, use.host, "CN", *["2026-11-20T10:00:00Z"] * 7)
                for use in (WEB1, WEB2)
            )
        yield book


def test_check_do_check_do(book):
    for dry_run, confirmed in ((True, [WEB1, WEB2]), (False, [WEB1, WEB2]), (True, []), (False, [])):
        outcome = confirming.confirm(book, [WEB1, WEB2], NOW, dry_run=dry_run)
        assert outcome == (confirmed, [])


@pytest.mark.parametrize("use", [Use("web1", "default", "02"), Use("web1", "backup", "01"), Use("web3", "default", "")])
def test_a_host_speaks_for_its_own_certificates(book, use):
    assert confirming.confirm(book, [use, WEB2], NOW, dry_run=False) == ([WEB2], [use])
