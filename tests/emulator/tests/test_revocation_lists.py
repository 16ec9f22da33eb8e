# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which CRLs ImportCrl and UpdateCrl take: PEM, signed by the anchor, numbered, plain, strong and in time (§9.6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulator.errors import ServiceError
from tests.emulator.revocation_lists import objection, read_crl
from tests.emulator.switches import Switches
from tests.emulator.tests.pki import NOW, make_authority, make_crl, pem_of

AUTHORITY = make_authority()
SAME_NAME = make_authority()
NO_CRL_SIGNER = make_authority(usages=("key_cert_sign",))
NOT_SIGNED = "The CRL is not signed by a certificate of the trust anchor that may sign CRLs"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"authority": make_authority("Other CA")}, NOT_SIGNED),
    ({"authority": SAME_NAME}, NOT_SIGNED),
    ({"issuer": "Other CA"}, NOT_SIGNED),
    ({"number": None}, "The CRL has no CRL number"),
    ({"critical_extension": True}, "The CRL has a critical extension"),
    ({"digest": hashes.SHA224()}, "Unsupported signature algorithm of CRL"),
    ({"this_update": NOW + timedelta(hours=1)}, "The CRL is not valid yet"),
    ({"this_update": NOW - timedelta(days=2), "next_update": NOW}, "The CRL is past its next update"),
]


@pytest.mark.parametrize(("about", "reason"), REFUSED)
def test_refused(about: dict[str, Any], reason: str) -> None:
    crl = make_crl(**{"authority": AUTHORITY, **about})
    assert objection(crl, [AUTHORITY.certificate], NOW) == reason


def test_accepted_from_either_certificate_of_the_anchor() -> None:
    crl = make_crl(AUTHORITY, entries=3)
    assert objection(crl, [make_authority("Next CA").certificate, AUTHORITY.certificate], NOW) is None


def test_signer_needs_the_right_to_sign_crls() -> None:
    assert objection(make_crl(NO_CRL_SIGNER), [NO_CRL_SIGNER.certificate], NOW) == NOT_SIGNED


def test_the_switch_leaves_parsing_only() -> None:
    stranger = pem_of(make_crl(make_authority("Other CA"), number=None))
    with pytest.raises(ServiceError):
        read_crl(stranger, [AUTHORITY.certificate], Switches())
    read_crl(stranger, [AUTHORITY.certificate], Switches(crl_verified_at_import=False))


@pytest.mark.parametrize(
    "data",
    [
        b"no CRL",
        b"-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n",
        pem_of(make_crl(AUTHORITY)) * 2,
        AUTHORITY.pem.encode(),
    ],
)
def test_what_is_no_crl_does_not_parse(data: bytes) -> None:
    with pytest.raises(ServiceError, match="Unable to parse the certificate revocation list"):
        read_crl(data, [AUTHORITY.certificate], Switches(crl_verified_at_import=False, crl_der_accepted=True))


def test_der_is_taken_only_with_its_switch() -> None:
    der = make_crl(AUTHORITY).public_bytes(Encoding.DER)
    with pytest.raises(ServiceError, match="Unable to parse"):
        read_crl(der, [AUTHORITY.certificate], Switches())
    read_crl(der, [AUTHORITY.certificate], Switches(crl_der_accepted=True))
