# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which issuing CA of a folder a certificate of the ledger is of: after a roll-over there has been more than one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import certificates

from . import file
from .layout import Layout
from .ledger import IssuedCertificate

if TYPE_CHECKING:
    from cryptography import x509


class Generations:
    """The issuing CAs that a folder has or had."""

    def __init__(self, authorities: Iterable[x509.Certificate]) -> None:
        self._oldest_first = sorted(authorities, key=lambda authority: authority.not_valid_before_utc)
        self._by_name = {authority.subject: authority for authority in self._oldest_first}

    def issuer_of(self, row: IssuedCertificate) -> x509.Certificate | None:
        """Return the CA that issued a certificate, None if it is none of these; no two of them have the same name.

        What was issued before the CA was taken over may not be there in PEM; it is the first one's.
        """
        if len(self._oldest_first) == 1 or not row.pem:
            return self._oldest_first[0]
        return self._by_name.get(certificates.load(row.pem).issuer)

    def of(self, issuer: x509.Certificate, rows: Iterable[IssuedCertificate]) -> list[IssuedCertificate]:
        """Return the certificates that one of the CAs has issued."""
        return [row for row in rows if self.issuer_of(row) == issuer]


def read(layout: Layout) -> Generations:
    """Find the issuing CAs that a folder has or had.

    :raises AuthorityError: the certificate of one cannot be read.
    """
    return Generations(file.load_certificate(files) for files in layout.issuing_ever())
