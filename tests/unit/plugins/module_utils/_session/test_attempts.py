# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer means, and when another attempt is made."""

from __future__ import annotations

import pytest
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session import attempts
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.errors import SessionError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._session.https import Answer, Request

DENIED = {"x-amzn-errortype": "AccessDeniedException"}
XML = b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>It is over.</Message></Error>"


REVOKED = b'{"message":"Certificate revoked"}'
QUALIFIED = b'{"__type":"com.amazonaws#AccessDeniedException:http://x","Message":"No"}'
BAD = b'{"code":"ValidationException","message":"Bad."}'
RATE = b'{"message":"Rate exceeded"}'


def kind(name):
    return {"x-amzn-errortype": name}


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "certain", "sentence"),
    [
        (
            403,
            DENIED,
            REVOKED,
            "AccessDeniedException",
            True,
            "403 AccessDeniedException: Certificate revoked (it stands",
        ),
        (403, {}, QUALIFIED, "AccessDeniedException", True, "AccessDeniedException: No."),
        (
            403,
            kind("AccessDeniedException:http://x/"),
            b"{}",
            "AccessDeniedException",
            True,
            "403 AccessDeniedException.",
        ),
        (400, {}, BAD, "ValidationException", True, "ValidationException: Bad."),
        (403, {}, XML, "ExpiredToken", True, "403 ExpiredToken: It is over."),
        (
            404,
            kind("ResourceNotFoundException"),
            b"",
            "ResourceNotFoundException",
            True,
            "404 ResourceNotFoundException.",
        ),
        (403, {}, b"<html>no</html>", None, False, "403 no reason given (is it AWS that answers there?)"),
        (301, {"location": "https://evil.example"}, b"", None, False, "301 no reason given (is it AWS"),
        (407, {}, b"", None, False, "407 no reason given"),
        (500, DENIED, b"", "AccessDeniedException", False, "try again later"),
        (503, {}, b"", None, False, "503 no reason given (try again later)"),
        (429, kind("ThrottlingException"), RATE, "ThrottlingException", False, "Rate exceeded (try again later)"),
        (429, {}, b"", None, False, "429 no reason given (try again later)"),
        (400, kind("ThrottlingException"), b"", "ThrottlingException", False, "try again later"),
        (403, kind("RequestTimeTooSkewed"), b"", "RequestTimeTooSkewed", False, "try again later"),
        (403, DENIED, b"\xff\xfe{", "AccessDeniedException", True, "403 AccessDeniedException."),
        (403, DENIED, b"[" * 100000, "AccessDeniedException", True, "403 AccessDeniedException."),
        (403, DENIED, b'["message"]', "AccessDeniedException", True, "403 AccessDeniedException."),
        (403, DENIED, b'{"message":{"a":1}}', "AccessDeniedException", True, "{'a': 1}"),
        (403, kind("evil\x1b[2J code"), b"", None, False, "403 no reason given"),
    ],
)
def test_an_answer_without_success_is_one_sentence(status, headers, body, code, certain, sentence):
    error = attempts.refusal("CreateSession", Answer(status, headers, body))
    assert (error.code, error.certain, error.status) == (code, certain, status)
    assert str(error).startswith("CreateSession was answered with ")
    assert sentence in str(error)


def test_the_service_s_words_stay_on_one_line_of_bounded_length():
    body = b'{"message":"Unable to assume role for x.\\nThe requested \\u001b[2J' + b"x" * 5000 + b'"}'
    error = attempts.refusal("CreateSession", Answer(403, DENIED, body))
    assert error.reason.startswith("Unable to assume role for x. The requested [2Jxxx")
    assert str(error).isprintable()
    assert len(str(error)) < 800


@pytest.fixture
def outcomes(monkeypatch, no_pause):
    """Let post() end in these outcomes, one after the other."""
    planned = []

    def post(request, *, ca_bundle, seconds):
        assert (request, ca_bundle, seconds) == (Request("u", {}, b""), "bundle", 7)
        outcome = planned.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(attempts, "post", post)
    return planned


GOOD = Answer(201, {}, b"{}")
THROTTLED = Answer(429, {"x-amzn-errortype": "ThrottlingException"}, b"")
REFUSED = Answer(403, DENIED, b'{"message":"Certificate revoked"}')
FOREIGN = Answer(403, {}, b"<html>")
BROKEN = Answer(500, {}, b"")
SILENT = SessionError("host gave no answer: timed out.")


@pytest.mark.parametrize(
    ("planned", "signed", "ending"),
    [
        ([GOOD], 1, None),
        ([THROTTLED, GOOD], 2, None),
        ([SILENT, BROKEN, GOOD], 3, None),
        ([REFUSED, GOOD], 1, "Certificate revoked"),
        ([THROTTLED, REFUSED, GOOD], 2, "Certificate revoked"),
        ([FOREIGN, GOOD], 1, "is it AWS that answers there"),
        ([SILENT, SILENT, SILENT, GOOD], 3, "CreateSession failed: host gave no answer: timed out"),
        ([BROKEN, BROKEN, THROTTLED, GOOD], 3, "429 ThrottlingException"),
    ],
)
def test_only_what_may_pass_is_tried_again_and_each_attempt_is_signed_anew(outcomes, no_pause, planned, signed, ending):
    outcomes.extend(planned)
    signatures = []

    def sign():
        signatures.append(1)
        return Request("u", {}, b"")

    def call():
        return attempts.call("CreateSession", sign, ca_bundle="bundle", seconds=7)

    if ending is None:
        assert call() == GOOD
    else:
        with pytest.raises(SessionError, match=ending) as caught:
            call()
        assert caught.value.certain is (planned[signed - 1] is REFUSED)
    assert len(signatures) == signed
    assert len(no_pause) == signed - 1
    assert all(0.04 <= pause <= attempts.LONGEST_PAUSE for pause in no_pause)


def test_pauses_differ_between_processes(outcomes, no_pause):
    outcomes.extend([BROKEN] * 3 + [BROKEN] * 3)
    for _process in range(2):
        with pytest.raises(SessionError):
            attempts.call("CreateSession", lambda: Request("u", {}, b""), ca_bundle="bundle", seconds=7)
    assert len(set(no_pause)) == 4
