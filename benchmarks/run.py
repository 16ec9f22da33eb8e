# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is fast, measured beside what people would use instead and beside the floor.

Prints a table and writes benchmarks/results.json. Both sides of a ratio are taken in turn in one run, and each figure
is the median of its rounds: the machine may be noisy, the ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from tests.emulator.server import start

from . import issue
from .fleet import Fleet
from .ledger import BATCH, REVOKED, FilledLedger

HERE = Path(__file__).resolve().parent
Seconds = dict[str, list[float]]


def measure_issuing(work: Path, rounds: int, count: int) -> tuple[Seconds, float]:
    """Time one ca_issue call beside the bare loop, in turn; return also the megabytes of the task's largest process."""
    authority = issue.Authority(work / "ca")
    requests = issue.make_requests(count)
    seconds: Seconds = {"floor": [], "ca_issue": [], "ca_issue task": []}
    megabytes = []
    for _ in range(rounds):
        seconds["floor"].append(issue.time_floor(authority, requests))
        seconds["ca_issue"].append(issue.time_issuing(authority.renew(), requests))
        task = issue.measure_task(authority, requests, work)
        seconds["ca_issue task"].append(task.seconds)
        megabytes.append(task.megabytes)
    return seconds, max(megabytes)


def measure_ledgers(work: Path, rounds: int, count: int) -> Seconds:
    """Time the modules of the CA with a large ledger beside a small one, in turn."""
    ledgers = {"large": FilledLedger(work / "large", count), "small": FilledLedger(work / "small", REVOKED)}
    seconds: Seconds = {f"{what}, {size}": [] for what in ("ca_issue", "ca_crl", "ca_info") for size in ledgers}
    for _ in range(rounds):
        requests = issue.make_requests(BATCH)
        for size, ledger in ledgers.items():
            seconds[f"ca_issue, {size}"].append(ledger.time_issuing(requests))
            seconds[f"ca_crl, {size}"].append(ledger.time_crl())
            seconds[f"ca_info, {size}"].append(ledger.time_info())
    return seconds


def measure_roll_outs(work: Path, rounds: int, hosts: int) -> Seconds:
    """Time our roll-out beside the peer's and beside a ping, in turn; seconds a host."""
    server = start()
    try:
        fleet = Fleet(work, server.url, hosts)
        seconds: Seconds = {"first": [], "peer first": [], "no change": [], "peer no change": [], "ping": []}
        for _ in range(rounds):
            fleet.forget()
            seconds["first"].append(fleet.roll_out())
            seconds["peer first"].append(fleet.roll_out_as_peer())
            seconds["no change"].append(fleet.roll_out())
            seconds["peer no change"].append(fleet.roll_out_as_peer())
            seconds["ping"].append(fleet.ping())
        return seconds
    finally:
        server.stop()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=50, help="hosts of the roll-outs")
    parser.add_argument("--certificates", type=int, default=1_000_000, help="certificates in the large ledger")
    parser.add_argument("--requests", type=int, default=10_000, help="requests of one ca_issue call")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "issue").mkdir()
        (work / "ledger").mkdir()
        (work / "fleet").mkdir()
        issuing, megabytes = measure_issuing(work / "issue", arguments.rounds, arguments.requests)
        keeping = measure_ledgers(work / "ledger", 3 * arguments.rounds, arguments.certificates)
        rolling = measure_roll_outs(work / "fleet", arguments.rounds, arguments.hosts)
    rate = {what: arguments.requests / statistics.median(times) for what, times in issuing.items()}
    book = {what: statistics.median(times) for what, times in keeping.items()}
    host = {what: statistics.median(times) for what, times in rolling.items()}
    ratios = {
        "ca_issue_rate_over_floor": rate["ca_issue"] / rate["floor"],
        "ca_issue_task_rate_over_floor": rate["ca_issue task"] / rate["floor"],
        "ca_issue_large_ledger_slowdown": book["ca_issue, large"] / book["ca_issue, small"],
        "ca_crl_large_ledger_slowdown": book["ca_crl, large"] / book["ca_crl, small"],
        "rollout_no_change_speedup_over_peer": host["peer no change"] / host["no change"],
        "rollout_no_change_over_ping": host["no change"] / host["ping"],
        "rollout_first_speedup_over_peer": host["peer first"] / host["first"],
    }
    print(f"One ca_issue call of {arguments.requests} requests, certificates a second")
    for what, figure in rate.items():
        print(f"  {what:<40}{figure:>10.0f}")
    print(f"  {'largest process of the task, megabytes':<40}{megabytes:>10.0f}")
    print(
        f"Ledgers of {arguments.certificates} and {REVOKED} certificates, seconds: ca_issue of {BATCH} requests, "
        f"ca_crl with {REVOKED} entries, ca_info of what ends within a week"
    )
    for what, figure in book.items():
        print(f"  {what:<40}{figure:>10.3f}")
    print(f"Roll-out of {arguments.hosts} hosts with a local connection, seconds a host")
    for what, figure in host.items():
        print(f"  {what:<40}{figure:>10.3f}")
    print("Ratios")
    for what, figure in ratios.items():
        print(f"  {what:<40}{figure:>10.2f}")
    results = {"ratios": ratios, "certificates_a_second": rate, "ledger_seconds": book, "seconds_a_host": host}
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
