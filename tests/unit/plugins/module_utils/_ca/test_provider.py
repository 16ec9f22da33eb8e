# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the issuing CA's key is, by the options alone."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import argument_specs, pkcs11, provider
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError

FILE = {**dict.fromkeys([*argument_specs.PROVIDER, *argument_specs.PASSPHRASE]), "provider": "file"}
TOKEN = {
    **dict.fromkeys(argument_specs.PROVIDER["pkcs11"]["options"]),
    "module": "/usr/lib/hsm.so",
    "token": "fleet",
    "key": "CA 1",
    "pin": "long sesame",
}


def test_without_an_option_it_is_in_a_file(authority):
    with provider.signer(FILE, authority.issuing, pytest.fail) as signer:
        assert signer.certificate.subject.rfc4514_string() == "CN=Issuing CA G1,O=Example"


@pytest.mark.parametrize("option", argument_specs.OWN_OPTIONS)
def test_options_of_another_provider_are_refused(authority, option):
    opening = provider.signer({**FILE, option: {"pin": "sesame"}}, authority.issuing, pytest.fail)
    with pytest.raises(AuthorityError, match=f"{option} would not count: say provider: {option}") as caught:
        opening.__enter__()
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("key_id", "expected", "name"),
    [
        (None, None, "'CA 1' in the token 'fleet'"),
        ("", None, "'CA 1' in the token 'fleet'"),
        ("0A0b", b"\x0a\x0b", "'CA 1' with the ID 0a0b in the token 'fleet'"),
    ],
)
def test_the_id_of_a_key_is_hexadecimal_and_may_be_left_out(key_id, expected, name):
    wanted = pkcs11.read({**TOKEN, "key_id": key_id})
    assert (wanted.key_id, wanted.key_name) == (expected, name)


@pytest.mark.parametrize("key_id", ["0", "0x0a", "CA 1"])
def test_an_id_that_is_not_hexadecimal_is_one_sentence(key_id):
    with pytest.raises(AuthorityError, match=f"pkcs11.key_id is '{key_id}': give pairs of hexadecimal digits."):
        pkcs11.read({**TOKEN, "key_id": key_id})


def test_a_pin_in_a_file_may_be_as_short_as_tokens_take_it(tmp_path):
    path = tmp_path / "pin"
    path.write_bytes("grüß\n".encode())
    path.chmod(0o600)
    given = {**TOKEN, "pin": None, "pin_path": str(path)}
    assert pkcs11.read_pin(given, pytest.fail) == "grüß"
    path.write_bytes(b"123\n")
    with pytest.raises(AuthorityError, match=f"The PIN file {path} is missing or has fewer than 4 characters"):
        pkcs11.read_pin(given, pytest.fail)
    path.write_bytes(b"\xff\xfe\xfd\xfc")
    with pytest.raises(AuthorityError, match="The PIN is not text in UTF-8"):
        pkcs11.read_pin(given, pytest.fail)


def test_a_pin_as_a_value_is_longer_because_ansible_blots_it_out():
    assert pkcs11.read_pin(TOKEN, pytest.fail) == "long sesame"
    with pytest.raises(AuthorityError, match="option pin is missing or has fewer than 8 characters") as caught:
        pkcs11.read_pin({**TOKEN, "pin": "1234567"}, pytest.fail)
    assert "1234567" not in str(caught.value)
