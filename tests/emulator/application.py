# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local AWS as one WSGI application: Roles Anywhere and AWS Private CA are ours, everything else is moto's."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from moto.moto_api._internal import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response

from . import acm_pca, acm_pca_errors, connections, control_plane, create_session, enforcement, error_shapes
from .canonical_request import Authorization, read_authorization
from .error_shapes import Refusal
from .errors import ServiceError, json_response
from .pace import Pace
from .state import State
from .switches import Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SWITCHES_PATH = "/emulator/switches"


class Application:
    """Decides whose request it is; holds what the emulator remembers and how it is switched."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.state = State()
        self.switches = switches or Switches()
        self.pace = Pace()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def reset(self) -> None:
        """Forget everything, moto's memory included, and put the switches back to their defaults."""
        self.state.reset()
        self.switches.reset()
        self.pace.reset()
        moto_api_backend.reset()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        body = _read_body(environ)
        try:
            response = self._answer(Request(environ))
        except ServiceError as error:
            response = error.response()
        except Refusal as refusal:
            response = error_shapes.response(refusal, "rolesanywhere")
        environ["wsgi.input"] = io.BytesIO(body)
        return (response or self._moto)(environ, start_response)

    def _answer(self, request: Request) -> Response | None:
        """Answer a request, or leave it to moto with None."""
        if request.path == SWITCHES_PATH:
            return self._answer_switches(request)
        if _is_create_session(request):
            with self._disturbed(request, self.switches.data_plane_faults):
                self.pace.check("CreateSession", self.switches.create_session_rate)
                return create_session.handle(request, self.state, self.switches)
        authorization = read_authorization(request.headers.get("Authorization"))
        if authorization and authorization.service == "rolesanywhere":
            with self._disturbed(request, self.switches.control_plane_faults):
                return control_plane.handle(request, authorization, self.state, self.switches, self.pace)
        refused = enforcement.authorise(request, self.switches)
        if refused is None and authorization and authorization.service == acm_pca.SERVICE:
            return self._answer_private_ca(request, authorization)
        if refused is None:
            acm_pca.write_due_crls(request, self.state, self.switches)
        return refused

    def _answer_private_ca(self, request: Request, authorization: Authorization) -> Response:
        try:
            with self._disturbed(request, self.switches.private_ca_faults):
                return acm_pca.handle(request, authorization, self.state, self.switches, self.pace)
        except ServiceError as error:
            return acm_pca_errors.response(error)

    def _answer_switches(self, request: Request) -> Response:
        """Show the switches, and set those that a POST names."""
        if request.method == "POST":
            try:
                self.switches.set(dict(json.loads(request.get_data())))
            except (ValueError, TypeError) as error:
                raise ServiceError("ValidationException", str(error)) from None
        return json_response(200, dataclasses.asdict(self.switches))

    @contextlib.contextmanager
    def _disturbed(self, request: Request, faults: list[str]) -> Iterator[None]:
        """Wait and fail as the switches say, before the request is looked at or when it has been done."""
        time.sleep(self.switches.latency)
        fault = faults.pop(0) if faults else None
        if fault == "internal_error":
            raise ServiceError("InternalServerException", "Internal Server Error")
        if fault == "throttling":
            raise ServiceError("ThrottlingException", "Rate exceeded")
        if fault == "reset":
            connections.reset(request.environ["emulator.socket"])
        if fault == "silence":
            connections.keep_silent(request.environ["emulator.socket"])
        yield
        if fault == "lost_answer":
            connections.reset(request.environ["emulator.socket"])


def _is_create_session(request: Request) -> bool:
    signed = request.headers.get("Authorization", "")
    return (request.method, request.path) == ("POST", "/sessions") and (not signed or signed.startswith("AWS4-X509-"))


def _read_body(environ: WSGIEnvironment) -> bytes:
    """Read the whole body, chunked or not, so that everybody can read it again."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body
