# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DynamoDB table: made, read consistently, and written by one run at a time.

Who writes holds a lease: an item whose beat goes on. A run that was killed lets it stand still, and after a while
another one takes it over; nobody compares clocks. Every write carries the condition that the lease is still its own,
so that a run that was only paused cannot write after it has lost it.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.errors import RolesAnywhereError
from ansible_collections.fleet.rolesanywhere.plugins.module_utils._aws.service import NotFoundError, Service

from .dynamodb_items import LEASE, Item
from .errors import AuthorityError

# DynamoDB's limits (API reference: TransactWriteItems, BatchGetItem).
LARGEST_TRANSACTION = 100
LARGEST_GET = 100

BEAT = 5.0  # seconds
PATIENCE = 20.0  # seconds without a beat after which a lease counts as left by a killed run
ATTEMPTS = 8  # of a write that DynamoDB is too busy for
LONGEST_WAIT = 120.0  # seconds for a lease that lives

# botocore repeats refused calls by itself, but not cancelled transactions.
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_CONDITION_FAILED = ("ConditionalCheckFailedException", "TransactionCanceledException")


class Table:
    """The table of a ledger."""

    def __init__(self, service: Service, name: str) -> None:
        """Make no call yet."""
        self._service = service
        self.name = name
        self._holder: str | None = None
        # A transaction that looks at the lease, and a beat, would cancel each other.
        self._beating_or_writing = threading.Lock()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation on the table.

        :raises AuthorityError: DynamoDB refuses; :class:`ConditionFailed` when a condition does not hold.
        """
        try:
            return self._service.call(operation, TableName=self.name, **request)
        except RolesAnywhereError as error:
            raise self._refusal(error) from None

    def is_there(self) -> bool:
        """Say whether the table is there and can be used.

        :raises AuthorityError: it is on its way, in or out, or DynamoDB refuses to say.
        """
        try:
            state = self._service.call("DescribeTable", TableName=self.name)["Table"]["TableStatus"]
        except NotFoundError:
            return False
        except RolesAnywhereError as error:
            raise self._refusal(error) from None
        if state not in ("ACTIVE", "UPDATING"):
            raise AuthorityError(f"The DynamoDB table {self.name} is {state}: try again when it is ACTIVE.")
        return True

    def create(self) -> None:
        """Make the table: paid by request, guarded against deletion, with point-in-time recovery.

        :raises AuthorityError: DynamoDB refuses.
        """
        names = ("pk", "sk")
        try:
            self._service.call(
                "CreateTable",
                TableName=self.name,
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))],
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
            )
            self._service.wait("TableExists", TableName=self.name)
        except RolesAnywhereError as error:
            raise self._refusal(error) from None
        self.call("UpdateContinuousBackups", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def get(self, key: Item) -> Item | None:
        """Read one item."""
        found: Item | None = self.call("GetItem", Key=key, ConsistentRead=True).get("Item")
        return found

    def get_all(self, keys: Iterable[Item]) -> Iterator[Item]:
        """Read items, a hundred with each call; those that are missing are left out."""
        waiting = list(keys)
        while waiting:
            wanted, waiting = waiting[:LARGEST_GET], waiting[LARGEST_GET:]
            request = {self.name: {"Keys": wanted, "ConsistentRead": True}}
            try:
                answer = self._service.call("BatchGetItem", RequestItems=request)
            except RolesAnywhereError as error:
                raise self._refusal(error) from None
            yield from answer["Responses"].get(self.name, [])
            waiting += answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])

    def query(self, partition: str, after: str = "", **request: Any) -> Iterator[Item]:
        """Read the items of a partition whose sort key is above a text, in its order."""
        values = {":pk": {"S": partition}}
        condition = "pk = :pk"
        if after:
            values[":after"] = {"S": after}
            condition += " AND sk > :after"
        yield from self._pages(
            "Query", KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True, **request
        )

    def last(self, partition: str) -> Item | None:
        """Read the last item of a partition, or None."""
        return next(self.query(partition, ScanIndexForward=False, Limit=1), None)

    def scan(self) -> Iterator[Item]:
        """Read all items."""
        yield from self._pages("Scan", ConsistentRead=True)

    def write(self, group: Sequence[dict[str, Any]]) -> None:
        """Do some writes, all or none of them, if the lease is still held.

        :raises AuthorityError: the lease is lost, a condition does not hold, or DynamoDB refuses.
        """
        held = {
            "ConditionCheck": {
                "TableName": self.name,
                "Key": LEASE,
                "ConditionExpression": "holder = :holder",
                "ExpressionAttributeValues": {":holder": {"S": self._holder or ""}},
            }
        }
        for attempt in range(ATTEMPTS):
            try:
                with self._beating_or_writing:
                    self._service.call("TransactWriteItems", TransactItems=[held, *group])
            except RolesAnywhereError as error:
                if not _is_passing(error) or attempt == ATTEMPTS - 1:
                    refusal = self._refusal(error)
                    if not isinstance(refusal, ConditionFailed):
                        raise refusal from None
                    raise AuthorityError(
                        f"Another run has changed the ledger {self.name} meanwhile: nothing was given out, do it again."
                    ) from None
                time.sleep(random.uniform(0, 0.1 * 2**attempt))
            else:
                return

    def put(self, item: Item, condition: str | None = None) -> dict[str, Any]:
        """Describe the write of an item, for :meth:`write`."""
        return {"Put": {"TableName": self.name, "Item": item, **_conditional(condition, {})}}

    def delete(self, key: Item) -> dict[str, Any]:
        """Describe the removal of an item, for :meth:`write`."""
        return {"Delete": {"TableName": self.name, "Key": key}}

    @contextlib.contextmanager
    def leased(self, person: str) -> Iterator[None]:
        """Hold the lease: nobody else writes meanwhile.

        :param person: who will be named to those who wait.
        :raises AuthorityError: another run holds it too long, or DynamoDB refuses.
        """
        self._holder = uuid.uuid4().hex
        self._take(person)
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            with contextlib.suppress(AuthorityError):  # it ends by itself
                self.call("DeleteItem", Key=LEASE, **_conditional("holder = :holder", {":holder": {"S": self._holder}}))
            self._holder = None

    def _take(self, person: str) -> None:
        deadline = time.monotonic() + LONGEST_WAIT
        mine = {**LEASE, "holder": {"S": self._holder}, "beat": {"N": "0"}, "person": {"S": person}}
        seen, since = None, time.monotonic()
        while True:
            found = self.get(LEASE)
            if found != seen:
                seen, since = found, time.monotonic()
            condition: dict[str, Any] | None = None
            if found is None:
                condition = _conditional("attribute_not_exists(pk)", {})
            elif time.monotonic() - since >= PATIENCE:
                values = {":holder": found["holder"], ":beat": found["beat"]}
                condition = _conditional("holder = :holder AND beat = :beat", values)
            if condition:
                with contextlib.suppress(ConditionFailed):  # somebody else was faster
                    self.call("PutItem", Item=mine, **condition)
                    return
            elif time.monotonic() >= deadline:
                raise AuthorityError(
                    f"The ledger {self.name} has been in use by {found['person']['S'] if found else 'others'} for "
                    f"{LONGEST_WAIT:.0f} seconds: try again when that run has ended."
                )
            time.sleep(random.uniform(0.05, 0.25))

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT):
            # The next write tells whether the lease is lost.
            with contextlib.suppress(AuthorityError), self._beating_or_writing:
                self.call(
                    "UpdateItem",
                    Key=LEASE,
                    UpdateExpression="ADD beat :one",
                    ConditionExpression="holder = :holder",
                    ExpressionAttributeValues={":one": {"N": "1"}, ":holder": {"S": self._holder or ""}},
                )

    def _pages(self, operation: str, **request: Any) -> Iterator[Item]:
        start: Item | None = None
        while True:
            answer = self.call(operation, **request, **({"ExclusiveStartKey": start} if start else {}))
            yield from answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if not start:
                return

    def _refusal(self, error: RolesAnywhereError) -> AuthorityError:
        response = getattr(error.__cause__, "response", {})
        if response.get("Error", {}).get("Code") in _CONDITION_FAILED:
            return ConditionFailed(str(error))
        return AuthorityError(f"The ledger {self.name} in DynamoDB cannot be used: {error}")


class ConditionFailed(AuthorityError):
    """Another run has changed what a write was made for."""


def _is_passing(error: RolesAnywhereError) -> bool:
    """Say whether a transaction was cancelled for a reason that passes, such as that the table is still scaling."""
    reasons = getattr(error.__cause__, "response", {}).get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons} - {"None", None}
    return bool(codes) and codes <= _PASSING


def _conditional(condition: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **({"ConditionExpression": condition} if condition else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }
