# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA's modules with a token: what they do, and what each refusal says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.integration.ca.ca_host import PASSPHRASE

from .token_host import KEY, LABEL, PIN, TokenHost, library

BATCH = {"nonce": "n", "requests": []}
USER_PIN_FINAL_TRY, USER_PIN_LOCKED = 0x20000, 0x40000  # PKCS#11 version 2.40, CK_TOKEN_INFO


def keys(host: TokenHost) -> list[str]:
    """List what keys the token holds: class, label and whether they may be read."""
    program = (
        "from pkcs11 import Attribute, ObjectClass\n"
        "for item in session.get_objects():\n"
        "    hidden = item.object_class == ObjectClass.PRIVATE_KEY and (\n"
        "        item[Attribute.SENSITIVE] and not item[Attribute.EXTRACTABLE])\n"
        "    print(item.object_class.name, item.label, 'hidden' if hidden else '', item.id.hex(), sep='|')\n"
    )
    return sorted(in_token(host, program).split("\n")[:-1])


def in_token(host: TokenHost, program: str) -> str:
    """Run a program on the token."""
    command = [sys.executable, *host.tool(program)]
    environment = {**os.environ, "PIN": PIN}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout


def generate(host: TokenHost, label: str = KEY, kind: str = "EC", **options: Any) -> None:
    """Make a key as an administrator of the token does."""
    program = {
        "EC": (
            "from pkcs11.util.ec import encode_named_curve_parameters as curve\n"
            "parameters = {pkcs11.Attribute.EC_PARAMS: curve('secp256r1')}\n"
            "domain = session.create_domain_parameters(pkcs11.KeyType.EC, parameters, local=True)\n"
            f"domain.generate_keypair(store=True, label={label!r}, **{options!r})\n"
        ),
        "RSA": f"session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label={label!r}, **{options!r})\n",
    }
    in_token(host, program[kind])


def test_a_ca_in_four_steps(empty: TokenHost) -> None:
    foretold, made, _checked, kept = empty.four_steps("ca")
    assert foretold["certificate"] is None
    assert kept["certificate"] == made["certificate"]
    assert len(x509.load_pem_x509_crl(made["crl"].encode())) == 0
    private, public = keys(empty)
    assert private.startswith(f"PRIVATE_KEY|{KEY}|hidden|")
    assert public.startswith(f"PUBLIC_KEY|{KEY}||")
    assert private.rpartition("|")[2] == public.rpartition("|")[2] != ""


def test_check_mode_makes_no_key(empty: TokenHost) -> None:
    assert empty.do("ca", check_mode=True)["changed"]
    assert keys(empty) == []
    assert not empty.directory.exists()


def test_certificates_and_crls_in_four_steps(host: TokenHost) -> None:
    requests = [host.request("web1"), host.request("web2")]
    steps = host.four_steps("ca_issue", nonce=host.nonce, requests=requests)
    assert [(step["issued"], step["reused"]) for step in steps] == [(2, 0), (2, 0), (0, 2), (0, 2)]
    host.four_steps("ca_revoke", host="web2")
    _foretold, made, _checked, again = host.four_steps("ca_crl")
    assert (made["number"], made["entries"]) == (2, 1)
    assert again["crl"] == made["crl"]


def test_everything_works_with_the_root_key_away(host: TokenHost) -> None:
    (host.directory / "root" / "private-key.pem").unlink()
    assert not host.do("ca")["changed"]
    assert host.issue(host.request("web1"))["issued"] == 1
    host.do("ca_revoke", host="web1")
    assert host.do("ca_crl")["entries"] == 1


def test_two_at_once_make_one_ca_and_one_key(empty: TokenHost) -> None:
    results = [empty.finish(run) for run in [empty.start("ca") for _ in range(2)]]
    assert sorted(result["changed"] for result in results) == [False, True], results
    assert len({result["certificate"] for result in results}) == 1
    assert len(keys(empty)) == 2


