# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that was run by hand with ``openssl ca`` is taken over; the program makes it and judges what comes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.emulator.fixtures import client, emulator, emulator_server
from tests.emulator.server import EmulatorServer
from tests.emulator.tests.issuing import Pair
from tests.integration.aws.workload import Refused, Workload
from tests.integration.fleet.conftest import make_aws_side

from .ca_host import PASSPHRASE, CaHost
from .openssl_ca import OpensslCa

__all__ = ["emulator", "emulator_server"]


@pytest.fixture
def old(tmp_path: Path) -> OpensslCa:
    """Return a CA that has issued to web1, web2, web3 and vpn, and has revoked web2, on its CRL, and web3 since."""
    ca = OpensslCa(tmp_path / "old")
    assert [ca.issue(name) for name in ("web1", "web2", "web3", "vpn")] == ["1001", "1002", "1003", "1004"]
    ca.revoke("1002", "keyCompromise")
    ca.make_crl()
    ca.revoke("1003")
    return ca


def take_over(host: CaHost, old: OpensslCa, *, allow_unencrypted_key: bool = True, **options: Any) -> dict[str, Any]:
    """Run the module."""
    return host.do("ca", allow_unencrypted_key=allow_unencrypted_key, take_over=old.files(), **options)


def refuse(host: CaHost, old: OpensslCa, *, allow_unencrypted_key: bool = True, **files: Any) -> str:
    """Run the module, which must leave nothing at all."""
    files_before = old.content()
    message = host.fail("ca", allow_unencrypted_key=allow_unencrypted_key, take_over=old.files(**files))
    assert not host.directory.exists()
    assert old.content() == files_before
    return message


def revoked(crl: str) -> list[tuple[str, str]]:
    """Read serial numbers and reasons of a CRL."""
    found = []
    for entry in x509.load_pem_x509_crl(crl.encode()):
        reasons = [extension.value.reason.value for extension in entry.extensions]  # type: ignore[attr-defined]
        found.append((f"{entry.serial_number:x}", reasons[0] if reasons else ""))
    return sorted(found)


def number(crl: str) -> int:
    """Read the number of a CRL."""
    extension = x509.load_pem_x509_crl(crl.encode()).extensions.get_extension_for_class(x509.CRLNumber)
    return extension.value.crl_number


