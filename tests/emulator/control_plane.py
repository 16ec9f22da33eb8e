# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thirty operations of Roles Anywhere's control plane (reference §1)."""

from __future__ import annotations

from werkzeug import Request, Response

from . import authorisation, crls, enforcement, profiles, subjects, tags, trust_anchors
from .call import Call
from .canonical_request import Authorization
from .errors import ServiceError, json_response
from .model import find_operation
from .pace import Pace
from .state import State
from .switches import Switches
from .validation import validate
from .wire import read_input, write

OPERATIONS = {
    "CreateTrustAnchor": trust_anchors.create,
    "GetTrustAnchor": trust_anchors.get,
    "ListTrustAnchors": trust_anchors.list_all,
    "UpdateTrustAnchor": trust_anchors.update,
    "DeleteTrustAnchor": trust_anchors.delete,
    "EnableTrustAnchor": trust_anchors.switch,
    "DisableTrustAnchor": trust_anchors.switch,
    "PutNotificationSettings": trust_anchors.put_notification_settings,
    "ResetNotificationSettings": trust_anchors.reset_notification_settings,
    "CreateProfile": profiles.create,
    "GetProfile": profiles.get,
    "ListProfiles": profiles.list_all,
    "UpdateProfile": profiles.update,
    "DeleteProfile": profiles.delete,
    "EnableProfile": profiles.switch,
    "DisableProfile": profiles.switch,
    "PutAttributeMapping": profiles.put_attribute_mapping,
    "DeleteAttributeMapping": profiles.delete_attribute_mapping,
    "ImportCrl": crls.import_one,
    "GetCrl": crls.get,
    "ListCrls": crls.list_all,
    "UpdateCrl": crls.update,
    "DeleteCrl": crls.delete,
    "EnableCrl": crls.switch,
    "DisableCrl": crls.switch,
    "GetSubject": subjects.get,
    "ListSubjects": subjects.list_all,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_all,
}


def handle(request: Request, authorization: Authorization, state: State, switches: Switches, pace: Pace) -> Response:
    """Answer one call; raises ServiceError, and Refusal for callers who may not make it."""
    found = find_operation(request.method, request.environ["REQUEST_URI"].partition("?")[0])
    if found is None:
        raise ServiceError("UnknownOperationException", "There is no such operation.")
    operation, labels = found
    caller = enforcement.authenticate(request, authorization, switches)
    group = authorisation.kind_of(operation.name) or "tagging"
    pace.check((caller.account, authorization.region, group), switches.control_plane_rate)
    values = read_input(operation, labels, request)
    validate(operation.input_shape, values)
    store = state.store(caller.account, authorization.region)
    with state.lock:
        context = enforcement.request_context(request, store.region, switches)
        authorisation.authorise(caller, operation.name, values, store, context)
        call = Call(operation.name, values, caller, store, switches, switches.now())
        output = OPERATIONS[operation.name](call)
        return json_response(operation.http["responseCode"], write(operation.output_shape, output))
