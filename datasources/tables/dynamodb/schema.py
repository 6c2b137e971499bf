"""What each table is in DynamoDB: the one definition that makes them, here and by provisioning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Unavailable
from datasources.tables.dynamodb.rows import EXPIRES, PARTITION, SORT, index_attributes
from datasources.tables.store import Table

MARKS = Table("feed-marks")
"""How far each consumer of the feed has come."""
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
    """Makes the tables that are not there and waits until they are; their names. Those that are there are left alone."""
    made = []
    for table in (*tables, MARKS):
        try:
            await calls.ask("create_table", definition(table, prefix), expected=frozenset({_IN_USE}))
        except ExpectedError:
            continue
        made.append(prefix + table.name)
    for table in (*tables, MARKS):
        if prefix + table.name in made:
            await active(calls, prefix + table.name)
            if table.expires:
                wanted = {"Enabled": True, "AttributeName": EXPIRES}
                await calls.ask("update_time_to_live", {"TableName": prefix + table.name, "TimeToLiveSpecification": wanted})
    return made


async def active(calls: AwsCalls, name: str) -> None:
    """Returns when a table and its indexes may be used; raises `Unavailable` where they do not become so."""
    for attempt in range(_LOOKS):
        told = await calls.ask("describe_table", {"TableName": name})
        indexes = told["Table"].get("GlobalSecondaryIndexes") or ()
        if all(s == "ACTIVE" for s in (told["Table"]["TableStatus"], *(i.get("IndexStatus", "ACTIVE") for i in indexes))):
            return
        await asyncio.sleep(min(0.1 * 2**attempt, 2.0))
    raise Unavailable("tables", f"{name} does not become active")


async def drop(calls: AwsCalls, tables: Sequence[Table], prefix: str) -> None:
    """Removes the tables and all they hold; those that are not there are no matter."""
    for table in (*tables, MARKS):
        try:
            await calls.ask("delete_table", {"TableName": prefix + table.name}, expected=frozenset({_NOT_THERE}))
        except ExpectedError:
            continue