def test_slices_in_parallel_share_one_token(host: TokenHost) -> None:
    slices = [[host.request(f"{part}{number}") for number in range(50)] for part in "abcd"]
    runs = [host.start("ca_issue", nonce=host.nonce, requests=requests) for requests in slices]
    assert [host.finish(run)["issued"] for run in runs] == [50] * 4


def test_a_thousand_certificates_take_one_session_and_one_login(
    host: TokenHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKCS11SPY", host.token["module"])
    monkeypatch.setenv("PKCS11SPY_OUTPUT", str(tmp_path / "calls"))
    requests = [host.request(f"web{number}") for number in range(1000)]
    assert host.issue(*requests, pkcs11={"module": str(library("pkcs11-spy.so"))})["issued"] == 1000
    called = re.findall(r"^\d+: (C_\w+)", (tmp_path / "calls").read_text(), re.MULTILINE)
    assert (called.count("C_OpenSession"), called.count("C_Login")) == (1, 1)
    assert called.count("C_SignInit") == 1 + 1000


@pytest.mark.parametrize("origin", ["value", "path", "environment"])
def test_the_pin_opens_the_token_and_shows_nowhere(
    empty: TokenHost, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_PIN", PIN)
    given = {
        "value": {"pin": PIN, "pin_path": None},
        "path": {},
        "environment": {"pin_environment": "TOKEN_PIN", "pin_path": None},
    }[origin]
    results = [
        empty.do("ca", pkcs11=given),
        empty.issue(empty.request("web1"), pkcs11=given),
        empty.do("ca_crl", pkcs11=given),
    ]
    assert PIN not in str(results)
    for path in (path for path in empty.directory.rglob("*") if path.is_file()):
        assert PIN.encode() not in path.read_bytes()


def test_the_warning_about_a_pin_that_others_may_read_reaches_the_user(host: TokenHost) -> None:
    host.pin_path.chmod(0o640)
    for result in (host.do("ca"), host.issue(), host.do("ca_crl")):
        (warning,) = host.warnings(result)
        assert warning.startswith(f"The PIN file {host.pin_path} is open to others (mode 0640)")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"module": "/nowhere/libhsm.so"},
            "The PKCS#11 library /nowhere/libhsm.so cannot be loaded on this host",
        ),
        ({"token": "fleet2"}, "there is no token with this label"),
        ({"pin": "wrong sesame", "pin_path": None}, ": the PIN is wrong"),
        ({"pin_path": "/nowhere/pin"}, "/nowhere/pin cannot be read: No such file or directory"),
        ({"pin_path": None, "pin": "1234567"}, "option pin is missing or has fewer than 8 characters"),
        ({"key_id": "0g"}, "pkcs11.key_id is '0g': give pairs of hexadecimal digits."),
    ],
    ids=["library", "token", "PIN", "PIN file", "short PIN", "ID"],
)
def test_what_cannot_be_opened_is_one_sentence_and_changes_nothing(
    empty: TokenHost, options: dict[str, Any], sentence: str
) -> None:
    message = empty.fail("ca", pkcs11=options)
    assert sentence in message
    assert "sesame" not in message
    assert not empty.directory.exists()
    assert keys(empty) == []
    empty.do("ca")
    for module, more in (("ca_issue", BATCH), ("ca_crl", {})):
        assert empty.fail(module, **more, pkcs11=options) == message


def test_a_token_does_not_count_for_another_provider(host: TokenHost) -> None:
    for module, more in (("ca", {}), ("ca_issue", BATCH), ("ca_crl", {}), ("ca_revoke", {"host": "web1"})):
        message = host.fail(module, provider="file", **more)
        assert message == "pkcs11 would not count: say provider: pkcs11, or leave it out."


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        (USER_PIN_LOCKED, "its PIN is locked after too many wrong ones: unlock it with the security officer's PIN."),
        (USER_PIN_FINAL_TRY, "one more wrong PIN would lock it: log in by hand with the right one first."),
    ],
)
def test_a_locked_token_is_one_sentence_and_the_last_try_is_left_to_people(
    host: TokenHost, flag: int, sentence: str
) -> None:
    host.raise_flag(flag)
    for module, more in (("ca", {}), ("ca_issue", BATCH), ("ca_crl", {})):
        message = host.fail(module, **more)
        assert message == f"The token {LABEL!r} of {host.token['module']}: {sentence}"


