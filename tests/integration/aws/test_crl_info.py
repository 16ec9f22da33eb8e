# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module crl_info as Ansible runs it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from .authority import Authority
from .controller import Controller

SERIALS = (0x5A01, 0xCCC3A2432F8C5FEC93F0FC574F118537)


@pytest.fixture
def anchor_arns(rolesanywhere: Any, issuing: Authority, next_issuing: Authority) -> list[str]:
    """Make a trust anchor for each of the two issuing CAs."""
    sources = [
        {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": authority.pem}}
        for authority in (issuing, next_issuing)
    ]
    anchors = [rolesanywhere.create_trust_anchor(name="fleet", source=source)["trustAnchor"] for source in sources]
    return [anchor["trustAnchorArn"] for anchor in anchors]


def test_crls_are_shown_as_crl_shows_them_with_what_they_revoke(
    controller: Controller, issuing: Authority, next_issuing: Authority, anchor_arns: list[str]
) -> None:
    revoking = issuing.crl(7, *SERIALS)
    first = {"name": "G1", "trust_anchor_arn": anchor_arns[0], "crl": revoking, "tags": {"Team": "Web"}}
    second = {"name": "G2", "trust_anchor_arn": anchor_arns[1], "crl": next_issuing.crl(1)}
    made, other, of_one, of_both, by_name, unknown = controller.run(
        [
            {"fleet.rolesanywhere.crl": first},
            {"fleet.rolesanywhere.crl": second},
            {"fleet.rolesanywhere.crl_info": {"trust_anchor_arn": anchor_arns[0], "include_tags": True}},
            {"fleet.rolesanywhere.crl_info": {}},
            {"fleet.rolesanywhere.crl_info": {"name": "G2"}},
            {"fleet.rolesanywhere.crl_info": {"name": "G2", "trust_anchor_arn": anchor_arns[0]}},
        ]
    )
    [crl] = of_one["crls"]
    assert crl.pop("revoked_serials") == ["5a01", "00ccc3a2432f8c5fec93f0fc574f118537"]
    assert crl == made["crl"]
    assert (crl["crl_number"], crl["entries"], crl["bytes"]) == (7, 2, len(revoking))
    assert crl["issuer"] == x509.load_pem_x509_crl(revoking.encode()).issuer.rfc4514_string()
    assert crl["next_update"] == made["next_update"]
    assert crl["this_update"] == made["this_update"]
    assert sorted(seen["name"] for seen in of_both["crls"]) == ["G1", "G2"]
    assert by_name["crls"] == [{**other["crl"], "revoked_serials": []}]
    assert unknown["crls"] == []
    assert of_one["changed"] is False
    assert "BEGIN X509" not in str(of_both)
