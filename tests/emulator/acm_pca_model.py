# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Private CA as botocore's service model describes it."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from .acm_pca_errors import PrivateCaError

# Classes of characters that Java has and Python has not.
_JAVA_CLASSES = r"\p{L}\p{Z}\p{N}"


@cache
def service_model() -> ServiceModel:
    """Load botocore's model, its patterns readable for Python."""
    description = Loader().load_service_model("acm-pca", "service-2")
    for shape in description["shapes"].values():
        if "pattern" in shape:
            shape["pattern"] = shape["pattern"].replace(_JAVA_CLASSES, r"\w\s")
    return ServiceModel(description, "acm-pca")


def find_operation(target: str) -> OperationModel:
    """Find the operation that the header X-Amz-Target names; raises PrivateCaError."""
    prefix, _, name = target.partition(".")
    model = service_model()
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise PrivateCaError("UnknownOperationException", "There is no such operation.")
    return model.operation_model(name)