def test_four_steps(empty: CaHost, old: OpensslCa) -> None:
    before = old.content()
    options = {"take_over": old.files(), "allow_unencrypted_key": True}
    foretold, done, _checked, kept = empty.four_steps("ca", **options)
    assert foretold["taken_over"] == done["taken_over"] == {"certificates": 4, "revoked": 2, "without_pem": 0}
    assert kept["taken_over"] == {"certificates": 0, "revoked": 0, "without_pem": 0}
    assert foretold["diff"] == done["diff"]
    assert done["diff"]["before"] == {"subject": None, "open_to_others": [], "taken_over": None}
    assert done["diff"]["after"] == {
        "subject": "CN=Old CA,O=Example,C=DE",
        "open_to_others": [],
        "taken_over": done["taken_over"],
    }
    assert kept["diff"]["before"] == kept["diff"]["after"]
    certificate = x509.load_pem_x509_certificate(before["cacert.pem"])
    assert x509.load_pem_x509_certificate(done["certificate"].encode()) == certificate
    assert (done["subject"], done["root_certificate"], done["serial"]) == ("CN=Old CA,O=Example,C=DE", None, "1000")
    assert empty.content() == {
        *("issuing", "issuing/certificate.pem", "issuing/crl.pem", "issuing/private-key.pem", "ledger.sqlite"),
    }
    modes = {path.stat().st_mode & 0o777 for path in empty.directory.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert old.content() == before
    warning, further = empty.warnings(done)
    assert warning.startswith("A trust anchor with CN=Old CA,O=Example,C=DE accepts every certificate that it has ever")
    assert "may sign further CAs" in further
    assert empty.warnings(kept) == []


def test_the_first_crl_has_what_was_revoked_before_and_a_number_above_the_old_ones(
    empty: CaHost, old: OpensslCa
) -> None:
    done = take_over(empty, old)
    assert revoked(done["crl"]) == [("1002", "keyCompromise"), ("1003", "")]
    assert number(done["crl"]) == 0x21  # what the file crlnumber says is next; the old CRL has 0x20


@pytest.mark.parametrize(
    ("files", "following"), [({"crl_number_path": None}, 0x21), ({"crl_path": None}, 0x21), ({}, 0x30)]
)
def test_the_number_is_above_both(empty: CaHost, old: OpensslCa, files: dict[str, None], following: int) -> None:
    if not files:
        (old.directory / "crlnumber").write_text("30\n")
    done = empty.do("ca", allow_unencrypted_key=True, take_over=old.files(**files))
    assert number(done["crl"]) == following


def test_ca_info_knows_everything_and_finds_no_fault(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old)
    info = empty.do("ca_info", host="web2", include_pem=True)
    assert {name: info["counts"][name] for name in ("issued", "valid", "revoked")} == {
        "issued": 4,
        "valid": 2,
        "revoked": 2,
    }
    (found,) = info["certificates"]
    copy = x509.load_pem_x509_certificate((old.directory / "1002.pem").read_bytes())
    assert x509.load_pem_x509_certificate(found["certificate"].encode()) == copy
    assert (found["serial"], found["name"], found["reason"], found["revoked_by"]) == (
        *("1002", "openssl ca", "key_compromise", "openssl ca"),
    )
    assert (info["crl"]["missing"], info["crl"]["unknown"], empty.warnings(info)) == ([], [], [])


def test_a_serial_number_of_any_length_is_revoked_however_it_is_written(empty: CaHost, old: OpensslCa) -> None:
    (old.directory / "serial").write_text("80\n")
    assert old.issue("short") == "80"
    take_over(empty, old)
    for written, serial in (("0x", None), ("10:04", "1004"), ("80", "0080")):
        if serial is None:
            assert "knows no certificate with the serial number 0x" in empty.fail("ca_revoke", serial=written)
        else:
            assert empty.do("ca_revoke", serial=written, reason="superseded")["revoked"] == [serial]
    crl = empty.do("ca_crl")
    assert crl["number"] == 0x22
    assert revoked(crl["crl"]) == [
        *(("1002", "keyCompromise"), ("1003", ""), ("1004", "superseded"), ("80", "superseded")),
    ]
    assert crl["carried_on"] == []
    judge(empty, old, {"1001": True, "1002": False, "1003": False, "1004": False})


def judge(host: CaHost, old: OpensslCa, expected: dict[str, bool]) -> None:
    """Have openssl verify certificates against our CRL."""
    options = ["-x509_strict", "-crl_check", "-CRLfile", host.directory / "issuing/crl.pem", "-CAfile", "cacert.pem"]
    for name, good in expected.items():
        command = ["openssl", "verify", *options, f"{name}.pem"]
        verified = subprocess.run(command, check=False, cwd=old.directory, capture_output=True, text=True, timeout=60)
        assert (verified.returncode == 0) is good, verified.stderr
        assert ("certificate revoked" in verified.stderr) is not good


def test_an_inventory_host_takes_its_name_over_and_loses_all_with_it(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old)
    # The inventory may have another name for it than the common name.
    issued = empty.issue(empty.request("inventory1", common_name="web1"))["certificates"]["inventory1"]["default"]
    (old.directory / "new.pem").write_text(issued["certificate"])
    refused = empty.issue(empty.request("web1"))["certificates"]["web1"]["default"]["refused"]
    assert "belongs to the host inventory1" in refused
    done = empty.do("ca_revoke", host="inventory1")
    assert sorted(done["revoked"]) == sorted(done["serials"]) == sorted(["1001", issued["serial"]])
    assert not empty.do("ca_revoke", host="inventory1")["changed"]
    empty.do("ca_crl")
    judge(empty, old, {"1001": False, "new": False, "1004": True})


def test_a_host_of_the_inventory_that_has_an_old_certificate_is_renewed(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old)
    assert empty.issue(empty.request("web1"))["issued"] == 1
    assert min(empty.do("ca_revoke", host="web1")["revoked"]) == "1001"


def test_an_encrypted_key_is_opened_and_encrypted_again(empty: CaHost, tmp_path: Path) -> None:
    old = OpensslCa(tmp_path / "old", passphrase=PASSPHRASE)
    files = old.files(crl_path=None)
    assert empty.fail("ca", take_over=files).startswith("The CA's keys would lie on disk unencrypted")
    assert empty.fail("ca", take_over=files, passphrase="wrong horse").endswith("or the file is damaged.")
    assert not empty.directory.exists()
    empty.do("ca", take_over=files, passphrase=PASSPHRASE)
    assert empty.issue(empty.request("web1"), passphrase=PASSPHRASE)["issued"] == 1
    key = (empty.directory / "issuing/private-key.pem").read_bytes()
    assert serialization.load_pem_private_key(key, PASSPHRASE.encode())


def test_an_open_key_is_encrypted_on_the_way(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old, allow_unencrypted_key=False, passphrase=PASSPHRASE)
    assert b"ENCRYPTED" in (empty.directory / "issuing/private-key.pem").read_bytes()


def test_the_old_files_may_be_gone_afterwards(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old)
    for path in [path for path in old.directory.rglob("*") if path.is_file()]:
        path.unlink()
    assert not take_over(empty, old)["changed"]


def test_what_openssl_ca_does_afterwards_is_brought_in_with_a_warning(empty: CaHost, old: OpensslCa) -> None:
    take_over(empty, old)
    old.issue("late")
    old.revoke("1001")
    foretold, done, _checked, _again = empty.four_steps("ca", allow_unencrypted_key=True, take_over=old.files())
    assert foretold["taken_over"] == done["taken_over"] == {"certificates": 1, "revoked": 1, "without_pem": 0}
    (warning,) = empty.warnings(done)
    assert warning.startswith("openssl ca has issued 1 and revoked 1 certificates since the CA was taken over")
    assert [serial for serial, _reason in revoked(empty.do("ca_crl")["crl"])] == ["1001", "1002", "1003"]


def test_another_ca_in_the_folder_is_refused(empty: CaHost, old: OpensslCa, tmp_path: Path) -> None:
    take_over(empty, old)
    other = OpensslCa(tmp_path / "other")
    message = empty.fail("ca", allow_unencrypted_key=True, take_over=other.files())
    assert message == (
        f"The CA in {empty.directory} is another one than that of {other.directory}/cacert.pem: give another folder."
    )


def test_with_certificate_and_key_alone_the_ledger_is_empty(empty: CaHost, old: OpensslCa) -> None:
    files = {option: path for option, path in old.files().items() if option in ("certificate_path", "private_key_path")}
    done = empty.do("ca", allow_unencrypted_key=True, take_over=files)
    assert done["taken_over"] == {"certificates": 0, "revoked": 0, "without_pem": 0}
    assert (revoked(done["crl"]), number(done["crl"])) == ([], 1)
    assert any("The ledger knows nothing of what the CA has issued" in warning for warning in empty.warnings(done))


def test_the_old_crl_knows_what_a_lost_index_does_not(empty: CaHost, old: OpensslCa) -> None:
    index = old.directory / "index.txt"
    lines = [line for line in index.read_text().splitlines() if "\t1002\t" not in line]  # the line of web2 is lost
    index.write_text("".join(f"{line}\n" for line in lines).replace("R\t", "R\t", 1))
    done = take_over(empty, old)
    assert revoked(done["crl"]) == [("1002", "keyCompromise"), ("1003", "")]
    assert empty.do("ca_crl", refresh_before=44, next_update=60)["carried_on"] == ["1002"]


def test_a_revocation_that_only_the_crl_has_comes_into_the_ledger(empty: CaHost, old: OpensslCa) -> None:
    index = old.directory / "index.txt"
    index.write_text(
        "".join(
            f"V\t{line.split(chr(9))[1]}\t\t1002\tunknown\t/CN=web2\n" if "\t1002\t" in line else f"{line}\n"
            for line in index.read_text().splitlines()
        )
    )
    assert take_over(empty, old)["taken_over"] == {"certificates": 4, "revoked": 2, "without_pem": 0}
    (found,) = empty.do("ca_info", host="web2")["certificates"]
    assert (found["reason"], found["revoked_by"]) == ("key_compromise", "openssl ca")


def test_without_copies_revoking_works_all_the_same(empty: CaHost, old: OpensslCa) -> None:
    done = empty.do("ca", allow_unencrypted_key=True, take_over=old.files(new_certificates_directory=None))
    assert done["taken_over"] == {"certificates": 4, "revoked": 2, "without_pem": 4}
    info = empty.do("ca_info", host="web1", include_pem=True)
    assert (info["certificates"][0]["certificate"], info["certificates"][0]["subject"]) == (None, "CN=web1,OU=web")
    assert info["shared_keys"] == []
    assert empty.do("ca_revoke", serial="1001")["changed"]
    empty.do("ca_crl")
    judge(empty, old, {"1001": False, "1004": True})


def test_a_serial_file_ahead_of_the_index_is_told(empty: CaHost, old: OpensslCa) -> None:
    (old.directory / "serial").write_text("1010\n")
    warnings = empty.warnings(take_over(empty, old))
    assert any(warning.startswith("The next serial number would be 1010, but the last one") for warning in warnings)


def test_certificates_of_a_former_key_are_left_out(empty: CaHost, old: OpensslCa, tmp_path: Path) -> None:
    other = OpensslCa(tmp_path / "other")
    other.issue("web1")
    (old.directory / "newcerts/1001.pem").write_bytes((other.directory / "newcerts/1001.pem").read_bytes())
    done = take_over(empty, old)
    assert done["taken_over"]["certificates"] == 3
    assert any(
        "1 certificates of index.txt were not signed with the CA's key" in warning for warning in empty.warnings(done)
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"subject": "/O=Example, Inc./CN=Old CA"}, "The CA's subject holds 'Example, Inc.', which STS refuses"),
        ({"extensions": "leaf"}, "is no CA certificate (basicConstraints CA:TRUE is missing)"),
        ({"extensions": "without_identifier"}, "has no subjectKeyIdentifier"),
        ({"digest": "sha1"}, "is not signed with SHA-256, SHA-384 or SHA-512"),
    ],
)
def test_a_ca_that_cannot_serve_roles_anywhere(
    empty: CaHost, tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    assert sentence in refuse(empty, OpensslCa(tmp_path / "old", **options))  # type: ignore[arg-type]


def test_a_ca_that_may_not_sign_crls_issues_without_one(empty: CaHost, tmp_path: Path) -> None:
    old = OpensslCa(tmp_path / "old", extensions="without_crl")
    done = empty.do("ca", allow_unencrypted_key=True, take_over=old.files(crl_path=None))
    assert done["crl"] is None
    assert any("may not sign CRLs" in warning for warning in empty.warnings(done))
    assert empty.issue(empty.request("web1"))["issued"] == 1
    assert "may not sign CRLs (cRLSign is missing)" in empty.fail("ca_crl")


def test_a_ca_that_may_sign_no_further_ca_needs_no_word_about_them(empty: CaHost, tmp_path: Path) -> None:
    old = OpensslCa(tmp_path / "old", extensions="limited")
    done = empty.do("ca", allow_unencrypted_key=True, take_over=old.files(crl_path=None))
    assert len(empty.warnings(done)) == 1


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("index.txt", "V 271120170734Z\t\t1001\tunknown\t/CN=web1\n", "Line 1 of {}/index.txt has 5 fields"),
        ("serial", "no number\n", "{}/serial does not hold a number in hexadecimal"),
        ("crlnumber", "\n", "{}/crlnumber does not hold a number in hexadecimal"),
        ("crl.pem", "no CRL", "{}/crl.pem cannot be taken over: The CRL cannot be read"),
        ("newcerts/1001.pem", "no certificate", "{}/newcerts/1001.pem cannot be taken over: The text is not"),
        ("cakey.pem", "no key", "The private key {}/cakey.pem is damaged."),
        ("cacert.pem", "no certificate", "The CA certificate {}/cacert.pem cannot be read: The text is not"),
    ],
)
def test_a_damaged_file_is_named(empty: CaHost, old: OpensslCa, file: str, content: str, sentence: str) -> None:
    (old.directory / file).write_text(content)
    assert refuse(empty, old).startswith(sentence.format(old.directory))