def test_two_tokens_of_one_label_are_told_apart_by_nobody(empty: TokenHost) -> None:
    empty.initialize()
    assert "several tokens have this label" in empty.fail("ca")


def test_without_python_pkcs11_each_module_says_what_to_install(
    empty: TokenHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.do("ca")
    (tmp_path / "pkcs11.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)  # python -m looks here first
    for module, more in (("ca", {}), ("ca_issue", BATCH), ("ca_crl", {})):
        assert empty.fail(module, **more).startswith(f"Install the Python library python-pkcs11 for {sys.executable}")


@pytest.mark.parametrize("missing", ["module", "token", "key", "pin_path"])
def test_what_a_token_needs_is_asked_for(empty: TokenHost, missing: str) -> None:
    message = empty.fail("ca", pkcs11={missing: None})
    assert missing in message
    assert message.endswith(" found in pkcs11")


def test_a_key_that_is_there_is_taken_only_on_demand(empty: TokenHost) -> None:
    generate(empty, id=b"\x01")
    message = empty.fail("ca")
    assert message.startswith(f"There is a private key {KEY!r} in the token {LABEL!r} already")
    assert not empty.directory.exists()
    steps = empty.four_steps("ca", allow_existing_key=True)
    assert len(keys(empty)) == 2
    assert steps[3]["certificate"] == steps[1]["certificate"]
    assert empty.issue(empty.request("web1"))["issued"] == 1


def test_an_rsa_key_that_is_there_is_taken_without_an_id(empty: TokenHost) -> None:
    for label in (KEY, "another one without an ID"):
        generate(empty, label, "RSA")
    assert empty.do("ca", key_type="RSA-2048", allow_existing_key=True)["changed"]
    assert empty.issue(empty.request("web1"))["issued"] == 1


@pytest.mark.parametrize(
    ("kind", "wanted", "sentence"),
    [
        ("EC", "ECDSA-P384", "is ECDSA-P256 instead of ECDSA-P384"),
        ("EC", "RSA-2048", "is ECDSA instead of RSA-2048"),
        ("RSA", "ECDSA-P256", "is RSA instead of ECDSA-P256"),
        ("RSA", "RSA-3072", "is RSA-2048 instead of RSA-3072"),
    ],
)
def test_a_key_of_the_wrong_type_makes_no_ca(empty: TokenHost, kind: str, wanted: str, sentence: str) -> None:
    generate(empty, kind=kind)
    assert sentence in empty.fail("ca", key_type=wanted, allow_existing_key=True)
    assert not empty.directory.exists()


def test_two_keys_of_one_label_are_told_apart_by_their_id(empty: TokenHost) -> None:
    for number in (b"\x01", b"\x02"):
        generate(empty, id=number)
    message = empty.fail("ca", allow_existing_key=True)
    assert message.startswith(f"There are 2 private keys {KEY!r} in the token {LABEL!r}: say with pkcs11.key_id")
    empty.do("ca", allow_existing_key=True, pkcs11={"key_id": "02"})
    assert "There are 2 private keys" in empty.fail("ca_crl")
    assert "does not belong to" in empty.fail("ca_crl", pkcs11={"key_id": "01"})
    assert empty.issue(empty.request("web1"), pkcs11={"key_id": "02"})["issued"] == 1


def test_the_key_gets_the_id_that_was_given(empty: TokenHost) -> None:
    empty.do("ca", pkcs11={"key_id": "0A0b"})
    assert [key.rpartition("|")[2] for key in keys(empty)] == ["0a0b", "0a0b"]
    assert empty.issue(empty.request("web1"), pkcs11={"key_id": "0a0b"})["issued"] == 1


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_another_key_than_the_certificates_signs_nothing(host: TokenHost, kind: str) -> None:
    generate(host, "other", kind)
    for module, more in (("ca", {}), ("ca_issue", BATCH), ("ca_crl", {})):
        message = host.fail(module, pkcs11={"key": "other"}, **more)
        assert message.startswith(f"The key 'other' in the token {LABEL!r} does not belong to {host.directory}")
        assert "There is no private key 'lost'" in host.fail(module, pkcs11={"key": "lost"}, **more)


def test_a_public_key_that_is_another_ones_makes_no_ca(empty: TokenHost) -> None:
    generate(empty, id=b"\x01")
    generate(empty, "other", id=b"\x02")
    in_token(
        empty,
        "from pkcs11 import Attribute, ObjectClass\n"
        "session.get_key(object_class=ObjectClass.PUBLIC_KEY, id=b'\\1').destroy()\n"
        "session.get_key(object_class=ObjectClass.PUBLIC_KEY, id=b'\\2')[Attribute.ID] = b'\\1'\n",
    )
    assert "do not belong together" in empty.fail("ca", allow_existing_key=True)


def test_a_key_whose_public_half_is_missing_makes_no_ca(empty: TokenHost) -> None:
    generate(empty, id=b"\x01")
    in_token(empty, "session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, id=b'\\1').destroy()\n")
    assert "There are 0 public keys beside the private key" in empty.fail("ca", allow_existing_key=True)


def test_a_ca_that_does_not_come_to_be_leaves_no_key(host: TokenHost) -> None:
    shutil.rmtree(host.directory / "issuing")
    (host.directory / "ledger.sqlite").unlink()
    before = keys(host)
    # Only the root is left, as by a run that was killed; it cannot be opened, which shows when the key has been made.
    message = host.fail("ca", pkcs11={"key": "other"}, passphrase="a wrong passphrase")
    assert "root/private-key.pem cannot be decrypted" in message
    assert keys(host) == before
    assert host.content() == {"root", "root/certificate.pem", "root/private-key.pem"}
    assert host.do("ca", pkcs11={"key": "other"})["changed"]


def test_a_passphrase_is_for_the_root_alone(host: TokenHost) -> None:
    assert host.issue(host.request("web1"), passphrase_path="/nowhere")["issued"] == 1
    pem = (host.directory / "root" / "private-key.pem").read_text()
    assert "ENCRYPTED" in pem
    assert PASSPHRASE not in pem


def test_an_unencrypted_root_needs_a_word(empty: TokenHost) -> None:
    assert "say allow_unencrypted_key: true." in empty.fail("ca", passphrase=None)
    assert keys(empty) == []


def test_a_key_that_may_not_sign_is_one_sentence(empty: TokenHost) -> None:
    generate(empty, kind="RSA", private_template={0x108: False})  # CKA_SIGN
    message = empty.fail("ca", key_type="RSA-2048", allow_existing_key=True)
    assert message.startswith(f"The key {KEY!r} in the token {LABEL!r} does not sign: it may not (CKA_SIGN)")
    assert not empty.directory.exists()


def test_a_roll_over_has_both_keys_in_the_token(host: TokenHost) -> None:
    following = {"key": "Issuing CA G2", "previous_key": KEY}
    names = {"common_name": "Issuing CA G2", "passphrase": PASSPHRASE}

    def sign(host_name: str, authority: str) -> None:
        host.issue(host.request(host_name), pkcs11=following)
        host.do("ca_revoke", host=host_name)
        done = host.do("ca_crl", pkcs11=following, authority=authority)
        assert (done["changed"], done["entries"]) == (True, 1)

    assert "There is a private key" in host.fail("ca_rollover", state="prepared", **names)
    host.four_steps("ca_rollover", state="prepared", pkcs11=following, **names)
    assert len(keys(host)) == 4
    assert not (host.directory / "next/private-key.pem").exists()
    sign("web1", "issuing")
    host.four_steps("ca_rollover", state="switched", pkcs11=following, **names)
    sign("web2", "issuing")
    assert host.do("ca_crl", pkcs11=following, authority="previous")["entries"] == 1
    host.four_steps("ca_rollover", state="finished", pkcs11=following, **names)
    assert host.issue(host.request("web3"), pkcs11={"key": "Issuing CA G2"})["issued"] == 1
