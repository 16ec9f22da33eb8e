# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module crl as Ansible runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from .authority import Authority
from .controller import Controller

SERIALS = (0x5A01, 0x5A02)


@pytest.fixture
def anchor_arn(rolesanywhere: Any, issuing: Authority) -> str:
    """Make a trust anchor with the issuing CA."""
    source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": issuing.pem}}
    arn: str = rolesanywhere.create_trust_anchor(name="fleet", source=source)["trustAnchor"]["trustAnchorArn"]
    return arn


def test_life_of_a_crl(
    controller: Controller, rolesanywhere: Any, tmp_path: Path, issuing: Authority, anchor_arn: str
) -> None:
    made = controller.four_steps("crl", name="fleet", trust_anchor_arn=anchor_arn, crl=issuing.crl(1))
    assert (made["crl_number"], made["entries"], made["crl"]["enabled"]) == (1, 0, True)
    assert made["crl"]["trust_anchor_arn"] == anchor_arn

    second = issuing.crl(2, *SERIALS)
    path = tmp_path / "crl.der"
    path.write_bytes(x509.load_pem_x509_crl(second.encode()).public_bytes(Encoding.DER))
    updated = controller.four_steps("crl", name="fleet", crl_path=str(path), tags={"Team": "Platform"})
    assert (updated["crl_number"], updated["entries"], updated["bytes"]) == (2, 2, len(second))
    assert updated["crl"]["tags"] == {"Team": "Platform"}
    assert updated["diff"]["before"]["crl_number"] == 1
    assert "BEGIN X509" not in str(updated["diff"]) + str(updated["crl"])

    [crl] = rolesanywhere.list_crls()["crls"]
    assert crl["crlData"].decode() == second
    controller.four_steps("crl", id=crl["crlArn"], name="fleet G1", enabled=False)
    controller.four_steps("crl", name="fleet G1", state="absent")
    assert rolesanywhere.list_crls()["crls"] == []


def test_never_backwards_but_by_force(
    controller: Controller, issuing: Authority, next_issuing: Authority, anchor_arn: str
) -> None:
    controller.module("crl", name="fleet", trust_anchor_arn=anchor_arn, crl=issuing.crl(7, *SERIALS))
    other = anchor_arn[:-1] + ("0" if anchor_arn[-1] != "0" else "1")
    mistakes = [
        ({"crl": issuing.crl(6, *SERIALS)}, "The CRL in place has the number 7, this one 6: "),
        (
            {"crl": issuing.crl(8, SERIALS[0])},
            "This CRL no longer lists 1 of the certificates that are",
        ),
        (
            {"crl": next_issuing.crl(8, *SERIALS)},
            "The CRL of CN=Issuing CA G2 is not signed by a certificate",
        ),
        ({"crl": "nonsense"}, "The CRL cannot be read: it is neither PEM"),
        (
            {"trust_anchor_arn": other},
            f"The CRL 'fleet' belongs to {anchor_arn} for good",
        ),
        (
            {"trust_anchor_arn": "arn:aws:iam::1:x"},
            "trust_anchor_arn: 'arn:aws:iam::1:x' is not the ARN",
        ),
    ]
    tasks = [{"fleet.rolesanywhere.crl": {"name": "fleet", **given}, "ignore_errors": True} for given, _ in mistakes]
    expired = {"name": "fleet", "crl": issuing.crl(8, SERIALS[0]), "expired_serials": ["5a02"]}
    forced = {"name": "fleet", "crl": issuing.crl(1), "force": True}
    tasks += [{"fleet.rolesanywhere.crl": given} for given in (expired, forced)]
    *results, left_out, last = controller.run(tasks)
    for result, (_, sentence) in zip(results, mistakes, strict=True):
        assert result["failed"]
        assert result["msg"].startswith(sentence)
    assert (left_out["changed"], left_out["crl_number"], left_out["entries"]) == (True, 8, 1)
    assert (last["changed"], last["crl_number"], last["entries"]) == (True, 1, 0)
