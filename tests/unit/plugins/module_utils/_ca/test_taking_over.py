# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA is taken over whole or not at all; what it has left is said in our words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import (
    file,
    ledger,
    openssl_ca,
    taking_over,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.layout import Layout

INDEX = (
    "V\t271120170734Z\t\t1001\tunknown\t/CN=web1\n"
    "R\t271120170734Z\t261120080000Z,superseded\t1002\tunknown\t/O=Example\n"
    "E\t201120170734Z\t\t02\tunknown\t/CN=old\n"
)


@pytest.fixture
def source(authority, tmp_path):
    """Return the files of a CA, which is one of ours with the index of another program."""
    index = tmp_path / "index.txt"
    index.write_text(INDEX)
    return openssl_ca.Source(authority.issuing.certificate, authority.issuing.private_key, index)


def take_over(workshop, directory, source, **options):
    given = {"allow_unencrypted_key": True, "dry_run": False, **options}
    return taking_over.ensure(Layout(directory), source, None, workshop.now, "tester", **given)


def test_rows_without_copies(workshop, source, authority):
    accounts = openssl_ca.read_accounts(source, file.load_certificate(authority.issuing), workshop.now)
    assert [
        (row.serial, row.host, row.common_name, row.subject, row.revoked_at, row.reason) for row in accounts.rows
    ] == [
        ("1001", "web1", "web1", "CN=web1", None, None),
        ("1002", "O=Example", "", "O=Example", "2026-11-20T08:00:00Z", "superseded"),
        ("02", "old", "old", "CN=old", None, None),
    ]
    assert {(row.name, row.issued_by, row.pem, row.not_before) for row in accounts.rows} == {
        ("openssl ca", "openssl ca", "", "")
    }
    assert (accounts.left_out, accounts.unknown, accounts.number, accounts.fault) == ([], {}, 1, None)


@pytest.mark.parametrize("rename", [1, 2])
def test_a_killed_run_is_done_again(workshop, source, tmp_path, monkeypatch, rename):
    directory, genuine, count = tmp_path / "new", Path.rename, iter(range(1, 100))

    def killed(path, target):
        if next(count) == rename:
            os._exit(9)
        return genuine(path, target)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Path, "rename", killed)
        take_over(workshop, directory, source)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (directory / "issuing").exists()
    assert take_over(workshop, directory, source).made
    assert sorted(path.name for path in directory.iterdir()) == ["issuing", "ledger.sqlite"]
    with ledger.opened(directory / "ledger.sqlite") as book:
        assert [row.serial for row in book.of_host("web1")] == ["1001"]


def test_a_ledger_in_which_somebody_has_revoked_since_is_not_made_anew(workshop, source, tmp_path):
    directory = tmp_path / "new"
    take_over(workshop, directory, source)
    with ledger.opened(directory / "ledger.sqlite") as book, book.batch():
        assert not book.has_entries()
        book.revoke(["1001"], workshop.now, "key_compromise", "anna")
    for path in sorted((directory / "issuing").iterdir()):
        path.unlink()
    (directory / "issuing").rmdir()
    with pytest.raises(AuthorityError, match="holds the ledger of a CA whose issuing certificate is gone"):
        take_over(workshop, directory, source)


@pytest.mark.parametrize(
    ("following", "last", "told"), [(0x1005, 0x1004, False), (0x1004, 0x1004, False), (0x1006, 0x1004, True)]
)
def test_a_serial_number_that_was_skipped_is_told(following, last, told):
    sentence = openssl_ca.why_incomplete(following, last)
    assert (sentence is not None) is told
    assert not told or sentence.startswith(
        "The next serial number would be 1006, but the last one in index.txt is 1004:"
    )
