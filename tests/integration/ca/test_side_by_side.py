# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight runs of ca_issue share one ledger with revocations and CRLs, and two of them are killed on the way."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography import x509

from .ca_host import CaHost

RUNS = 8
BATCH = 1_000
REVOKED = ["old1", "old2", "old3"]

# Python imports a module of this name by itself; this one kills its process at a moment of the ledger's transaction.
KILLER = """
import os, signal, sqlite3

class Connection(sqlite3.Connection):
    def execute(self, statement, *values):
        if (statement, {moment!r}) == ("COMMIT", "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = super().execute(statement, *values)
        if (statement, {moment!r}) == ("COMMIT", "after"):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

connect = sqlite3.connect
sqlite3.connect = lambda *arguments, **options: connect(*arguments, factory=Connection, **options)
"""


def killed_at(host: CaHost, moment: str, folder: Path) -> CaHost:
    """Return the same CA host, whose modules are killed just before or after the ledger's commit."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(KILLER.format(moment=moment))
    return CaHost(host.directory, folder)


def answers(*results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Go through the certificates that were given out."""
    for result in results:
        for by_name in result["certificates"].values():
            yield from by_name.values()


def test_nothing_is_lost_or_given_twice(host: CaHost, tmp_path: Path) -> None:
    old = host.issue(*map(host.request, REVOKED))
    batches = [[host.request(f"web{run}-{number}") for number in range(BATCH)] for run in range(RUNS)]
    doomed = {run: killed_at(host, moment, tmp_path / moment) for run, moment in ((2, "before"), (5, "after"))}
    issuing = [
        doomed.get(run, host).start("ca_issue", nonce=host.nonce, requests=requests)
        for run, requests in enumerate(batches)
    ]
    others = [host.start("ca_revoke", host=name) for name in REVOKED] + [host.start("ca_crl") for _ in range(2)]
    for run in doomed:
        output, _errors = issuing[run].communicate(timeout=120)
        assert (issuing[run].returncode, output) == (-signal.SIGKILL, "")
    results = [host.finish(process) for run, process in enumerate(issuing) if run not in doomed]
    others_results = [host.finish(process) for process in others]

    assert [(result.get("issued"), result.get("refused")) for result in results] == [(BATCH, 0)] * (RUNS - 2)
    assert not any(result.get("failed") for result in others_results), others_results
    with closing(sqlite3.connect(host.directory / "ledger.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        in_ledger = dict(connection.execute("SELECT serial, pem FROM certificates"))
    assert len(in_ledger) == len(REVOKED) + BATCH * (RUNS - 1)
    given = {answer["serial"]: answer["certificate"] for answer in answers(old, *results)}
    assert len(given) == len(REVOKED) + BATCH * (RUNS - 2)
    assert given.items() <= in_ledger.items()

    again = {run: host.issue(*batches[run]) for run in doomed}
    counts = {run: (result["issued"], result["reused"], result["refused"]) for run, result in again.items()}
    assert counts == {2: (BATCH, 0, 0), 5: (0, BATCH, 0)}
    unanswered = {serial: pem for serial, pem in in_ledger.items() if serial not in given}
    assert {answer["serial"]: answer["certificate"] for answer in answers(again[5])} == unanswered
    assert {answer["serial"] for answer in answers(again[2])}.isdisjoint(in_ledger)

    crl = x509.load_pem_x509_crl(host.do("ca_crl")["crl"].encode())
    assert {f"{entry.serial_number:032x}" for entry in crl} == {answer["serial"] for answer in answers(old)}
