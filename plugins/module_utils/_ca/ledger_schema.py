# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's tables, and how those of an older version of the collection become those of this one.

Times are text such as 2026-11-20T10:00:00Z, which sorts as it should; serials and fingerprints are lower-case hex.
Common names are ASCII, and NOCASE makes two that differ in case one name.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from .errors import AuthorityError

# What makes each version out of the one before. A version that was released is never changed, only followed.
_STEPS = (
    (
        """
        CREATE TABLE certificates (
            serial TEXT NOT NULL PRIMARY KEY,
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            common_name TEXT NOT NULL COLLATE NOCASE,
            subject TEXT NOT NULL,
            not_before TEXT NOT NULL,
            not_after TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            public_key_fingerprint TEXT NOT NULL,
            pem TEXT NOT NULL,
            issued_at TEXT NOT NULL,
            issued_by TEXT NOT NULL,
            revoked_at TEXT,
            reason TEXT,
            revoked_by TEXT
        )
        """,
        "CREATE INDEX certificates_of_host ON certificates (host, not_after)",
        "CREATE INDEX certificates_of_common_name ON certificates (common_name, not_after)",
        "CREATE INDEX certificates_of_public_key ON certificates (public_key_fingerprint)",
        "CREATE INDEX certificates_by_issue ON certificates (issued_at)",
        "CREATE INDEX certificates_by_revocation ON certificates (revoked_at) WHERE revoked_at IS NOT NULL",
        """
        CREATE TABLE blocked_hosts (
            host TEXT NOT NULL PRIMARY KEY,
            since TEXT NOT NULL,
            blocked_by TEXT NOT NULL,
            reason TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE revocation_lists (
            number INTEGER NOT NULL PRIMARY KEY,
            this_update TEXT NOT NULL,
            next_update TEXT NOT NULL,
            entries INTEGER NOT NULL,
            made_by TEXT NOT NULL
        )
        """,
    ),
    (
        "ALTER TABLE certificates ADD COLUMN in_use_since TEXT",
        # A workload uses one certificate.
        "CREATE UNIQUE INDEX certificates_in_use ON certificates (host, name) WHERE in_use_since IS NOT NULL",
    ),
    # What a run is about to ask a CA for over a wire, or has asked for without an answer that stands in the ledger.
    (
        """
        CREATE TABLE intents (
            token TEXT NOT NULL PRIMARY KEY,
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            common_name TEXT NOT NULL COLLATE NOCASE,
            public_key_fingerprint TEXT NOT NULL,
            not_before TEXT NOT NULL,
            not_after TEXT NOT NULL,
            wishes TEXT NOT NULL,
            asked_at TEXT NOT NULL,
            asked_by TEXT NOT NULL,
            run TEXT NOT NULL,
            claimed_until TEXT NOT NULL
        )
        """,
    ),
    # Which revocations a CA that is asked over a wire has been told of.
    ("CREATE TABLE told_revocations (serial TEXT NOT NULL PRIMARY KEY)",),
    # Which run may publish CRLs now.
    (
        """
        CREATE TABLE publishing_lease (
            holder TEXT NOT NULL,
            until TEXT NOT NULL
        )
        """,
    ),
    # How a CA names what it is making.
    ("ALTER TABLE intents ADD COLUMN reference TEXT NOT NULL DEFAULT ''",),
)
VERSION = len(_STEPS)


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables of this version out of an older version's, or out of nothing, in one transaction."""
    if _version(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[_version(connection) :]:  # another run may have been faster
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check_known(path: Path, connection: sqlite3.Connection) -> None:
    """Check that the ledger is of this version or an older one.

    A file that has none at all is no new ledger but one that was lost.

    :raises AuthorityError: it is not.
    """
    version = _version(connection)
    if not 1 <= version <= VERSION:
        raise AuthorityError(
            f"The ledger {path} has schema version {version} where {VERSION} is known: "
            "use the collection's version that wrote it, or a newer one."
        )


def check_current(path: Path, connection: sqlite3.Connection) -> None:
    """Check that the ledger can be looked at as it is.

    :raises AuthorityError: it is of another version.
    """
    check_known(path, connection)
    if _version(connection) < VERSION:
        raise AuthorityError(
            f"The ledger {path} is of an older version of the collection: run ca_crl once, which brings it up to date."
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
