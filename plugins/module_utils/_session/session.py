# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CreateSession gives: temporary credentials and whose they are. Secrets never show in a repr."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping, NamedTuple

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Credentials(NamedTuple):
    """Temporary AWS credentials; the last two are secret."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id})"


class Session(NamedTuple):
    """A session of a role, and the certificate's subject as Roles Anywhere recorded it."""

    credentials: Credentials
    expiration: datetime  # aware, UTC
    assumed_role_arn: str  # arn:…:sts::ACCOUNT:assumed-role/ROLE/SESSION-NAME
    role_arn: str
    subject_arn: str  # empty when the service did not tell
    source_identity: str  # empty when there is none


def session_document(session: Session) -> dict[str, Any]:
    """Return the session, secrets included, as plain JSON values for a private cache file."""
    document: dict[str, Any] = session._asdict()
    return {**document, "credentials": session.credentials._asdict(), "expiration": iso_time(session.expiration)}


def session_from_document(document: Mapping[str, Any]) -> Session:
    """Return what :func:`session_document` wrote.

    :raises ValueError, KeyError, TypeError: the document is something else.
    """
    credentials = Credentials(**{name: _text(value) for name, value in document["credentials"].items()})
    texts = {name: _text(document[name]) for name in ("assumed_role_arn", "role_arn", "subject_arn", "source_identity")}
    return Session(credentials=credentials, expiration=parse_time(document["expiration"]), **texts)


def credential_process_document(session: Session) -> dict[str, Any]:
    """Return what a ``credential_process`` prints (AWS SDKs and Tools reference guide, process credential provider)."""
    return {
        "Version": 1,
        "AccessKeyId": session.credentials.access_key_id,
        "SecretAccessKey": session.credentials.secret_access_key,
        "SessionToken": session.credentials.session_token,
        "Expiration": iso_time(session.expiration),
    }


def iso_time(moment: datetime) -> str:
    """Return ISO 8601 in UTC with seconds: ``2026-11-20T10:00:00Z``."""
    return moment.astimezone(timezone.utc).strftime(_TIME_FORMAT)


def parse_time(text: str) -> datetime:
    """Read ISO 8601 with a time zone.

    :raises ValueError: it is something else, or has no time zone.
    """
    moment = datetime.fromisoformat(_text(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return moment.astimezone(timezone.utc)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value
