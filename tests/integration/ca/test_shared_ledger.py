# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two controllers share a CA: its ledger lies in DynamoDB."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.emulator.fixtures import REGION, client, emulator, emulator_server
from tests.emulator.server import EmulatorServer

from .ca_host import CaHost

__all__ = ["emulator", "emulator_server"]


class Controller(CaHost):
    """A CA host whose modules are told where the ledger is."""

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(directory)
        keys = {"access_key": "test", "secret_key": "test"}
        self.table = {"table": "fleet", "region": REGION, "endpoint_url": url, **keys}

    def start(self, module: str, /, *, check_mode: bool = False, **options: Any) -> Any:
        """Start a module with the ledger's options."""
        return super().start(module, check_mode=check_mode, **{"ledger": "dynamodb", "dynamodb": self.table, **options})


@pytest.fixture
def first(tmp_path: Path, emulator: EmulatorServer) -> Controller:
    """Return a controller that has no CA yet."""
    return Controller(tmp_path / "first", emulator.url)


@pytest.fixture
def second(first: Controller, tmp_path: Path, emulator: EmulatorServer) -> Controller:
    """Return one more, which has got the folder of the first one's CA."""
    first.make()
    shutil.copytree(first.directory, tmp_path / "second")
    return Controller(tmp_path / "second", emulator.url)


def serials(crl: str) -> set[str]:
    """Read the serial numbers of a CRL."""
    return {f"{entry.serial_number:032x}" for entry in x509.load_pem_x509_crl(crl.encode())}


def test_the_ca_in_four_steps(first: Controller, emulator: EmulatorServer) -> None:
    names = {"common_name": "Issuing CA G1", "root_common_name": "Root", "allow_unencrypted_key": True}
    tables = client(emulator, "dynamodb")
    check, done, checked, kept = (first.do("ca", check_mode=mode, **names) for mode in (True, False, True, False))
    assert [step["changed"] for step in (check, done, checked, kept)] == [True, True, False, False]
    assert check["diff"] == done["diff"]
    assert (done["diff"]["before"]["ledger"], done["diff"]["after"]["ledger"]) == ("sqlite", "dynamodb")
    assert kept["diff"]["before"] == kept["diff"]["after"]
    assert tables.list_tables()["TableNames"] == ["fleet"]
    assert not (first.directory / "ledger.sqlite").exists()
    assert (first.directory / "ledger.dynamodb").stat().st_mode & 0o777 == 0o600


def test_check_mode_makes_no_table(first: Controller, emulator: EmulatorServer) -> None:
    first.make(check_mode=True)
    assert client(emulator, "dynamodb").list_tables()["TableNames"] == []
    assert not first.directory.exists()


def test_names_keys_and_blocks_hold_on_every_controller(first: Controller, second: Controller) -> None:
    order = first.request("web1", common_name="web")
    foretold = first.issue(order, check_mode=True)
    issued = first.issue(order)
    assert (foretold["issued"], issued["issued"]) == (1, 1)
    assert second.issue(order)["reused"] == 1
    taken = second.issue(second.request("web2", common_name="Web"))["certificates"]["web2"]["default"]["refused"]
    assert "belongs to the host web1" in taken
    first.four_steps("ca_revoke", host="web1", reason="key_compromise")
    blocked = second.issue(second.request("web1", common_name="web"))["certificates"]["web1"]["default"]["refused"]
    assert "The host web1 is blocked since" in blocked


