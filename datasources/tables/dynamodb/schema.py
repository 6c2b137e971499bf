"""The definition of each table in DynamoDB, used by local servers and by provisioning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Unavailable
from datasources.stored_data import NoCustomerData
from datasources.tables.dynamodb.rows import EXPIRES, PARTITION, SORT, index_attributes
from datasources.tables.store import Table

MARKS = Table("feed-marks", stored=NoCustomerData("It holds positions of consumers in the change feed."))
"""Checkpoints of the consumers of the feed."""
_IN_USE = "ResourceInUseException"
_NOT_THERE = "ResourceNotFoundException"
_LOOKS = 60


def definition(table: Table, prefix: str) -> dict[str, Any]:
    """The parameters of CreateTable. Indexes hold keys only; where items expire, the expiry too."""
    attributes = {PARTITION: "S", SORT: "S"}
    indexes = []
    projection: dict[str, Any] = {"ProjectionType": "KEYS_ONLY"}
    if table.expires:
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": [EXPIRES]}
    for index in table.indexes:
        partition, sort = index_attributes(index)
        attributes |= {partition: "S", sort: "B"}
        indexes.append({"IndexName": index, "KeySchema": _keys(partition, sort), "Projection": projection})
    wanted: dict[str, Any] = {
        "TableName": prefix + table.name,
        "KeySchema": _keys(PARTITION, SORT),
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": t} for n, t in attributes.items()],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        wanted["GlobalSecondaryIndexes"] = indexes
    if table.feed:
        wanted["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    return wanted


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


async def make_missing(calls: AwsCalls, tables: Sequence[Table], prefix: str) -> list[str]:
    """Creates missing tables, waits until they are active, and returns their names."""
    made = []
    for table in (*tables, MARKS):
        try:
            await calls.call("create_table", definition(table, prefix), expected=frozenset({_IN_USE}))
        except ExpectedError:
            continue
        made.append(prefix + table.name)
    for table in (*tables, MARKS):
        if prefix + table.name in made:
            await active(calls, prefix + table.name)
            if table.expires:
                wanted = {"Enabled": True, "AttributeName": EXPIRES}
                await calls.call("update_time_to_live", {"TableName": prefix + table.name, "TimeToLiveSpecification": wanted})
    return made


async def active(calls: AwsCalls, name: str) -> None:
    """Waits until a table and its indexes are active; raises `Unavailable` after some time."""
    for attempt in range(_LOOKS):
        response = await calls.call("describe_table", {"TableName": name})
        indexes = response["Table"].get("GlobalSecondaryIndexes") or ()
        if all(s == "ACTIVE" for s in (response["Table"]["TableStatus"], *(i.get("IndexStatus", "ACTIVE") for i in indexes))):
            return
        await asyncio.sleep(min(0.1 * 2**attempt, 2.0))
    raise Unavailable("tables", f"{name} does not become active")


async def drop(calls: AwsCalls, tables: Sequence[Table], prefix: str) -> None:
    """Deletes the tables; missing ones are ignored."""
    for table in (*tables, MARKS):
        try:
            await calls.call("delete_table", {"TableName": prefix + table.name}, expected=frozenset({_NOT_THERE}))
        except ExpectedError:
            continue
