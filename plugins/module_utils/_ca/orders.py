# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller orders for a workload, and whether the order is good in itself: request, binding and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509 import issuance, names, requests
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._x509.errors import CertificateError

from . import processes


class Order(NamedTuple):
    """One certificate that the controller wants for a workload (*name*) of a host; the request is in PEM.

    *force* orders it although the workload has as many unexpired certificates as it can need.
    """

    host: str
    name: str
    csr: str
    common_name: str
    organization: str | None
    organizational_units: Sequence[str]
    dns_names: Sequence[str]
    uris: Sequence[str]
    force: bool = False


class CheckedOrder(NamedTuple):
    """An order with what is to be signed for it, or with the sentence that refuses it."""

    order: Order
    wanted: issuance.WantedCertificate | None = None
    refused: str | None = None


def check(
    orders: Sequence[Order], nonce: str, validity: issuance.Validity, *, process_count: int = 1
) -> list[CheckedOrder]:
    """Read the requests, compare their bindings, and make the names, which come from the orders alone.

    One step is done for all orders before the next begins: the processor's caches stay warm, which saves a quarter of
    the time.

    :param process_count: how many processes may read requests, which is the larger part of the work.
    """
    read = processes.share(lambda some: [_read(order, nonce) for order in some], orders, process_count)
    return [complete(order, request, validity) for order, request in zip(orders, read)]


def _read(order: Order, nonce: str) -> requests.CertificateRequest | str:
    if not order.host.isprintable() or not order.name.isprintable() or not order.host or not order.name:
        # A line end would make two different pairs of host and name have one binding.
        return f"The host {order.host!r} or the name {order.name!r} is not printable text."
    try:
        request = requests.read(order.csr)
        requests.check_binding(request, nonce, order.host, order.name)
    except CertificateError as error:
        return str(error)
    return request


def complete(order: Order, request: requests.CertificateRequest | str, validity: issuance.Validity) -> CheckedOrder:
    """Make the names of an order whose request was read; *request* may be the sentence that refuses it."""
    if isinstance(request, str):
        return CheckedOrder(order, refused=request)
    try:
        subject = names.subject(order.common_name, order.organization, order.organizational_units)
        alternative_names = names.alternative_names(order.dns_names, order.uris)
    except CertificateError as error:
        return CheckedOrder(order, refused=str(error))
    return CheckedOrder(
        order,
        issuance.WantedCertificate(
            subject, alternative_names, request.public_key_info, request.public_key_fingerprint, validity
        ),
    )