def test_the_crl_goes_on_wherever_it_is_made(first: Controller, second: Controller) -> None:
    issued = first.issue(*(first.request(name) for name in ("web1", "web2", "web3")))["certificates"]
    numbers = {name: issued[name]["default"]["serial"] for name in issued}
    first.do("ca_revoke", host="web1")
    made = first.do("ca_crl")
    assert (made["number"], serials(made["crl"])) == (2, {numbers["web1"]})
    # Nothing to do on the second, which has the first one's CRL from now on.
    seen = second.do("ca_crl")
    assert (seen["changed"], seen["crl"], seen["carried_on"]) == (False, made["crl"], [])
    assert (second.directory / "issuing/crl.pem").read_text() == made["crl"]
    second.do("ca_revoke", host="web2")
    foretold, following, _checked, _kept = second.four_steps("ca_crl")
    assert (foretold["entries"], following["number"]) == (2, 3)
    assert serials(following["crl"]) == {numbers["web1"], numbers["web2"]}
    info = first.do("ca_info", revoked=True)
    assert (info["crl"]["number"], info["crl"]["missing"], info["crl"]["unknown"]) == (3, [], [])
    assert {row["serial"] for row in info["certificates"]} == {numbers["web1"], numbers["web2"]}
    assert info["counts"]["issued"] == 3
    assert first.warnings(info) == []
    assert first.make()["crl"] == following["crl"]


def test_runs_side_by_side_make_no_mistake(first: Controller, second: Controller) -> None:
    names = [f"web{number}" for number in range(12)]
    orders = {name: first.request(name) for name in names}
    batches = [names[:8], names[4:], names[:6]]  # each shares some with another
    runs = [
        (controller, controller.start("ca_issue", nonce=controller.nonce, requests=[orders[name] for name in batch]))
        for controller, batch in zip((first, second, first), batches)
    ]
    results = [controller.finish(run) for controller, run in runs]
    assert [result.get("msg") for result in results] == [None] * 3
    assert sum(result["issued"] for result in results) == 12
    assert sum(result["reused"] for result in results) == 8 + 8 + 6 - 12
    info = second.do("ca_info", certificates=True)
    assert info["counts"]["issued"] == 12
    given = {
        (host, answers["default"]["serial"]) for result in results for host, answers in result["certificates"].items()
    }
    assert given == {(row["host"], row["serial"]) for row in info["certificates"]}


def test_a_ca_that_was_in_use_moves_with_all_that_it_knows(first: Controller) -> None:
    file = {"ledger": "sqlite", "dynamodb": None}
    first.make(**file)
    issued = first.issue(first.request("web1"), first.request("web2"), **file)["certificates"]
    first.do("ca_revoke", host="web1", **file)
    crl = first.do("ca_crl", **file)
    assert "The ledger is still the file" in first.fail("ca_issue", nonce="n", requests=[])
    assert first.make()["changed"]
    info = first.do("ca_info", certificates=True)
    assert {row["serial"] for row in info["certificates"]} == {
        answer["default"]["serial"] for answer in issued.values()
    }
    assert (info["counts"]["revoked"], info["crl"]["number"]) == (1, crl["number"])
    assert not first.do("ca_crl")["changed"]
    assert "was moved into the DynamoDB table fleet: say ledger: dynamodb" in first.fail(
        "ca_issue", nonce="n", requests=[], **file
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"endpoint_url": "http://127.0.0.1:9"}, "Amazon DynamoDB could not be asked for DescribeTable"),
        ({"table": "missing"}, "There is no ledger in the DynamoDB table missing: make it with the module ca."),
        ({"profile": "missing"}, "AWS cannot be reached: The config profile (missing) could not be found"),
    ],
)
def test_what_is_wrong_is_one_sentence(first: Controller, wrong: dict[str, Any], sentence: str) -> None:
    first.make()
    keys = () if "profile" in wrong else ("access_key", "secret_key")  # both would contradict each other
    options = {name: value for name, value in first.table.items() if name in ("table", "region", "endpoint_url", *keys)}
    options.update(wrong)
    assert sentence in first.fail("ca_revoke", host="web1", unknown=True, dynamodb=options)


def test_the_keys_of_aws_show_nowhere(first: Controller) -> None:
    options = {**first.table, "secret_key": "a-secret-of-aws"}
    first.make()
    assert "a-secret-of-aws" not in str(first.run("ca_info", dynamodb=options))
