# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call to AWS in up to three attempts, each signed anew, and what its answer means."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Callable

from .errors import SessionError
from .https import SECONDS, Answer, Request, post
from .refusals import advice

ATTEMPTS = 3
LONGEST_PAUSE = 3.0  # seconds
SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429
# The caller is told to come back, or its clock and the server's disagree for now: nothing is said about its rights.
PASSING_CODES = (
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestTimeTooSkewed",
    "RequestExpired",
)


def call(
    operation: str,
    sign: Callable[[], Request],
    *,
    ca_bundle: str | None = None,
    seconds: float = SECONDS,
    attempts: int = ATTEMPTS,
) -> Answer:
    """Return the first answer of success.

    :param operation: AWS's name of it, for the messages.
    :param sign: makes the request of each attempt, because a signature tells the time.
    :param seconds: limit of one attempt, see :func:`.https.post`.
    :raises SessionError: ``certain`` when AWS refused; otherwise every attempt ended without a usable answer.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = post(sign(), ca_bundle=ca_bundle, seconds=seconds)
            if 200 <= answer.status < 300:
                return answer
            failure = refusal(operation, answer)
            final = not _may_pass(answer.status, failure.code)
        except SessionError as error:
            failure, final = SessionError(f"{operation} failed: {error}"), False
        if final or attempt == attempts:
            raise failure
        time.sleep(random.uniform(0.04, min(LONGEST_PAUSE, 0.25 * 4**attempt)))


def refusal(operation: str, answer: Answer) -> SessionError:
    """Return the error that an answer without success stands for (pure)."""
    code, reason = _code_and_reason(answer)
    passing = _may_pass(answer.status, code)
    # Without a code of AWS it may be a proxy that answered: nobody can tell what AWS would have said.
    certain = bool(code) and not passing
    told = f"{code}: {reason}" if code and reason else code or reason or "no reason given"
    hint = advice(reason) if certain else "try again later" if passing else "is it AWS that answers there?"
    message = f"{operation} was answered with {answer.status} {told.rstrip('.')}{f' ({hint})' if hint else ''}."
    return SessionError(message, certain=certain, status=answer.status, code=code or None, reason=reason or None)


def _may_pass(status: int, code: str | None) -> bool:
    return status >= SERVER_ERROR or status == TOO_MANY_REQUESTS or code in PASSING_CODES


def _code_and_reason(answer: Answer) -> tuple[str, str]:
    # REST-JSON: the code in a header, or in the body; STS: XML.
    text = answer.body.decode("utf-8", "replace")
    code, reason = answer.headers.get("x-amzn-errortype", ""), ""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        found = dict(re.findall("<(Code|Message)>([^<]*)</", text))
        code, reason = code or found.get("Code", ""), found.get("Message", "")
    else:
        if isinstance(body, dict):
            code = code or str(body.get("__type") or body.get("code") or "")
            reason = str(body.get("message") or body.get("Message") or "")
    code = code.split(":")[0].rpartition("#")[2]
    return (code if re.fullmatch("[A-Za-z0-9.]{1,100}", code) else ""), _one_line(reason)


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:500]
