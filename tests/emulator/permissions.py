# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM must allow for a call to a service of moto's: actions on resources, read off the request.

The operation is found with moto's own router, which works from botocore's models. Where a resource cannot be told,
it is None, which only `"Resource": "*"` allows; where not even the operation can be told, nobody is allowed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.iam.models import iam_backends
from werkzeug import Request
from werkzeug.exceptions import NotFound

from .iam_permissions import condition_keys
from .policies import Permission
from .s3_permissions import s3_permissions

# The model's name where it is not the name in the credential scope; each is asked until one knows the operation.
_MODELS = {
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticloadbalancing": ("elbv2", "elb"),
    "email": ("sesv2", "ses"),
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
}
# The prefix of IAM actions where it is not the name in the credential scope.
_PREFIXES = {"email": "ses", "monitoring": "cloudwatch"}

# The input member that names the resource, in the order in which it decides, and the resource's ARN.
_RESOURCES = {
    "acm-pca": {"CertificateAuthorityArn": "{name}"},
    "dynamodb": {"TableName": "arn:{partition}:dynamodb:{region}:{account}:table/{name}"},
    "glacier": {"vaultName": "arn:{partition}:glacier:{region}:{account}:vaults/{name}"},
    "iam": {
        "GroupName": "arn:{partition}:iam::{account}:group/{name}",
        "InstanceProfileName": "arn:{partition}:iam::{account}:instance-profile/{name}",
        "RoleName": "arn:{partition}:iam::{account}:role{path}{name}",
        "UserName": "arn:{partition}:iam::{account}:user{path}{name}",
        "PolicyArn": "{name}",
    },
    "lambda": {"FunctionName": "arn:{partition}:lambda:{region}:{account}:function:{name}"},
    "sns": {"TopicArn": "{name}"},
    "sqs": {"QueueName": "arn:{partition}:sqs:{region}:{account}:{name}"},
    "ssm": {"Name": "arn:{partition}:ssm:{region}:{account}:parameter/{name}"},
    "sts": {"RoleArn": "{name}"},
}


# Condition keys of a service's own, and the input members that they tell (service authorization reference).
_CONDITION_KEYS = {"acm-pca:IssueCertificate": {"acm-pca:TemplateArn": "TemplateArn"}}

# What moto's router and parsers raise for a request that fits no operation.
_UNREADABLE = (
    LookupError,
    NotFound,
    NotImplementedError,
    ParseError,
    RequestParserError,
    UnknownServiceError,
    ValueError,
)


class Place(NamedTuple):
    """Where a call happens."""

    partition: str
    region: str
    account: str


class Operation(NamedTuple):
    """What a request asks a service to do."""

    name: str
    values: Mapping[str, Any]  # the input, by the names of the model
    permissions: tuple[Permission, ...]


def models_of(service: str) -> tuple[str, ...]:
    """Name botocore's models for a service of the credential scope."""
    return _MODELS.get(service, (service,))


def find_operation(request: Request, service: str, place: Place) -> Operation | None:
    """Tell what a request asks for; None when it cannot be told."""
    moto_request = MotoRequest({**request.environ, "wsgi.input": io.BytesIO(request.get_data())})
    for model in models_of(service):
        try:
            operation, uri_values = get_service_router(model).match(moto_request)
            values = {**uri_values, **_parse(operation, uri_values, moto_request)}
            permissions = tuple(_permissions(operation.name, values, request, service, place))
        except _UNREADABLE:
            continue
        if not permissions or _may_be_another_to_moto(operation, moto_request):
            return None
        return Operation(operation.name, values, permissions)
    return None


def _may_be_another_to_moto(operation: OperationModel, request: MotoRequest) -> bool:
    """Tell whether moto could take the request for another one than the model says.

    Whatever the protocol, moto first looks for an Action in form, query and body, and for an account in a header.
    """
    if "x-moto-account-id" in request.headers:
        return True
    if operation.service_model.service_name == "s3":
        return "s3-control" in request.host or request.path.startswith("/v20180820/")  # S3 Control has the same name
    if operation.service_model.protocol in ("query", "ec2"):
        return "Action" in request.args and "Action" in request.form
    return "Action" in request.args or b"Action=" in request.get_data()


def _parse(operation: OperationModel, uri_values: Mapping[str, Any], request: MotoRequest) -> Mapping[str, Any]:
    """Read the input. Of S3's only one operation has something in its body that permissions are about."""
    if operation.service_model.service_name == "s3" and operation.name != "DeleteObjects":
        return {}
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    return PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri_values,
        }
    )


def _permissions(
    name: str, values: Mapping[str, Any], request: Request, service: str, place: Place
) -> Iterable[Permission]:
    if service == "s3":
        return s3_permissions(name, values, request, place.partition)
    action = f"{_PREFIXES.get(service, service)}:{name}"
    context = {key: values.get(member, ()) for key, member in _CONDITION_KEYS.get(action, {}).items()}
    if service == "iam":
        context |= condition_keys(name, values, place.account, place.partition)
    return [Permission(action, _resource(service, values, place), context)]


def _resource(service: str, values: Mapping[str, Any], place: Place) -> str | None:
    for member, form in _RESOURCES.get(service, {}).items():
        name = values.get(member)
        if isinstance(name, str):
            path = _iam_path(member, name, place) or values.get("Path", "/")
            known = {"name": name.lstrip("/"), "path": path, **place._asdict()}
            return name if name.startswith("arn:") else form.format(**known)
    return None


def _iam_path(member: str, name: str, place: Place) -> str | None:
    """Find the path of a role or user that is there already: it is part of the ARN, but not of the request."""
    backend = iam_backends[place.account][place.partition]
    known = {"RoleName": backend.roles, "UserName": backend.users}.get(member, {})
    return next((holder.path for holder in known.values() if holder.name == name), None)
