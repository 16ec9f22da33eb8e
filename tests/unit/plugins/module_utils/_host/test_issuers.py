# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The issuing CAs that are accepted, however they are named, beside the one that a certificate names."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.errors import HostError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._host.issuers import (
    Issuer,
    accepts,
    issuer_of,
    read_issuers,
)
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.certificate import read_certificate

KEY, OTHER_KEY = b"k" * 20, b"o" * 20
FOUND = Issuer("CN=CA", b"der of CN=CA", KEY)


@pytest.mark.parametrize(
    ("accepted", "found", "answer"),
    [
        (FOUND, FOUND, True),
        (FOUND, FOUND._replace(key_identifier=OTHER_KEY), False),
        (FOUND, FOUND._replace(key_identifier=None), True),
        (FOUND._replace(key_identifier=None), FOUND, True),
        # The same text in another string type is another name to everybody who builds a chain.
        (FOUND._replace(subject_der=b"CN=CA as another type"), FOUND, False),
        (Issuer(subject="CN=CA"), FOUND, True),
        (Issuer(subject="CN=Other"), FOUND, False),
        (Issuer(key_identifier=KEY), FOUND, True),
        (Issuer(key_identifier=OTHER_KEY), FOUND, False),
        (Issuer(key_identifier=KEY), FOUND._replace(key_identifier=None), False),
    ],
)
def test_a_ca_is_the_same_by_name_and_key(accepted, found, answer):
    assert accepts(accepted, found) is answer


@pytest.mark.parametrize(
    ("value", "issuer"),
    [
        ("6b" * 20, Issuer(key_identifier=KEY)),
        (":".join(["6B"] * 20), Issuer(key_identifier=KEY)),
        (" CN=Issuing CA,O=Example\n", Issuer(subject="CN=Issuing CA,O=Example")),
        ("2.5.4.97=x", Issuer(subject="2.5.4.97=x")),
    ],
)
def test_a_ca_is_named_by_its_key_or_its_subject(value, issuer):
    assert read_issuers([value]) == [issuer]


@pytest.mark.parametrize("key_identifiers", [True, False])
def test_a_ca_is_named_by_its_certificate(authority, key_identifiers):
    ca, leaf = authority.ca(key_identifiers), authority.issue(authority.key.public_key(), identified=key_identifiers)
    (issuer,) = read_issuers([ca])
    found = issuer_of(read_certificate(leaf.encode()))
    assert issuer.subject == found.subject == "CN=Issuing CA"
    assert issuer.subject_der == found.subject_der
    assert issuer.key_identifier == found.key_identifier
    assert (issuer.key_identifier is not None) == key_identifiers
    assert accepts(issuer, found)


def test_one_value_may_hold_several_certificates(authority):
    assert len(read_issuers([authority.ca() * 2, authority.ca(), "CN=x"])) == 4


@pytest.mark.parametrize("value", ["", "Issuing CA", "6b", "6b" * 7 + "6", "/etc/ca.pem", "=x"])
def test_what_names_no_ca_is_told(value):
    with pytest.raises(HostError, match=r"^issuers holds .*, but each must be a certificate in PEM form"):
        read_issuers([value])


def test_a_certificate_that_is_broken_or_of_no_ca_is_told(authority):
    with pytest.raises(HostError, match="issuers holds a certificate that cannot be read"):
        read_issuers([authority.ca().replace("MII", "MIJ", 1)])
    with pytest.raises(
        HostError, match="issuers holds a certificate that cannot be read: A PEM certificate has no END"
    ):
        read_issuers([authority.ca()[:100]])
    with pytest.raises(HostError, match="issuers holds the certificate of CN=web1, which is no CA"):
        read_issuers([authority.issue(authority.key.public_key())])
