# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider file: what it cannot open is one sentence."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca import file, layout
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._ca.errors import AuthorityError


@pytest.mark.parametrize(
    ("ca", "part", "content", "sentence"),
    [
        ("issuing", "certificate", None, "issuing/certificate.pem cannot be read: No such file or directory"),
        (
            "issuing",
            "certificate",
            "rubbish",
            "The CA certificate .*issuing/certificate.pem cannot be read: The text is",
        ),
        ("issuing", "private_key", None, "issuing/private-key.pem cannot be read: No such file or directory"),
        ("issuing", "private_key", "rubbish", "The private key .*issuing/private-key.pem is damaged"),
        ("issuing", "private_key", "root's", "private-key.pem does not belong to .*issuing/certificate.pem"),
    ],
)
def test_what_cannot_be_opened(authority, ca, part, content, sentence):
    path = getattr(getattr(authority, ca), part)
    if content is None:
        path.unlink()
    else:
        path.write_text(authority.root.private_key.read_text() if content == "root's" else content)
    with pytest.raises(AuthorityError, match=sentence):
        file.load_signer(authority.issuing, None)


def test_a_certificate_that_may_not_sign_is_no_cas(workshop, authority, book, signer):
    (outcome,) = workshop.issue(book, signer, workshop.order("web1"))
    authority.issuing.certificate.write_text(outcome.certificate.pem)
    with pytest.raises(AuthorityError, match=r"is no CA certificate .*: put the right certificate there"):
        file.load_signer(authority.issuing, None)


def test_only_a_whole_ca_exists(authority, tmp_path):
    assert layout.existing(str(authority.directory)) == authority
    with pytest.raises(AuthorityError, match=r"There is no CA in .*/nowhere: make one with the module"):
        layout.existing(str(tmp_path / "nowhere"))
    authority.ledger.unlink()
    with pytest.raises(AuthorityError, match="has lost its ledger"):
        layout.existing(str(authority.directory))


DENIED = "cannot be read: Permission denied; run this as the owner of the CA's folder \\(become\\)"


def test_a_ca_of_another_user_is_one_sentence(authority, denied):
    denied(authority.directory)
    with pytest.raises(AuthorityError, match=f"/issuing/certificate.pem {DENIED}"):
        layout.existing(str(authority.directory))