@pytest.mark.parametrize("file", ["cacert.pem", "cakey.pem", "index.txt", "serial", "crl.pem", "crlnumber"])
def test_a_missing_file_is_named(empty: CaHost, old: OpensslCa, file: str) -> None:
    (old.directory / file).unlink()
    assert refuse(empty, old) == f"{old.directory}/{file} cannot be read: No such file or directory."


def test_files_of_another_ca_are_refused(empty: CaHost, old: OpensslCa, tmp_path: Path) -> None:
    other = OpensslCa(tmp_path / "other", subject="/CN=Other CA")
    other.make_crl()
    for file in ("cakey.pem", "crl.pem"):
        before = (old.directory / file).read_bytes()
        (old.directory / file).write_bytes((other.directory / file).read_bytes())
        message = refuse(empty, old)
        assert ("does not belong to" in message) or ("is not signed by this CA" in message)
        (old.directory / file).write_bytes(before)
    (old.directory / "newcerts/1001.pem").write_bytes((old.directory / "newcerts/1002.pem").read_bytes())
    assert refuse(empty, old) == (
        f"{old.directory}/newcerts/1001.pem is not the certificate of line 2 of {old.directory}/index.txt: "
        "put it right."
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "provider is file but any of the following are missing: common_name, take_over"),
        ({"common_name": "CA"}, "root_common_name is missing: give the root a name, too."),
        ({"take_over": {}}, "missing required arguments: certificate_path, private_key_path"),
    ],
)
def test_names_or_files(empty: CaHost, options: dict[str, Any], sentence: str) -> None:
    assert sentence in empty.fail("ca", **options)


