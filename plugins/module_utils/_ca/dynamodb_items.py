# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rows of a ledger lie in a DynamoDB table: what is an item, and under which key.

Each item has a partition key ``pk`` and a sort key ``sk``, both text:

=============================  ==============================  ====================================================
``pk``                         ``sk``                          attributes
=============================  ==============================  ====================================================
``ledger``                     ``ledger``                      ``version``, ``authority``, ``row``, ``newest``,
                                                               ``complete``
``lease``                      ``lease``                       ``holder``, ``beat``, ``person``
``certificate#<serial>``       ``certificate``                 the columns of the ledger, ``row``
``host#<host>``                ``<not_after>#<serial>``
``common_name#<lower case>``   ``<not_after>#<serial>``
``public_key#<fingerprint>``   ``<not_after>#<serial>``
``revoked``                    ``<revoked_at>#<serial>``       ``not_after``
``blocked_hosts``              ``<host>``                      the columns of the ledger
``intents``                    ``<token>``                     the columns of the ledger
``told_revocations``           ``<serial>``                    the columns of the ledger
``publishing_lease``           ``<holder>``                    the columns of the ledger
``revocation_list``            ``<number, 20 digits>``         the columns of the ledger
``crl#<issuer fingerprint>``   ``crl``                         ``number``, ``der``
=============================  ==============================  ====================================================

The items that only point to a certificate take the place of secondary indexes, which DynamoDB reads eventually
consistent only: a name that another controller gave away a moment ago must be seen.
"""

from __future__ import annotations

from typing import Any, Dict

from .ledger import IssuedCertificate, MadeRevocationList

Item = Dict[str, Any]
Columns = Dict[str, Any]

VERSION = 1
POINTERS = ("host", "common_name", "public_key")
LEDGER = {"pk": {"S": "ledger"}, "sk": {"S": "ledger"}}
LEASE = {"pk": {"S": "lease"}, "sk": {"S": "lease"}}
REVOKED = "revoked"
REVOCATION_LIST = "revocation_list"
# Tables of the ledger that are read as a whole when anything of them is wanted, and the columns that they go by.
SMALL_TABLES = {"blocked_hosts": "host", "intents": "token", "told_revocations": "serial", "publishing_lease": "holder"}


def key(partition: str, sort: str) -> Item:
    """Write a key."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def certificate_key(serial: str) -> Item:
    """Write the key of a certificate."""
    return key(f"certificate#{serial}", "certificate")


def certificate(row: IssuedCertificate, number: int) -> Item:
    """Write a certificate; *number* tells its place among all that were entered."""
    return {**certificate_key(row.serial), **attributes(row._asdict()), "row": {"N": str(number)}}


def pointers(row: IssuedCertificate) -> list[Item]:
    """Write what leads to a certificate by its host, its common name and its public key."""
    return [key(partition(kind, value), f"{row.not_after}#{row.serial}") for kind, value in _pointed_from(row)]


def revoked_pointer(row: IssuedCertificate) -> Item:
    """Write what leads to a revoked certificate."""
    return {**key(REVOKED, f"{row.revoked_at}#{row.serial}"), "not_after": {"S": row.not_after}}


def partition(kind: str, value: str) -> str:
    """Write the partition key under which the certificates of a host, a common name or a public key are found."""
    return f"{kind}#{value.lower() if kind == 'common_name' else value}"


def of_small_table(table: str, columns: Columns) -> Item:
    """Write a row of one of the small tables."""
    return {**key(table, columns[SMALL_TABLES[table]]), **attributes(columns)}


def revocation_list(row: MadeRevocationList) -> Item:
    """Write a CRL that was made."""
    return {**key(REVOCATION_LIST, f"{row.number:020d}"), **attributes(row._asdict())}


def revocation_list_key(issuer_fingerprint: str) -> Item:
    """Write the key of an issuing CA's last CRL."""
    return key(f"crl#{issuer_fingerprint}", "crl")


def head(authority: str) -> Item:
    """Write the item of an empty ledger, which belongs to a CA."""
    return {
        **LEDGER,
        "version": {"N": str(VERSION)},
        "authority": {"S": authority},
        "row": {"N": "0"},
        "newest": {"S": ""},
        "complete": {"BOOL": False},
    }


def table_of(item: Item) -> str | None:
    """Say to which of the ledger's tables an item belongs as a row; None for the others."""
    tables = {
        "certificate": "certificates",
        REVOCATION_LIST: "revocation_lists",
        **{name: name for name in SMALL_TABLES},
    }
    return tables.get(item["pk"]["S"].partition("#")[0])


def serial_of(pointer: Item) -> str:
    """Read which certificate an item leads to."""
    return str(pointer["sk"]["S"]).rpartition("#")[2]


def attributes(columns: Columns) -> Item:
    """Write the columns of a row; those without a value are left out."""
    return {
        column: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for column, value in columns.items()
        if value is not None
    }


def columns_of(item: Item) -> Columns:
    """Read the columns of a row back, without those that have no value."""
    return {
        attribute: int(value["N"]) if "N" in value else value["S"]
        for attribute, value in item.items()
        if attribute not in ("pk", "sk", "row")
    }


def _pointed_from(row: IssuedCertificate) -> list[tuple[str, str]]:
    values = (row.host, row.common_name, row.public_key_fingerprint)
    return [(kind, value) for kind, value in zip(POINTERS, values) if value]
