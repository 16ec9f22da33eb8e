# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane as botocore's service model describes it: operations, paths, shapes and their constraints.

Newer botocore releases describe aliases, identifiers that may be ARNs, and larger certificates. The reference does
not know them; the emulator must not accept more than the reference, so it takes them out again.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

_UUID = {"type": "string", "min": 36, "max": 36, "pattern": ".*[a-f0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}.*"}
_TRUST_ANCHOR_ARN = {
    "type": "string",
    "min": 1,
    "max": 1011,
    "pattern": "arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)",
}
_REFERENCE_SHAPES = {  # reference §1.2
    "TrustAnchorIdentifier": _UUID,
    "ProfileIdentifier": _UUID,
    "CrlIdentifier": _UUID,
    "TrustAnchorIdentifierArn": _TRUST_ANCHOR_ARN,
    "SourceDataX509CertificateDataString": {"type": "string", "min": 1, "max": 16000},
}
_UNKNOWN_TO_REFERENCE = {"aliasName", "aliasArn", "previousAliasName", "crlDpRevocationEnabled"}


@cache
def service_model() -> ServiceModel:
    """Load botocore's model, cut back to what the reference knows."""
    description = Loader().load_service_model("rolesanywhere", "service-2")
    for name, shape in _REFERENCE_SHAPES.items():
        if name in description["shapes"]:
            description["shapes"][name] = shape
    for shape in description["shapes"].values():
        for member in _UNKNOWN_TO_REFERENCE.intersection(shape.get("members", ())):
            del shape["members"][member]
    return ServiceModel(description, "rolesanywhere")


@cache
def _operations() -> list[OperationModel]:
    return [service_model().operation_model(name) for name in service_model().operation_names]


def find_operation(method: str, raw_path: str) -> tuple[OperationModel, dict[str, str]] | None:
    """Find the operation of a request, and the labels of its path by member name; the path is still percent-encoded."""
    segments = raw_path.split("/")
    for operation in _operations():
        template = operation.http["requestUri"].split("/")
        if operation.http["method"] == method and len(template) == len(segments):
            pairs = list(zip(template, segments))
            if all(wanted.startswith("{") or wanted == actual for wanted, actual in pairs):
                return operation, {wanted[1:-1]: unquote(actual) for wanted, actual in pairs if wanted.startswith("{")}
    return None
