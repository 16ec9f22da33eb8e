# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ca."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from .ca_host import PASSPHRASE, CaHost

NAMES = {"common_name": "Issuing CA G1", "root_common_name": "Root"}


def test_four_steps(empty: CaHost) -> None:
    foretold, made, _checked, kept = empty.four_steps("ca", **NAMES, organization="Example", allow_unencrypted_key=True)
    assert foretold["certificate"] is None
    assert {member: foretold[member] for member in ("subject", "certificate_path", "diff")} == {
        member: made[member] for member in ("subject", "certificate_path", "diff")
    }
    certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
    root = x509.load_pem_x509_certificate(made["root_certificate"].encode())
    certificate.verify_directly_issued_by(root)
    assert Path(made["certificate_path"]).read_text() == made["certificate"]
    assert made["serial"] == f"{certificate.serial_number:032x}"
    assert made["subject"] == certificate.subject.rfc4514_string() == "CN=Issuing CA G1,O=Example"
    assert made["not_after"] == f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    crl = x509.load_pem_x509_crl(made["crl"].encode())
    assert len(crl) == 0
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
    assert {**made, "changed": False, "diff": kept["diff"]} == kept
    assert kept["diff"]["before"] == kept["diff"]["after"] == made["diff"]["after"]


@pytest.mark.parametrize("origin", ["value", "path", "environment"])
def test_the_passphrase_opens_the_key_and_shows_nowhere(empty: CaHost, tmp_path: Path, origin: str) -> None:
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\n")
    given = {
        "value": {"passphrase": PASSPHRASE},
        "path": {"passphrase_path": str(path)},
        "environment": {"passphrase_environment": "CA_PASSPHRASE"},
    }[origin]
    made = empty.make(**given)
    assert PASSPHRASE not in str(made)
    issued = empty.issue(empty.request("web1"), **given)
    assert issued["issued"] == 1
    assert PASSPHRASE not in str(issued)
    for file in (path for path in empty.directory.rglob("*") if path.is_file()):
        assert PASSPHRASE.encode() not in file.read_bytes()


def test_the_warning_about_a_passphrase_that_others_may_read_reaches_the_user(empty: CaHost, tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o640)
    given = {"passphrase_path": str(path)}
    for result in (empty.make(**given), empty.issue(**given), empty.do("ca_crl", **given)):
        (warning,) = empty.warnings(result)
        assert warning.startswith(f"The passphrase file {path} is open to others (mode 0640)")


@pytest.mark.parametrize("module", ["ca_issue", "ca_crl"])
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"passphrase": "wrong horse"}, "the passphrase is wrong or the file is damaged."),
        ({}, "is encrypted: give its passphrase."),
    ],
)
def test_a_wrong_passphrase_is_one_sentence(empty: CaHost, module: str, given: dict[str, str], sentence: str) -> None:
    empty.make(passphrase=PASSPHRASE)
    # The CRL is fresh: it needs no signature today, and says all the same what it will lack when it does.
    options = {"nonce": "n", "requests": []} if module == "ca_issue" else {}
    message = empty.fail(module, **options, **given)
    assert message.endswith(sentence)
    assert "issuing/private-key.pem" in message
    assert "horse" not in message


def test_openssl_reads_the_encrypted_key(empty: CaHost) -> None:
    empty.make(passphrase=PASSPHRASE)
    read = ["openssl", "pkey", "-noout", "-in", empty.directory / "issuing" / "private-key.pem", "-passin"]
    assert subprocess.run([*read, f"pass:{PASSPHRASE}"], check=False).returncode == 0
    assert subprocess.run([*read, "pass:wrong"], check=False, capture_output=True).returncode != 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "say allow_unencrypted_key: true."),
        ({"allow_unencrypted_key": True, "common_name": "Example, Inc."}, "that STS refuses in session tags"),
        ({"allow_unencrypted_key": True, "validity": 0}, "validity is 0 days: give 1 to 36500."),
        ({"allow_unencrypted_key": True, "root_validity": 10**9}, "root_validity is 1000000000 days: give 1 to 36500."),
        ({"passphrase_environment": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE for the passphrase is missing"),
    ],
)
def test_what_makes_no_ca_leaves_nothing(empty: CaHost, options: dict[str, object], sentence: str) -> None:
    assert sentence in empty.fail("ca", **{**NAMES, **options})
    assert empty.content() == set()


def test_another_ca_is_refused(host: CaHost) -> None:
    message = host.fail("ca", common_name="Issuing CA G2", root_common_name="Root", allow_unencrypted_key=True)
    assert "is another one, its issuing CA is CN=Issuing CA G1 instead of CN=Issuing CA G2" in message


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("ca_issue", {"nonce": "n", "requests": []}),
        ("ca_revoke", {"host": "web1"}),
        ("ca_crl", {}),
        ("ca_info", {}),
    ],
)
@pytest.mark.parametrize("folder_exists", [True, False])
def test_only_ca_makes_a_ca(empty: CaHost, module: str, options: dict[str, object], folder_exists: bool) -> None:
    if folder_exists:
        empty.directory.mkdir()
    assert empty.fail(module, **options) == (
        f"There is no CA in {empty.directory}: make one with the module fleet.rolesanywhere.ca."
    )
    assert empty.directory.exists() is folder_exists
    assert empty.content() == set()


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("ca", {"common_name": "A", "root_common_name": "B"}),
        ("ca_issue", {"nonce": "n", "requests": []}),
        ("ca_revoke", {"host": "web1"}),
        ("ca_crl", {}),
        ("ca_info", {}),
    ],
)
def test_without_cryptography_each_module_says_what_to_install(
    empty: CaHost, module: str, options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cryptography.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)  # python -m looks here first
    assert empty.fail(module, **options) == (
        f"Install the Python library cryptography 43.0 or newer for {sys.executable}: it is missing."
    )
    assert not empty.directory.exists()


def test_two_at_once_make_one_ca(empty: CaHost) -> None:
    runs = [empty.start("ca", **NAMES, allow_unencrypted_key=True) for _ in range(2)]
    results = [empty.finish(run) for run in runs]
    assert sorted(result["changed"] for result in results) == [False, True]
    assert len({result["certificate"] for result in results}) == 1


def test_everything_works_with_the_root_key_away(host: CaHost) -> None:
    (host.directory / "root" / "private-key.pem").unlink()
    assert host.issue(host.request("web1"))["issued"] == 1
    assert host.do("ca_revoke", host="web1")["changed"]
    assert host.do("ca_crl")["entries"] == 1
    assert not host.make()["changed"]


def test_the_warning_about_a_short_root_reaches_the_user(empty: CaHost) -> None:
    (warning,) = empty.warnings(empty.make(root_validity=10, validity=20))
    assert warning.startswith("The issuing CA ends with its root on ")