def test_a_name_does_not_go_with_files(empty: CaHost, old: OpensslCa) -> None:
    message = empty.fail("ca", common_name="CA", root_common_name="Root", take_over=old.files())
    assert "mutually exclusive: common_name|take_over" in message


def test_two_at_once_take_it_over_once(empty: CaHost, old: OpensslCa) -> None:
    options = {"allow_unencrypted_key": True, "take_over": old.files()}
    results = [empty.finish(run) for run in [empty.start("ca", **options) for _ in range(2)]]
    assert sorted(result["changed"] for result in results) == [False, True]
    assert empty.do("ca_info")["counts"]["issued"] == 4


def test_the_full_way_to_a_session(empty: CaHost, old: OpensslCa, emulator: EmulatorServer) -> None:
    done = take_over(empty, old)
    found = make_aws_side(emulator, done["certificate"])
    kinds = ("trust_anchor_arn", "profile_arn", "role_arn")
    arns = {kind: found[f"rolesanywhere_{kind}"] for kind in kinds}
    service = client(emulator, "rolesanywhere")
    imported = service.import_crl(
        name="fleet", crlData=done["crl"].encode(), trustAnchorArn=arns["trust_anchor_arn"], enabled=True
    )

    def create_session(certificate: bytes, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
        return Workload(emulator, Pair(x509.load_pem_x509_certificate(certificate), key), **arns).create_session()

    def old_session(serial: str) -> dict[str, str]:
        key = serialization.load_pem_private_key((old.directory / f"{serial}.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return create_session((old.directory / f"newcerts/{serial}.pem").read_bytes(), key)

    new_key = ec.generate_private_key(ec.SECP256R1())
    order = empty.request("web1", key=new_key, organizational_units=["web"])
    new = empty.issue(order)["certificates"]["web1"]["default"]["certificate"].encode()
    assert create_session(new, new_key)["accessKeyId"]
    assert old_session("1001")["accessKeyId"]
    for serial in ("1002", "1003"):
        with pytest.raises(Refused, match="revoked"):
            old_session(serial)

    empty.do("ca_revoke", host="web1")
    service.update_crl(crlId=imported["crl"]["crlId"], crlData=empty.do("ca_crl")["crl"].encode())
    with pytest.raises(Refused, match="revoked"):
        old_session("1001")
    with pytest.raises(Refused, match="revoked"):
        create_session(new, new_key)
    assert old_session("1004")["accessKeyId"]
