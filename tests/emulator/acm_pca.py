# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Private CA: the operations with which certificates are issued and revoked (reference §8). JSON 1.1.

moto's own knows neither validity nor templates nor CRLs. What is not here (audit reports, policies, permissions) is
refused rather than left to moto, whose CAs are others.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from werkzeug import Request, Response

from . import (
    acm_pca_authorities,
    acm_pca_certificates,
    acm_pca_crls,
    acm_pca_installation,
    acm_pca_revocation,
    acm_pca_tags,
    enforcement,
)
from .acm_pca_call import Call
from .acm_pca_errors import CONTENT_TYPE, PrivateCaError, response
from .acm_pca_model import find_operation
from .canonical_request import Authorization
from .errors import ServiceError
from .pace import Pace
from .state import State
from .switches import Switches
from .validation import validate
from .wire import read_input, write

SERVICE = "acm-pca"

OPERATIONS = {
    "CreateCertificateAuthority": acm_pca_authorities.create,
    "DescribeCertificateAuthority": acm_pca_authorities.describe,
    "ListCertificateAuthorities": acm_pca_authorities.list_all,
    "UpdateCertificateAuthority": acm_pca_authorities.update,
    "DeleteCertificateAuthority": acm_pca_authorities.delete,
    "RestoreCertificateAuthority": acm_pca_authorities.restore,
    "GetCertificateAuthorityCsr": acm_pca_authorities.get_csr,
    "GetCertificateAuthorityCertificate": acm_pca_authorities.get_certificate,
    "ImportCertificateAuthorityCertificate": acm_pca_installation.import_certificate,
    "IssueCertificate": acm_pca_certificates.issue,
    "GetCertificate": acm_pca_certificates.get,
    "RevokeCertificate": acm_pca_revocation.revoke,
    "TagCertificateAuthority": acm_pca_tags.tag,
    "UntagCertificateAuthority": acm_pca_tags.untag,
    "ListTags": acm_pca_tags.list_all,
}

# Requests a second (reference §8.5), counted where the switch says so.
RATES = {
    "IssueCertificate": 25,
    "GetCertificate": 75,
    "RevokeCertificate": 20,
    "CreateCertificateAuthority": 1,
    "DescribeCertificateAuthority": 20,
    "GetCertificateAuthorityCertificate": 20,
    "GetCertificateAuthorityCsr": 10,
    "ImportCertificateAuthorityCertificate": 10,
    "UpdateCertificateAuthority": 10,
    "TagCertificateAuthority": 10,
}


def handle(request: Request, authorization: Authorization, state: State, switches: Switches, pace: Pace) -> Response:
    """Answer one call of somebody who may make it."""
    try:
        return _answer(request, authorization, state, switches, pace)
    except ServiceError as error:
        return response(error)


def write_due_crls(request: Request, state: State, switches: Switches) -> None:
    """Write those CRLs to S3 whose time has come by this request."""
    with state.lock:
        for store in state.stores():
            acm_pca_crls.write_due(store.private_cas.authorities.values(), switches, request.path)


def _answer(request: Request, authorization: Authorization, state: State, switches: Switches, pace: Pace) -> Response:
    operation = find_operation(request.headers.get("X-Amz-Target", ""))
    if operation.name not in OPERATIONS:
        raise PrivateCaError("UnknownOperationException", f"The emulator has no {operation.name}.")
    caller = enforcement.authenticate(request, authorization, switches)
    rate = RATES.get(operation.name) if switches.private_ca_rates else None
    pace.check((caller.account, authorization.region, operation.name), rate)
    values = read_input(operation, {}, request)
    validate(operation.input_shape, values)
    store = state.store(caller.account, authorization.region)
    with state.lock:
        call = Call(values, store.account, store.region, store.private_cas, switches, switches.now())
        output = OPERATIONS[operation.name](call)
        body = write(operation.output_shape, output, _write_time) if operation.output_shape else {}
    return Response(json.dumps(body), 200, {"x-amzn-RequestId": str(uuid.uuid4())}, content_type=CONTENT_TYPE)


def _write_time(moment: datetime) -> float:
    """Write a timestamp as JSON 1.1 does: seconds since 1970."""
    return moment.timestamp()
