"""Items as rows of DynamoDB. Attribute names have one letter, because each item is billed with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasources.errors import Corrupt
from datasources.tables.index_keys import index_sort, sort_of
from datasources.tables.store import IndexEntry, Item, Key, Put, Table, Write

PARTITION, SORT, VERSION, BODY, EXPIRES, WRITE = "p", "s", "v", "b", "x", "w"
"""`w` is a random id of the write, by which a writer recognizes its own write after a lost response."""
Row = Mapping[str, Any]


def index_attributes(index: str) -> tuple[str, str]:
    """The attributes of partition and sort key of an index. Items without them are not in the index."""
    return f"{index}_p", f"{index}_s"


def key_row(key: Key) -> dict[str, Any]:
    """The key attributes."""
    return {PARTITION: {"S": key.partition}, SORT: {"S": key.sort}}


def row_of(item: Item, write_id: bytes) -> dict[str, Any]:
    """All attributes."""
    row = key_row(item.key) | {VERSION: {"N": str(item.version)}, BODY: {"B": item.body}, WRITE: {"B": write_id}}
    if item.expires_at is not None:
        row[EXPIRES] = {"N": str(item.expires_at)}
    for index, at in item.indexes.items():
        partition, sort = index_attributes(index)
        row[partition] = {"S": at.partition}
        row[sort] = {"B": index_sort(at.sort, item.key)}
    return row


def key_of(row: Row) -> Key:
    """The key in a row; raises `Corrupt`."""
    try:
        return Key(row[PARTITION]["S"], row[SORT]["S"])
    except (KeyError, TypeError) as e:
        raise Corrupt("tables", "a row without a key") from e


def item_of(table: Table, row: Row) -> Item:
    """The item in a row; raises `Corrupt`."""
    try:
        indexes = {
            index: Key(row[p]["S"], sort_of(row[s]["B"]))
            for index in table.indexes
            for p, s in [index_attributes(index)]
            if p in row
        }
        return Item(key_of(row), version_of(row), bytes(row[BODY]["B"]), indexes, expiry_of(row))
    except (KeyError, TypeError, ValueError) as e:
        raise Corrupt("tables", f"{table.name}: a row that is no item") from e


def entry_of(index: str, row: Row) -> IndexEntry:
    """Where a row stands in an index; raises `Corrupt`."""
    try:
        return IndexEntry(sort_of(row[index_attributes(index)[1]]["B"]), key_of(row))
    except (KeyError, TypeError, ValueError) as e:
        raise Corrupt("tables", f"a row of index {index} that is none") from e


def version_of(row: Row) -> int:
    """The version in a row."""
    return int(row[VERSION]["N"])


def expiry_of(row: Row) -> int | None:
    """When it expires, in seconds since 1970."""
    return int(row[EXPIRES]["N"]) if EXPIRES in row else None


def alive(row: Row, now: int) -> bool:
    """Whether the row is not expired. DynamoDB removes expired rows within days."""
    expires = expiry_of(row)
    return expires is None or expires > now


def condition(write: Write, now: int) -> dict[str, Any]:
    """The parameters of the condition of a write; empty without a condition."""
    if write.if_version is None:
        return {}
    values: dict[str, Any] = {":now": {"N": str(now)}} if write.table.expires else {}
    if write.if_version == 0:
        text = f"attribute_not_exists({PARTITION})" + (f" OR {EXPIRES} <= :now" if write.table.expires else "")
    else:
        text = f"{VERSION} = :version" + (
            f" AND (attribute_not_exists({EXPIRES}) OR {EXPIRES} > :now)" if write.table.expires else ""
        )
        values[":version"] = {"N": str(write.if_version)}
    return {"ConditionExpression": text, **({"ExpressionAttributeValues": values} if values else {})}


def requested(write: Write, write_id: bytes) -> dict[str, Any]:
    """The row of a put, the key of a removal, by the name of its parameter."""
    if isinstance(write, Put):
        return {"Item": row_of(write.item, write_id)}
    return {"Key": key_row(write.key)}
