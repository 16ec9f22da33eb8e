# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""One POST over HTTPS with the standard library: verified, with time limits, through the environment's proxies."""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Mapping, NamedTuple
from urllib.parse import urlsplit

from .errors import SessionError

LARGEST_ANSWER = 1024 * 1024  # bytes
SECONDS = 10.0
USER_AGENT = "fleet.rolesanywhere"


class Request(NamedTuple):
    """What is sent; ``headers`` hold a signature, which is a secret for some minutes."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Request({self.url})"


class Answer(NamedTuple):
    """What came back, whatever the status; header names are in lower case, and the body may be secret."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A signed request is for one host; a redirect is an answer like any other."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


def post(request: Request, *, ca_bundle: str | None = None, seconds: float = SECONDS) -> Answer:
    """Send one request and return the answer.

    :param ca_bundle: file or directory of trusted certificates; by default ``AWS_CA_BUNDLE``, else the system's.
    :param seconds: limit for connecting, for each pause of the server, and for the whole of its answer's body.
    :raises SessionError: no answer came, or one that is not HTTP.
    """
    host = urlsplit(request.url).netloc
    opener = urllib.request.build_opener(_NoRedirects, *_handlers(request.url, ca_bundle))
    opener.addheaders = [("User-Agent", USER_AGENT)]
    outgoing = urllib.request.Request(  # noqa: S310 - the scheme was checked with the endpoint
        request.url, data=request.body, headers=dict(request.headers), method="POST"
    )
    try:
        try:
            response = opener.open(outgoing, timeout=seconds)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, _body(response, time.monotonic() + seconds))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SessionError(f"{host} gave no answer: {_cause(error)}.") from None


def _handlers(url: str, ca_bundle: str | None) -> list[urllib.request.BaseHandler]:
    if url.startswith("http://"):  # loopback: a proxy would carry it away from this machine
        return [urllib.request.ProxyHandler({})]
    return [urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(context=_tls_context(ca_bundle))]


def _tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    path = ca_bundle or os.environ.get("AWS_CA_BUNDLE")
    try:
        if path and Path(path).is_dir():
            context = ssl.create_default_context(capath=path)
        else:
            context = ssl.create_default_context(cafile=path or None)
    except OSError as error:
        raise SessionError(f"The CA bundle {path} cannot be read: {_cause(error)}.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _body(response: http.client.HTTPResponse | urllib.error.HTTPError, deadline: float) -> bytes:
    body = b""
    while True:
        part = response.read1(65536)
        body += part
        if not part:
            return body
        if len(body) > LARGEST_ANSWER:
            raise ValueError("it is too large")
        if time.monotonic() > deadline:
            raise ValueError("it is too slow")


def _cause(error: BaseException) -> str:
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
